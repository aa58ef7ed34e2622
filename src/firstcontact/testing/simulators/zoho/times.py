"""Times as Zoho writes and reads them: whole seconds with the offset of the user's zone (recorded)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written(microseconds: int, zone: str) -> str:
    """A moment in a zone (`-08:00`)."""
    sign = -1 if zone[0] == "-" else 1
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * sign
    moment = _EPOCH + timedelta(seconds=microseconds // SECOND)
    return moment.astimezone(timezone(offset)).isoformat()


def microseconds(text: str) -> int:
    """A moment with an offset, in microseconds. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or "T" not in text:
        raise ValueError(f"{text!r} has no time or no offset")
    return (moment - _EPOCH) // timedelta(microseconds=1) // SECOND * SECOND


def day(text: str) -> str:
    """A day, as written. Raises ValueError."""
    return date.fromisoformat(text).isoformat()
