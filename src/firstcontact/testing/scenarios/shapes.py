"""What a value must look like: small checks that compose, each reporting every fault with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from firstcontact.testing.scenarios.yaml_text import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = 1_000_000
_DURATION = re.compile(r"(\d+)\s*([smhd])")
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with a value: where, and a sentence saying what must be there."""

    place: Place
    sentence: str


Shape = Callable[[Any, Place], Iterable[Fault]]


def text(value: Any, place: Place) -> Iterable[Fault]:
    """Text, or nothing."""
    if value is not None and not isinstance(value, str):
        yield Fault(place, f"must be text, but is {_called(value)}; put it in quotes")


def filled(value: Any, place: Place) -> Iterable[Fault]:
    """Text that is not empty."""
    if not isinstance(value, str) or not value:
        quotes = "; put it in quotes" if isinstance(value, bool | int | float) else ""
        yield Fault(place, f"must be text that is not empty, but is {_called(value)}{quotes}")


def whole(value: Any, place: Place) -> Iterable[Fault]:
    """A whole number that is not negative, or nothing."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        yield Fault(place, f"must be a whole number, but is {_called(value)}")


def flag(value: Any, place: Place) -> Iterable[Fault]:
    """True, false or nothing."""
    if value is not None and not isinstance(value, bool):
        yield Fault(place, f"must be true or false, but is {_called(value)}")


def moment(value: Any, place: Place) -> Iterable[Fault]:
    """A date, or a time with its zone, as ISO 8601; or nothing."""
    if value is None:
        return
    try:
        microseconds(value)
    except ValueError as error:
        yield Fault(place, str(error))


def duration(value: Any, place: Place) -> Iterable[Fault]:
    """A length of time: `30s`, `5m`, `1h`, `2d`, or several of these."""
    try:
        seconds(value)
    except ValueError as error:
        yield Fault(place, str(error))


def anything(value: Any, place: Place) -> Iterable[Fault]:
    """Whatever: somebody else checks it."""
    del value, place
    return ()


def one_of(*allowed: str) -> Shape:
    """One of these words, or nothing."""

    def check(value: Any, place: Place) -> Iterable[Fault]:
        if value is not None and value not in allowed:
            yield Fault(place, f"must be one of {', '.join(allowed)}, but is {_called(value)}")

    return check


def listing(item: Shape) -> Shape:
    """A list of such items, or nothing."""

    def check(value: Any, place: Place) -> Iterable[Fault]:
        if value is None:
            return
        if not isinstance(value, list):
            yield Fault(place, f"must be a list, but is {_called(value)}")
            return
        for position, entry in enumerate(value):
            yield from item(entry, (*place, position))

    return check


def mapping_of(item: Shape) -> Shape:
    """A map whose keys are free and whose values all look so, or nothing."""

    def check(value: Any, place: Place) -> Iterable[Fault]:
        if value is None:
            return
        if not isinstance(value, dict):
            yield Fault(place, f"must be a map, but is {_called(value)}")
            return
        for key, entry in value.items():
            yield from item(entry, (*place, key))

    return check


def record(fields: Mapping[str, Shape], required: tuple[str, ...] = ()) -> Shape:
    """A map with these keys and no other; those `required` are there and not null."""

    def check(value: Any, place: Place) -> Iterable[Fault]:
        if not isinstance(value, dict):
            yield Fault(place, f"must be a map, but is {_called(value)}")
            return
        for key in required:
            if value.get(key) is None:
                yield Fault((*place, key), "is missing")
        for key, entry in value.items():
            shape = fields.get(key)
            if shape is None:
                yield Fault((*place, key), f"is an unknown key; known here: {', '.join(fields)}")
            else:
                yield from shape(entry, (*place, key))

    return check


def either(*shapes: Shape, called: str) -> Shape:
    """A value that fits one of the shapes; `called` says for a person what may stand here."""

    def check(value: Any, place: Place) -> Iterable[Fault]:
        closest: list[Fault] = []
        for shape in shapes:
            faults = list(shape(value, place))
            if not faults:
                return
            # Faults deeper inside mean that this was the shape that was meant.
            if any(len(fault.place) > len(place) for fault in faults):
                closest = faults
        yield from closest or [Fault(place, f"must be {called}, but is {_called(value)}")]

    return check


def seconds(value: Any) -> int:
    """Seconds of a duration such as `1h30m`. Raises ValueError with a sentence."""
    written = value.strip() if isinstance(value, str) else ""
    parts = _DURATION.findall(written)
    if not parts or _DURATION.sub("", written).strip():
        raise ValueError(f"must be a length of time such as 30s, 5m, 1h or 2d, but is {_called(value)}")
    return sum(int(number) * _UNIT[unit] for number, unit in parts)


def microseconds(value: Any) -> int:
    """Microseconds since 1970 of an ISO 8601 time, or of a date's first moment UTC. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"must be a time such as 2026-03-02T10:00:00Z, but is {_called(value)}")
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"`{value}` is no time such as 2026-03-02T10:00:00Z") from None
    if read.tzinfo is None:
        if ":" in value:
            raise ValueError(f"`{value}` does not say its time zone; write a Z after it for UTC")
        read = read.replace(tzinfo=UTC)
    since = read - _EPOCH
    return (since.days * 86400 + since.seconds) * _MICROSECOND + since.microseconds


def _called(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case str():
            return f"`{value}`"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case dict():
            return "a map"
        case _:
            return type(value).__name__
