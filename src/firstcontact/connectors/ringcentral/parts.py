"""What calls and messages of RingCentral share: parties, moments, directions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from firstcontact.formats.phone_parts import as_map, as_text, phone_participant, read_moment
from firstcontact.interactions.model import Direction, Participant, Role

SOURCE = "ringcentral"

_DIRECTIONS: dict[str, Direction] = {"inbound": "inbound", "outbound": "outbound"}
_WORDS = re.compile(r"[^\W\d_]+")


class NoFact(Exception):
    """A record that is no finished interaction, with the reason and sentence of its Rejection."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Context:
    """What is known beside the document."""

    __slots__ = ("captured", "region", "timezone")

    def __init__(self, region: str, timezone: str, captured_from: str) -> None:
        self.region = region
        self.timezone = timezone
        self.captured = (captured_from,) if captured_from else ()


def direction_of(record: Mapping[str, object]) -> Direction:
    """The record's direction; "" where it names none."""
    return _DIRECTIONS.get(as_text(record.get("direction")).lower(), "")


def moment(record: Mapping[str, object], key: str, context: Context) -> int:
    """The record's moment. Raises NoFact where it has none that can be read."""
    text = as_text(record.get(key))
    at = read_moment(text, context.timezone)
    if at is None:
        raise NoFact("no_date", f"{key} must be a date and time, not {text!r}.")
    return at


def revision(record: Mapping[str, object], context: Context) -> int:
    """When RingCentral last changed the record, in microseconds; 0 where it does not say."""
    return read_moment(as_text(record.get("lastModifiedTime")), context.timezone) or 0


def number_of(party: Mapping[str, object]) -> str:
    """The number of a party as sent, else its extension number; "" where it has neither."""
    return as_text(party.get("phoneNumber")) or as_text(party.get("extensionNumber"))


def word_of(said: str) -> str:
    """A result or status as one lower-case word: `Call connected` is callconnected."""
    return "".join(char for char in said.lower() if char.isalpha())


def person(role: Role, value: object, context: Context) -> Participant:
    """A party of a call or message. `location` (a city) is never a name, nor is a name that repeats it."""
    party = as_map(value)
    number = as_text(party.get("phoneNumber"))
    return phone_participant(
        role,
        number,
        context.region,
        name=name_of(party),
        extension=as_text(party.get("extensionNumber")),
    )


def name_of(party: Mapping[str, object]) -> str:
    """The party's name, "" where it only says again where the number is from.

    The phone network fills the caller ID of many numbers with the city, cut to 15 capitals
    (`SPRINGFELD   IL` beside the location `Springfield, IL`).
    """
    name = " ".join(as_text(party.get("name")).split())
    location = as_text(party.get("location"))
    if not name or not location:
        return name
    said, place = [_WORDS.findall(text.upper()) for text in (name, location)]
    if not said or said == place or said == place[:-1]:
        return ""
    same_state = len(place) > 1 and len(said) > 1 and said[-1] == place[-1] and len(said[-1]) == 2
    return "" if same_state and said[0][:1] == place[0][:1] else name
