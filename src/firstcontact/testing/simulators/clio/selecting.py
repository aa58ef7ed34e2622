"""The parameter `fields`, and what of a record is answered for it (apis A2, "Conventions").

Without it: `id` and `etag`. Nested ones go one level deep: `fields=id,phone_numbers{number}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firstcontact.testing.simulators.clio.errors import bad
from firstcontact.testing.simulators.clio.quirks import Quirks
from firstcontact.testing.simulators.clio.words import SHAPES, Shape

Wanted = Mapping[str, tuple[str, ...]]
"""Names, each with those within it; () for one without braces."""

View = Mapping[str, Any]
"""A record's fields by name, or functions that give them; a nested one is a view, a list of them, or None."""


def read_fields(text: str | None, type: str, quirks: Quirks) -> Wanted:
    """What is asked for of a record of this type. Raises ClioError 400 for a field that it does not have."""
    shape = SHAPES[type]
    if text is None or not text.strip():
        return dict.fromkeys(shape.default, ())
    wanted: dict[str, tuple[str, ...]] = {}
    for name, within in _split(text):
        _check(name, within is not None, type, quirks)
        if within is not None:
            for inner in within:
                _check(inner, False, shape.nested[name], quirks)
        wanted[name] = tuple(within or ())
    return wanted


def _split(text: str) -> list[tuple[str, list[str] | None]]:
    """`id,matter{id,status}` as names with those in their braces. Raises ClioError 400."""
    found: list[tuple[str, list[str] | None]] = []
    rest = text.strip()
    while rest:
        ends = [place for place in (rest.find(","), rest.find("{")) if place >= 0]
        end = min(ends, default=len(rest))
        name, within = rest[:end].strip(), None
        if end < len(rest) and rest[end] == "{":
            close = rest.find("}", end)
            inner = rest[end + 1 : close]
            if close < 0 or "{" in inner:
                raise bad("fields can be nested one level deep only")
            within = [one.strip() for one in inner.split(",")]
            end = close + 1
        rest = rest[end:].strip()
        if rest and not rest.startswith(","):
            raise bad(f"fields cannot be read: {text!r}")
        rest = rest[1:].strip()
        found.append((name, within))
    return found


def _check(name: str, braced: bool, type: str, quirks: Quirks) -> None:
    shape = SHAPES[type]
    hidden = {"primary": ("default_number", "default_email"), "default": ("primary",), "both": ()}
    known = (name in shape.plain and not braced) or name in shape.nested
    if not known or name in hidden[quirks.default_flag]:
        raise bad(f"{name!r} is not a field of {type.removesuffix('_base')}")


def shown(view: View, type: str, wanted: Wanted, quirks: Quirks) -> dict[str, Any]:
    """Of a record, what is asked for."""
    nested = SHAPES[type].nested

    def within(name: str, names: tuple[str, ...]) -> Any:
        return _each(view.get(name), lambda one: _inner(one, nested[name], names, quirks))

    return {
        name: within(name, names) if name in nested else _plain(view, name) for name, names in wanted.items()
    }


def _inner(view: View, type: str, names: tuple[str, ...], quirks: Quirks) -> dict[str, Any]:
    shape = SHAPES[type]

    def deeper(name: str) -> Any:
        return _each(view.get(name), lambda one: _stub(one, SHAPES[shape.nested[name]], quirks))

    names = names or shape.default
    return {name: deeper(name) if name in shape.nested else _plain(view, name) for name in names}


def _plain(view: View, name: str) -> Any:
    value = view.get(name)
    return value() if callable(value) else value


def _stub(view: View, shape: Shape, quirks: Quirks) -> dict[str, Any]:
    """Two levels down there is only the least of a record; an observer saw nothing at all in its place."""
    if quirks.second_level == "empty" and "etag" in shape.default:
        return {}
    return {name: _plain(view, name) for name in shape.default}


def _each(value: Any, show: Callable[[View], dict[str, Any]]) -> Any:
    if callable(value):
        value = value()
    if value is None:
        return None
    return [show(one) for one in value] if isinstance(value, list) else show(value)
