"""When a mail was sent: its Date field, or, where that is missing or absurd, its first plausible hop."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_USUAL = re.compile(
    r"(?:[A-Za-z]{3},?)?\s*(\d{1,2})[ \t]+([A-Za-z]{3})[ \t]+(\d{4})[ \t]+"
    r"(\d\d):(\d\d)(?::(\d\d))?[ \t]+([+-])(\d\d)(\d\d)"
)
_DAY = 86400
_MICRO = 1_000_000
_EARLIEST = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp())
"""Clocks that lost their battery say 1970; the oldest mails anybody imports are younger than this."""
_LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_AHEAD = 2 * _DAY
_BEHIND = 365 * _DAY
_UNDER_WAY = 30 * _DAY


def read_date(text: str) -> int:
    """Seconds since 1970 UTC of a date in a header; 0 where there is none or it is absurd by itself.

    RFC 5322 §3.3 and what resembles it, `ctime`, ISO 8601. Without a zone: UTC.
    """
    usual = _USUAL.match(text.lstrip())
    seconds = _from_usual(usual) if usual else None
    if seconds is None:
        seconds = _from_odd(text)
    return seconds if _EARLIEST <= seconds < _LATEST else 0


def _from_usual(match: re.Match[str]) -> int | None:
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    number = _MONTHS.get(month.lower())
    if number is None:
        return None
    try:
        # A leap second is no datetime; the second before it is near enough.
        local = datetime(
            int(year),
            number,
            int(day),
            int(hour),
            int(minute),
            min(int(second or 0), 59),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    offset = (int(zone_hours) * 60 + int(zone_minutes)) * 60
    if offset > 18 * 3600:
        offset = 0
    return int(local.timestamp()) - (offset if sign == "+" else -offset)


def _from_odd(text: str) -> int:
    text = " ".join(text.split())[:100]
    try:
        parsed = parsedate_tz(text)
        if parsed is not None:
            return int(mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError, TypeError):
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return 0
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def sent_at(date: str, received: list[str], envelope: str) -> int:
    """Microseconds since 1970 UTC at which the mail was sent; 0 where nothing in it tells.

    date: the Date field. received: the Received fields, top (newest) first. envelope: the date of the
    mbox separator line, used last.

    The topmost Received comes from the server that delivered the mail, so its clock is believed over
    the sender's: a Date two days ahead of it, or more than a year behind the whole way, is absurd. Then
    the first hop that fits the last one stands in, since every copy of the mail shares its first hop.
    """
    stated = read_date(date) if date else 0
    newest = _hop(received[0]) if received else 0
    if stated and (not newest or (stated <= newest + _AHEAD and stated >= newest - _BEHIND)):
        return stated * _MICRO
    first = _first_hop(received, newest)
    if stated and stated <= (newest or stated) + _AHEAD and stated >= first - _BEHIND:
        return stated * _MICRO
    return (first or newest or read_date(envelope)) * _MICRO


def _first_hop(received: list[str], newest: int) -> int:
    for value in reversed(received):
        hop = _hop(value)
        if hop and newest - _UNDER_WAY <= hop <= newest + _DAY:
            return hop
    return newest


def _hop(received: str) -> int:
    return read_date(received.rpartition(";")[2])
