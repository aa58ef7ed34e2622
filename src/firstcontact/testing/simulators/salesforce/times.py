"""Dates and times as the API writes and reads them; the clock counts microseconds, the API milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def written(milliseconds: int) -> str:
    """`2026-03-02T12:00:00.000+0000`: as answers have it; in order of time as texts, too."""
    at = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def milliseconds(text: str) -> int:
    """A time as requests and queries may have it. Raises ValueError."""
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


def microseconds(text: str | None) -> int:
    """A time, or a day's first moment, for the desk; 0 for none."""
    if not text:
        return 0
    if _DAY.fullmatch(text):
        text += "T00:00:00Z"
    return milliseconds(text) * 1000


def day(text: str) -> str:
    """A date as it is, of a date or a time. Raises ValueError."""
    if _MOMENT.fullmatch(text):
        return written(milliseconds(text))[:10]
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def later(text: str, seconds: float) -> str:
    """A time that many seconds on."""
    return written(milliseconds(text) + round(seconds * 1000))


def seconds_between(start: str, end: str) -> int:
    """Whole seconds from one time to another."""
    return (milliseconds(end) - milliseconds(start)) // 1000


def days_from(text: str, days: int) -> str:
    """The date so many days after the date of a time."""
    return (date.fromisoformat(text[:10]) + timedelta(days=days)).isoformat()
