"""PURE. The last lines of a note's body and of a lead's message: what Clio Grow has no field for.

A line that says so, then lines `name: value`. People read when a call was and how long, and every record of
ours names the write that made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import iso
from firstcontact.planning.write import ActivityFields

FOOTER = "— FirstContact —"
_PLAIN = ":@+/=,.-_~"
"""Characters of an interaction's id that are written as they are."""


def ids_text(ids: Iterable[str]) -> str:
    """Interaction ids with one space between them; a space within one is written as `%20`."""
    return " ".join(quote(clean(id), safe=_PLAIN) for id in ids)


def of_activity(fields: ActivityFields, key: str) -> dict[str, str]:
    """What a note says of the interaction beside its text."""
    return {
        "kind": fields.kind,
        "direction": fields.direction,
        "result": f"{fields.outcome}/{fields.seconds}",
        "at": iso(fields.at),
        "matter": fields.matter,
        "recording": fields.recording,
        "transcript": fields.transcript,
        "interactions": ids_text(fields.interactions),
        "key": key,
    }


def with_footer(text: str, values: Mapping[str, str], also: Sequence[str] = (), limit: int = 0) -> str:
    """The text with the footer behind it. also: further addresses and numbers, a line each. limit: so many
    characters at most, 0 for no limit; then the text is cut, never the footer."""
    lines = [f"{name}: {_line(value)}" for name, value in values.items() if value]
    footer = "\n".join([FOOTER, *(f"also: {_line(each)}" for each in also), *lines])
    text = "\n".join(line for line in text.split("\n") if line.strip() != FOOTER)
    room = limit - len(footer) - 2
    if limit and len(text) > room:
        text = text[: max(0, room - 1)] + "…"
    return f"{text}\n\n{footer}"


def _line(value: str) -> str:
    return " ".join(clean(value).split())
