"""A map whose values are asked for by type, with errors that name the field and what it may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from firstcontact.formats.phone_parts import micros, read_moment


class BadRecord(ValueError):
    """A record that cannot be read: `field` is the key at fault, `sentence` says what it may hold."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field
        self.sentence = sentence


class Fields:
    """A map of plain values; `prefix` is the path to it, for errors. A null counts as absent."""

    __slots__ = ("data", "prefix")

    def __init__(self, data: Mapping[str, object], prefix: str = "") -> None:
        self.data = data
        self.prefix = prefix

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def bad(self, key: str, sentence: str) -> BadRecord:
        """The error for this field."""
        return BadRecord(self.prefix + key, sentence)

    def text(self, key: str) -> str:
        """Text, stripped; a whole number stands for its digits; "" where absent."""
        value = self.data.get(key)
        if value is None:
            return ""
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise self.bad(key, f"must be text, not {_shape(value)}")

    def needed(self, key: str) -> str:
        """Text that must be there."""
        text = self.text(key)
        if not text:
            raise self.bad(key, "is needed and must be text")
        return text

    def one_of(self, key: str, allowed: Sequence[str], default: str = "") -> str:
        """One of these words, or the default where absent."""
        text = self.text(key)
        if not text:
            return default
        if text not in allowed:
            raise self.bad(key, f"must be one of {', '.join(allowed)}, not {text!r}")
        return text

    def count(self, key: str) -> int:
        """A whole number from 0; 0 where absent."""
        value = self.data.get(key)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**31:
            raise self.bad(key, f"must be a whole number that is not negative, not {_shape(value)}")
        if value != int(value):
            raise self.bad(key, f"must be a whole number, not {value}")
        return int(value)

    def flag(self, key: str) -> bool:
        """A boolean; false where absent."""
        value = self.data.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.bad(key, f"must be true or false, not {_shape(value)}")

    def moment(self, key: str) -> int:
        """A moment with a zone, as text or as YAML reads it, in microseconds UTC; needed."""
        value = self.data.get(key)
        sentence = "must be a moment with its zone, such as 2026-03-02T10:00:00Z"
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise self.bad(key, f"{sentence}; {value.isoformat()} has no zone")
            return micros(value)
        if isinstance(value, str):
            at = read_moment(value)
            if at is not None:
                return at
            raise self.bad(key, f"{sentence}, not {value!r}")
        raise self.bad(key, sentence if value is None else f"{sentence}, not {_shape(value)}")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text stands for a list of one."""
        value = self.data.get(key)
        if value is None:
            return ()
        if isinstance(value, list):
            return tuple(Fields({key: one}, self.prefix).text(key) for one in value)
        return (self.text(key),)

    def maps(self, key: str, allowed: frozenset[str], short: str = "") -> list[Fields]:
        """A list of maps with these keys; text stands for a map with the one key `short`."""
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.bad(key, f"must be a list, not {_shape(value)}")
        return [self._entry(f"{key}[{index}]", one, allowed, short) for index, one in enumerate(value)]

    def map(self, key: str) -> Fields:
        """A map of any keys; an empty one where absent."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, Mapping):
            raise self.bad(key, f"must be a map, not {_shape(value)}")
        return Fields(value or {}, f"{self.prefix}{key}.")

    def _entry(self, place: str, one: object, allowed: frozenset[str], short: str) -> Fields:
        if short and isinstance(one, str):
            one = {short: one}
        if not isinstance(one, Mapping):
            raise self.bad(place, f"must be a map with keys of {', '.join(sorted(allowed))}")
        for inner in one:
            if inner not in allowed:
                raise self.bad(f"{place}.{inner}", f"is no key; allowed are {', '.join(sorted(allowed))}")
        return Fields(one, f"{self.prefix}{place}.")


def _shape(value: object) -> str:
    names = {
        bool: "true or false", list: "a list", dict: "a map", float: "a number", int: "a number", str: "text",
    }  # fmt: skip
    return names.get(type(value), type(value).__name__)
