"""What settings are made of: a setting, a layer of values, and what is wrong with one."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from firstcontact.interactions.model import KINDS

Scope = Literal["organisation", "connection", "profile", "user"]
SCOPES: tuple[Scope, ...] = ("organisation", "connection", "profile", "user")
"""From the least to the most specific; below all of them is the built-in layer (SPEC §3)."""

Value = str | bool | int | float | tuple[str, ...]
Place = tuple[str | int, ...]
"""Where something stands in a file: its keys and list positions, outermost first."""
Leaves = dict[str, Value]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with settings, for a person.

    key: dotted key, as a person would look for it. sentence: what is wrong and what is allowed.
    place: keys into the file; file and line are filled in by whoever read the file.
    other, other_line: a second place that the sentence is about (the lock, the first of two users).
    """

    sentence: str
    key: str = ""
    place: Place = ()
    file: str = ""
    line: int = 0
    other: Place = ()
    other_line: int = 0

    def __str__(self) -> str:
        where = ":".join(part for part in (self.file, str(self.line or "")) if part)
        named = f"{self.key}: " if self.key and f"`{self.key}`" not in self.sentence else ""
        also = f" (see line {self.other_line})" if self.other_line else ""
        return f"{where}: {named}{self.sentence}{also}" if where else f"{named}{self.sentence}{also}"


class SettingsProblem(ValueError):
    """Settings that are refused. `problems` holds every one found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


ValueType = Literal["word", "switch", "whole", "fraction", "text", "list"]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting, or one family of settings (a map).

    name: as users write it; for a map, what stands before the first dot. type: of its values, for reading
    typed text. field: the attribute of `Effective`. meaning: one sentence for users. read: turns a written
    value into a `Value` or raises ValueError with a sentence. allowed: the values, for sentences and the
    reference page.
    default: the built-in value; for a map, by the rest of the key. keys: the keys a map may have.
    any_key: it may have others too.
    kinds: interaction kinds it says something about. scopes: where it may be set.
    preset: whether naming a preset sets it too.
    """

    name: str
    type: ValueType
    field: str
    meaning: str
    read: Callable[[object], Value]
    allowed: str
    default: Value | Mapping[str, Value]
    keys: tuple[str, ...] = ()
    any_key: bool = False
    kinds: tuple[str, ...] = KINDS
    scopes: tuple[Scope, ...] = SCOPES
    preset: bool = True
    key_note: str = ""

    @property
    def is_map(self) -> bool:
        """Whether it takes keys of its own."""
        return bool(self.keys)

    @property
    def by_kind(self) -> bool:
        """Whether the keys begin with an interaction's kind."""
        return set(KINDS) <= set(self.keys)


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What one scope says: a preset it names, keys it sets, keys it locks, and where each one stands."""

    scope: Scope
    name: str = ""
    preset: str = ""
    values: Mapping[str, Value] = {}
    lock: tuple[str, ...] = ()
    places: Mapping[str, Place] = {}

    @property
    def label(self) -> str:
        """`organisation`, or `connection:NAME`, `profile:NAME`, `user:ID`."""
        return f"{self.scope}:{self.name}" if self.name else self.scope


def unknown_key(key: str, known: Iterable[str], what: str = "key") -> str:
    """The sentence for a key that nobody knows, with the nearest known one where there is a near one."""
    known = tuple(known)
    near = difflib.get_close_matches(key.lower(), known, 1, 0.6)
    return f"unknown {what} `{key}`" + (f"; did you mean `{near[0]}`?" if near else "")
