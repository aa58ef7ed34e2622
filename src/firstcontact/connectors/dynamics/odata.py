"""PURE. OData addresses as Dataverse takes them, with values quoted (apis A5, "Lookup").

A value never reaches an address but through `quoted`, `literally` or `guid`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote
from uuid import UUID

CONDITIONS = 400
"""Conditions in one filter; Dataverse takes 500."""
URL_LIMIT = 30_000
"""Characters of an encoded filter; within a batch an address may have 65,536."""
AMONG = 150
"""Values in one list."""

_GUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_WILD = {"%": "[%]", "_": "[_]", "[": "[[]"}


def guid(text: str) -> str:
    """An id in its one form, "" for what is none."""
    plain = text.strip().strip("{}").lower()
    return plain if _GUID.fullmatch(plain) else ""


def guid_from(key: str) -> str:
    """The id that a write key stands for: a key has 32 hex digits, as an id has (`planning.write_key`)."""
    return str(UUID(hex=key))


def quoted(value: str) -> str:
    """A text as a literal."""
    return "'" + value.replace("'", "''") + "'"


def literally(value: str) -> str:
    """A text within a pattern, its own wildcards meaning themselves."""
    return "".join(_WILD.get(character, character) for character in value)


def either_case(value: str) -> str:
    """A text within a pattern, each letter in either case."""
    return "".join(
        f"[{one.lower()}{one.upper()}]"
        if one.lower() != one.upper() and len(one.lower() + one.upper()) == 2
        else _WILD.get(one, one)
        for one in value
    )


def contains(column: str, text: str) -> str:
    """Whether a column has the pattern in it."""
    return f"contains({column},{quoted(text)})"


def begins(column: str, text: str) -> str:
    """Whether a column begins with the pattern."""
    return f"startswith({column},{quoted(text)})"


def among(column: str, values: Iterable[str]) -> str:
    """Whether a column, by its logical name, is one of these texts or ids."""
    given = ",".join(quoted(value) for value in values)
    return f"Microsoft.Dynamics.CRM.In(PropertyName={quoted(column)},PropertyValues=[{given}])"


def either(conditions: Sequence[str]) -> str:
    """Whether any of the conditions holds."""
    return conditions[0] if len(conditions) == 1 else f"({' or '.join(conditions)})"


def address(path: str, options: Mapping[str, str]) -> str:
    """A path with its query options, `$` in front of each name."""
    given = "&".join(f"${name}={quote(value, safe=_PLAIN)}" for name, value in options.items() if value)
    return f"{path}?{given}" if given else path


_PLAIN = "(),'/=*"


def select(
    collection: str,
    columns: Iterable[str],
    where: str = "",
    *,
    order: str = "",
    expand: str = "",
) -> str:
    """Rows of a table."""
    given = {"select": ",".join(columns), "filter": where, "orderby": order, "expand": expand}
    return address(collection, given)


def portions(
    conditions: Sequence[tuple[str, int]], limit: int = CONDITIONS, room: int = URL_LIMIT
) -> list[tuple[int, int]]:
    """From and to of parts of the conditions that fit into a filter each. A condition comes with how many
    comparisons are in it."""
    found: list[tuple[int, int]] = []
    begin, count, size = 0, 0, 0
    for place, (text, comparisons) in enumerate(conditions):
        length = len(quote(text, safe=_PLAIN)) + 8
        if place > begin and (count + comparisons > limit or size + length > room):
            found.append((begin, place))
            begin, count, size = place, 0, 0
        count, size = count + comparisons, size + length
    if begin < len(conditions):
        found.append((begin, len(conditions)))
    return found


def lists(values: Sequence[str], length: int = AMONG) -> list[Sequence[str]]:
    """The values in lists of at most so many."""
    return [values[begin : begin + length] for begin in range(0, len(values), length)]
