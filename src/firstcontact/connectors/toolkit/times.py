"""Times as vendors write them (RFC 3339 and its neighbours), and ours: microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: object) -> int:
    """A date or time in microseconds; one without a zone is in UTC. 0 where there is none, or it cannot be
    read."""
    if not isinstance(text, str) or not text:
        return 0
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return 0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (at - _EPOCH) // timedelta(microseconds=1)


def iso(at: int, offset: str = "Z") -> str:
    """Microseconds as a time in UTC, with fractions of a second where there are some. offset: how UTC is
    written, `Z` or `+00:00`."""
    moment = _EPOCH + timedelta(microseconds=at)
    return moment.replace(tzinfo=None).isoformat() + offset


def iso_seconds(at: int, offset: str = "Z") -> str:
    """As `iso`, in whole seconds, the rest cut off."""
    return iso(at - at % 1_000_000, offset)


def iso_millis(at: int) -> str:
    """As `iso`, always with three digits of a fraction of a second, the rest cut off."""
    moment = _EPOCH + timedelta(microseconds=at)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
