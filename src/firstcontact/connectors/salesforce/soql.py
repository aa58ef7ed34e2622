"""PURE. SOQL: statements and their parts, with values quoted (apis A1, "Lookup by phone").

A value never reaches a statement but through `quoted`, `like` or `moment`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from firstcontact.connectors.toolkit.times import iso_millis

URL_LIMIT = 12_000
"""Characters of an encoded statement in one request. Salesforce refuses addresses above 16,384 bytes."""

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x00": ""})
_WILD = str.maketrans({"%": "\\%", "_": "\\_"})


def quoted(value: str) -> str:
    """A text as a literal."""
    return f"'{value.translate(_ESCAPES)}'"


def like(field: str, *parts: str) -> str:
    """Whether a field matches: texts that are taken as they are, with anything between and around them.

    An empty first or last part means that the text begins or ends there: `like("Email", "", "jo+", "@x")`.
    """
    pieces = [part.translate(_ESCAPES).translate(_WILD) for part in parts]
    pattern = "%".join(pieces)
    if parts[0]:
        pattern = f"%{pattern}"
    else:
        pattern = pattern.removeprefix("%")
    if parts[-1]:
        pattern = f"{pattern}%"
    else:
        pattern = pattern.removesuffix("%")
    return f"{field} LIKE '{pattern}'"


def among(field: str, values: Iterable[str]) -> str:
    """Whether a field is one of these texts, of which there is at least one."""
    return f"{field} IN ({', '.join(quoted(value) for value in values)})"


def either(conditions: Sequence[str]) -> str:
    """Whether any of the conditions holds."""
    return conditions[0] if len(conditions) == 1 else f"({' OR '.join(conditions)})"


def after(at: int, id: str) -> str:
    """Whether a record stands behind this place in the order of `SystemModstamp, Id`."""
    stamp = iso_millis(at)
    if not id:
        return f"SystemModstamp >= {stamp}"
    return f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > {quoted(id)}))"


def select(
    fields: Iterable[str], type: str, where: str = "", *, order: str = "", limit: int = 0, group: str = ""
) -> str:
    """A statement."""
    text = f"SELECT {', '.join(fields)} FROM {type}"
    text += f" WHERE {where}" if where else ""
    text += f" GROUP BY {group}" if group else ""
    text += f" ORDER BY {order}" if order else ""
    return text + (f" LIMIT {limit}" if limit else "")


def encoded(statement: str) -> str:
    """The statement as the value of a parameter in an address."""
    return quote(statement, safe="")


def parts(values: Sequence[str], cost: int, room: int) -> list[Sequence[str]]:
    """The values in portions whose encoded text, with `cost` more characters for each, stays below `room`."""
    portions: list[Sequence[str]] = []
    begin, size = 0, 0
    for place, value in enumerate(values):
        more = len(quote(value, safe="")) + cost
        if size and size + more > room:
            portions.append(values[begin:place])
            begin, size = place, 0
        size += more
    return [*portions, values[begin:]] if values else portions
