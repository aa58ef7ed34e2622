"""PURE. An activity's text: what is said, what belongs to it, and our mark as its last line.

Lawmatics has one field for all of it, where people write too. So an update reads the text, changes the parts
that are new and leaves the others as they are there.
"""

from __future__ import annotations

import msgspec

from firstcontact.connectors.lawmatics.marks import Mark, line, read_line
from firstcontact.connectors.toolkit.texts import clean

_BELONGS = ("Recording: ", "Transcript: ", "File: ")


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """subject: "" where the record has a field of its own for it. said: the body. recording, transcript:
    their addresses, where the body does not name them. files: lines of files that could not be put into
    Lawmatics."""

    subject: str = ""
    said: str = ""
    recording: str = ""
    transcript: str = ""
    files: tuple[str, ...] = ()
    mark: Mark | None = None


def one_line(text: str) -> str:
    """Text in one line, as a subject has to be."""
    return " ".join(clean(text).split())


def with_file(text: Text, named: str) -> Text:
    """The text with one more line of a file."""
    return msgspec.structs.replace(text, files=(*text.files, named))


def written(text: Text) -> str:
    """The text as Lawmatics keeps it."""
    belongs = [
        f"{word}{value}"
        for word, value in (("Recording: ", text.recording), ("Transcript: ", text.transcript))
        if value and value not in text.said
    ]
    parts = [
        text.subject,
        text.said,
        "\n".join([*belongs, *text.files]),
        line(text.mark) if text.mark else "",
    ]
    return "\n\n".join(part for part in parts if part)


def read(whole: str, *, subject: bool) -> Text:
    """What `written` made, also where somebody has written more. subject: its first line is one.

    The mark is looked for from the end: Lawmatics may have put something behind it.
    """
    lines = whole.replace("\r\n", "\n").split("\n")
    mark: Mark | None = None
    for place in range(len(lines) - 1, -1, -1):
        mark = read_line(lines[place])
        if mark is not None:
            del lines[place]
            break
    first = lines.pop(0) if subject and lines else ""
    said = _trimmed(lines)
    belongs: dict[str, list[str]] = {word: [] for word in _BELONGS}
    while said and (word := next((word for word in _BELONGS if said[-1].startswith(word)), "")):
        belongs[word].insert(0, said.pop()[len(word) :])
    said = _trimmed(said)
    return Text(
        subject=first,
        said="\n".join(said),
        recording=next(iter(belongs["Recording: "]), ""),
        transcript=next(iter(belongs["Transcript: "]), ""),
        files=tuple(f"File: {value}" for value in belongs["File: "]),
        mark=mark,
    )


def _trimmed(lines: list[str]) -> list[str]:
    """Without empty lines at both ends."""
    begin, end = 0, len(lines)
    while begin < end and not lines[begin].strip():
        begin += 1
    while end > begin and not lines[end - 1].strip():
        end -= 1
    return lines[begin:end]
