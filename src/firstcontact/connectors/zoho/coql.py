"""PURE. COQL: statements and their parts, with values quoted (apis A4, "COQL").

Conditions are bracketed in pairs, at most 25 stand in a statement, a list holds fifty values, and `like`
finds beginnings, ends and parts (Zoho's pages on the limits of COQL).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from firstcontact.connectors.toolkit.times import iso_seconds

ROWS = 2_000
"""The most that one answer holds."""
CONDITIONS = 22
"""In one statement, and three more for the place where a further page begins and for converted leads."""
VALUES = 50
LENGTH = 20_000
"""Characters of the conditions of one statement. Zoho names no limit; this is ours."""

_CONTROLS = dict.fromkeys([*range(32), 127, ord("\\")])


def quoted(value: str) -> str:
    """A text as a literal; a quote in it is doubled."""
    return "'" + value.translate(_CONTROLS).replace("'", "''") + "'"


def moment(at: int) -> str:
    """A time as a literal, in whole seconds, which is as fine as Zoho keeps it."""
    return f"'{iso_seconds(at, '+00:00')}'"


def contains(field: str, part: str) -> str:
    """Whether a field has this part."""
    return f"{field} like {quoted(f'%{part}%')}"


def begins(field: str, part: str) -> str:
    """Whether a field begins so."""
    return f"{field} like {quoted(f'{part}%')}"


def among(field: str, values: Sequence[str]) -> list[str]:
    """Whether a field is one of these texts: as many conditions as it takes."""
    return [
        f"{field} in ({', '.join(quoted(value) for value in values[begin : begin + VALUES])})"
        for begin in range(0, len(values), VALUES)
    ]


def either(conditions: Sequence[str]) -> str:
    """Whether any of the conditions holds, bracketed in pairs."""
    level = list(conditions)
    while len(level) > 1:
        pairs = [level[begin : begin + 2] for begin in range(0, len(level), 2)]
        level = [f"({' or '.join(pair)})" if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0]


def both(one: str, other: str) -> str:
    """Whether two conditions hold, of which one may be missing."""
    return f"({one} and {other})" if one and other else one or other


def after(at: int, id: str) -> str:
    """Whether a record stands behind this place in the order of `Modified_Time, id`."""
    stamp = moment(at)
    if not id:
        return f"Modified_Time >= {stamp}"
    return f"(Modified_Time > {stamp} or (Modified_Time = {stamp} and id > {quoted(id)}))"


def select(
    fields: Iterable[str],
    module: str,
    where: str = "",
    order: str = "",
    *,
    limit: int = ROWS,
    group: str = "",
) -> str:
    """A statement; COQL has none without a condition. limit: 0 for what Zoho gives by itself."""
    text = f"select {', '.join(fields)} from {module} where {where or 'id is not null'}"
    text += f" group by {group}" if group else ""
    text += f" order by {order}" if order else ""
    return f"{text} limit 0, {limit}" if limit else text


def portions(conditions: Sequence[str]) -> list[list[str]]:
    """The conditions as they fit into statements."""
    found: list[list[str]] = []
    size = LENGTH
    for one in conditions:
        size += len(one) + 6
        if size > LENGTH or len(found[-1]) == CONDITIONS:
            found.append([])
            size = len(one)
        found[-1].append(one)
    return found
