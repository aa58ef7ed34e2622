"""What every reader of telephony records needs: moments, phone participants, JSON of unknown shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

import msgspec

from firstcontact.interactions.handles import read_phone
from firstcontact.interactions.model import Participant, Role

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC. The moment must have a zone."""
    return (moment - EPOCH) // _MICROSECOND


def read_moment(text: str, zone: str = "") -> int | None:
    """An ISO 8601 moment as microseconds UTC; None where it is none.

    zone: IANA name of the zone that a moment without one is in; "" where one without is unreadable.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        if not zone:
            return None
        moment = moment.replace(tzinfo=zone_of(zone))
    return micros(moment)


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The zone of this IANA name. Raises ValueError where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin") from error


def phone_participant(
    role: Role, text: str, region: str, *, name: str = "", extension: str = ""
) -> Participant:
    """A participant of a phone kind: what the source sent, and the number in it where there is one.

    extension: digits that the source gave apart from the number.
    """
    raw = text.strip()
    handle = read_phone(raw, region) if raw else None
    if handle is not None and extension and not handle.extension:
        handle = msgspec.structs.replace(handle, extension=extension)
    return Participant(
        role=role, raw=raw or extension, name=name.strip(), handles=(handle,) if handle else ()
    )


def text_conversation(participants: Iterable[Participant]) -> str:
    """The conversation of a text whose source names none: the numbers that take part, whoever wrote."""
    keys = (one.handles[0].key if one.handles else one.raw for one in participants)
    return "sms " + " ".join(sorted(set(keys)))


def line_key(text: str, region: str) -> str:
    """A line of ours as it is looked up: E.164 where it is a number, else as received."""
    handle = read_phone(text, region)
    return handle.key if handle else text.strip()


def decode_json(raw: bytes) -> tuple[object, str]:
    """The value and "", or None and a sentence that says where the bytes stop being JSON."""
    try:
        return cast(object, msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"))), ""
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return None, f"The bytes are not JSON: {error}."


def as_map(value: object) -> Mapping[str, object]:
    """The value where it is a JSON object, else an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def as_list(value: object) -> list[object]:
    """The value where it is a JSON array, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Text as it is, a number as its digits, else "" (a vendor sends ids as either)."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def as_count(value: object) -> int:
    """A number that is not negative, sent as a number or as digits; 0 for everything else."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, (int, float)):
        return max(0, int(value)) if value == value and abs(value) < 1e12 else 0
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 12:
        return int(value)
    return 0
