"""How a value that somebody wrote for a setting is read.

Each reader turns what stands in a file into a `Value`, or raises ValueError with a sentence that says what is
allowed.
"""

from __future__ import annotations

import difflib
import string
from collections.abc import Callable, Iterable
from datetime import time

from firstcontact.policy.setting import Value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"`{value}`" if isinstance(value, str) else repr(value)


def _a_list_of(words: Iterable[str]) -> str:
    named = [f"`{word}`" for word in words]
    return named[0] if len(named) == 1 else ", ".join(named[:-1]) + " or " + named[-1]


def choice(*words: str) -> Callable[[object], Value]:
    """Reads one of these words."""

    def read(value: object) -> Value:
        if isinstance(value, str) and value in words:
            return value
        hint = ""
        if isinstance(value, str):
            near = difflib.get_close_matches(value.lower(), words, 1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
        elif isinstance(value, bool):
            hint = "; a word is wanted here, in quotes"
        raise ValueError(f"{_shown(value)} is none of {_a_list_of(words)}{hint}")

    return read


def boolean(value: object) -> Value:
    """Reads true or false."""
    if isinstance(value, bool):
        return value
    hint = ", without quotes" if isinstance(value, str) and value.lower() in ("true", "false") else ""
    raise ValueError(f"{_shown(value)} is neither true nor false{hint}")


def matter_creation(value: object) -> Value:
    """Reads true, false or `where_required`."""
    if value == "where_required":
        return "where_required"
    try:
        return boolean(value)
    except ValueError:
        raise ValueError(f"{_shown(value)} is none of true, false or `where_required`") from None


def whole(low: int, high: int) -> Callable[[object], Value]:
    """Reads a whole number from `low` to `high`."""

    def read(value: object) -> Value:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise ValueError(f"{_shown(value)} is no whole number from {low} to {high}")

    return read


def fraction(value: object) -> Value:
    """Reads a fraction above 0 and up to 1."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:
        return float(value)
    raise ValueError(f"{_shown(value)} is no fraction above 0 and up to 1, such as 0.9")


def text(value: object) -> Value:
    """Reads a text, without the spaces around it."""
    if isinstance(value, str):
        return value.strip()
    raise ValueError(f"{_shown(value)} is no text; write it in quotes")


PLACEHOLDER_FIELDS = ("caller_id", "number", "number_national", "direction", "date", "line")


def template(value: object) -> Value:
    """Reads a text with the fields of a placeholder name in braces."""
    shown = text(value)
    assert isinstance(shown, str)
    try:
        parsed = list(string.Formatter().parse(shown))
    except ValueError as error:
        raise ValueError(f"`{shown}` is no template ({error}); a brace by itself is written twice") from None
    for _, name, form, conversion in parsed:
        if name is not None and (name not in PLACEHOLDER_FIELDS or form or conversion):
            allowed = " ".join(f"{{{field}}}" for field in PLACEHOLDER_FIELDS)
            raise ValueError(f"`{{{name}}}` is unknown in a placeholder name; it may hold {allowed}")
    return shown


def time_of_day(value: object) -> Value:
    """Reads hours and minutes, as text or as TOML has them."""
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, str) and len(value) == 5 and value[2] == ":" and value.replace(":", "").isdigit():
        hour, minute = int(value[:2]), int(value[3:])
        if hour < 24 and minute < 60:
            return value
    raise ValueError(f'{_shown(value)} is no time of day; write hours and minutes in quotes, such as "03:00"')


def texts(value: object) -> tuple[str, ...]:
    """Reads a list of texts."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"{_shown(value)} is no list; write it in square brackets")
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"{_shown(item)} in the list is no text; write it in quotes")
    return tuple(item.strip() for item in value)


def subset(*words: str) -> Callable[[object], Value]:
    """Reads a list of these words."""
    one = choice(*words)

    def read(value: object) -> Value:
        items = texts(value)
        for item in items:
            one(item)
        return items

    return read


OWNERS = ("triggering_user", "account_owner", "integration_user")


def owners(value: object) -> Value:
    """Reads one owner or a list of them: a word of `OWNERS`, or a user's id."""
    items = texts([value] if isinstance(value, str) else value)
    if not items or "" in items:
        raise ValueError(f"an owner is wanted: {_a_list_of(OWNERS)}, or a user's id")
    for item in items:
        near = [] if item in OWNERS else difflib.get_close_matches(item, OWNERS, 1, 0.8)
        if near:
            raise ValueError(f"`{item}` is no owner; did you mean `{near[0]}`?")
    return items
