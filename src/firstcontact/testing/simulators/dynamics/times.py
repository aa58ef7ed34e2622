"""Times as Dataverse keeps and writes them: whole seconds in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def written(microseconds: int) -> str:
    """`2026-03-02T12:00:00Z`; in order of time as texts, too."""
    return (_EPOCH + timedelta(seconds=microseconds // SECOND)).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str) -> str:
    """A moment as a request may have it, as it is kept. Raises ValueError."""
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    return written(microseconds(text))


def read_day(text: str) -> str:
    """A date, of a date or of a moment. Raises ValueError."""
    if _MOMENT.fullmatch(text):
        return read(text)[:10]
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def microseconds(text: str | None) -> int:
    """A moment, or a day's first; 0 for none. Raises ValueError."""
    if not text:
        return 0
    if _DAY.fullmatch(text):
        text += "T00:00:00Z"
    head, dot, rest = text.partition(".")
    if dot:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{head}.{digits[:6]}{rest[len(digits) :]}"
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
