"""What FirstContact leaves in texts, since Clio Grow has no field for it: a footer of `name: value` lines.

Read here from what the API was sent, by the names that connector and simulator share (README.md).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import msgspec

HEADING = "— FirstContact —"
NO_TEXT = "(no text)"
"""The body of a note that has none: Clio takes no empty one."""


class Ours(msgspec.Struct, frozen=True):
    """A text and its footer. marked: whether there is one; also: further addresses and numbers of a lead."""

    text: str
    lines: dict[str, str]
    also: tuple[str, ...] = ()
    marked: bool = False

    @property
    def interactions(self) -> list[str]:
        """Ids of the interactions that an activity stands for."""
        return [unquote(word) for word in self.lines.get("interactions", "").split(" ") if word]

    @property
    def result(self) -> tuple[str | None, int]:
        """`answered/240`: a call's result and its seconds, either of which may be missing."""
        outcome, _, seconds = self.lines.get("result", "").rpartition("/")
        return (outcome or None, int(seconds)) if seconds.isdigit() else (None, 0)

    def at(self, otherwise: int) -> int:
        """When it was, in microseconds."""
        if "at" not in self.lines:
            return otherwise
        moment = datetime.fromisoformat(self.lines["at"])
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def read_ours(text: str | None) -> Ours:
    """What a text says, and what its footer says."""
    text = text or ""
    head, heading, foot = text.rpartition(HEADING)
    if not heading or (head and not head.endswith("\n")):
        return Ours(text, {})
    lines: dict[str, str] = {}
    also: list[str] = []
    for line in foot.splitlines():
        name, colon, value = line.partition(": ")
        if name == "also":
            also.append(value)
        elif colon:
            lines[name] = value
    above = head.rstrip("\n")
    return Ours("" if above == NO_TEXT else above, lines, tuple(also), True)


def with_text(body: str, text: str) -> str:
    """A body with another text above the same footer: a person changed it."""
    _, heading, foot = body.rpartition(HEADING)
    return f"{text or NO_TEXT}\n\n{heading}{foot}" if heading else text
