"""PURE. One vCard (3.0 or 4.0) as its lines and as a contact record, losing nothing that a person put in.

A card is kept as its own lines; only the lines that a write is about are changed, and everything else stays
letter for letter and in its order. Reading is `formats.vcard`.

Our marks: `X-FIRSTCONTACT-KEY` (the write that made it), `-INTERACTION` (what caused it), `-CREATED-BY-US`,
`-CREATED-AT`, `-PLACEHOLDER`, `-DIGEST` (of everything a person sees, as we left it) and `-EDITED-BY-PERSON`
(somebody changed that, and we wrote again since). A card that a person made gets no mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from firstcontact.connectors.toolkit.texts import sound
from firstcontact.formats.vcard import read_vcards
from firstcontact.identity.records import Record

NAMESPACE = UUID("6d7f9d8e-3f0a-5b0c-9d54-6d1f6c1d2f77")
"""Of the UIDs made from write keys."""
MARK = "X-FIRSTCONTACT-"
MEMBERS = ("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER")
"""Lines in which a list of cards names them by their UIDs (RFC 6350 §6.6.5, and before it Apple's)."""
_LINE = re.compile(
    r"(?:(?P<group>[A-Za-z0-9-]+)\.)?(?P<name>[A-Za-z0-9-]+)(?P<params>(?:;(?:[^\":]|\"[^\"]*\")*)?):(?P<value>.*)",
    re.DOTALL,
)
_GROUP = re.compile(r"[A-Za-z0-9-]+\.")
_FOLD = re.compile(r"\r?\n[ \t]")
_NEXT = re.compile(r"\r\n|\n|\r")
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPACES = re.compile(r"\s+")
_SCHEME = re.compile(r"^(?:tel|mailto):", re.IGNORECASE)
_BOOKKEEPING = frozenset(
    {"BEGIN", "END", "VERSION", "PRODID", "REV", "UID", "KIND", "SOURCE", "CLIENTPIDMAP"}
)
"""Lines that servers and programs write for themselves."""
_WIDTH = 75
"""Octets in a line (RFC 6350 §3.2)."""


class Line(msgspec.Struct, frozen=True):
    """One logical line.

    raw: as it stands in the card, folded or not. name: in upper case; "" for what is no property.
    """

    raw: str
    name: str = ""
    params: str = ""
    value: str = ""

    @property
    def group(self) -> str:
        """What stands before the name, with its dot (`item1.`); "" for nothing."""
        found = _GROUP.match(self.raw)
        return found[0] if found else ""


class Card(msgspec.Struct, frozen=True):
    """A card as lines, BEGIN and END among them."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """As it is sent."""
        return "".join(f"{line.raw}\r\n" for line in self.lines)

    def first(self, name: str) -> Line | None:
        """The first line of a property."""
        return next((line for line in self.lines if line.name == name), None)

    def mark(self, name: str) -> str:
        """One of our marks; "" where it is not there."""
        line = self.first(MARK + name)
        return plain(line.value).strip() if line else ""

    @property
    def uid(self) -> str:
        """The card's UID, without `urn:uuid:`."""
        line = self.first("UID")
        return line.value.strip().removeprefix("urn:uuid:") if line else ""

    @property
    def version(self) -> str:
        """`3.0` or `4.0`."""
        line = self.first("VERSION")
        return line.value.strip() if line else "3.0"

    @property
    def edited(self) -> bool:
        """A person changed it after our last write; false for one that we never wrote as ours."""
        if self.mark("EDITED-BY-PERSON"):
            return True
        left = self.mark("DIGEST")
        return bool(left) and left != digest(self)


def read_card(text: str) -> Card:
    """The lines of a card. What is nested in it, or no line of a vCard, is kept as it is."""
    lines: list[Line] = []
    depth = 0
    for raw in _physical(text):
        line = _line(raw)
        depth += line.name == "BEGIN"
        # What is nested (AGENT of vCard 2.1) is not the contact's.
        lines.append(line if depth <= 1 else Line(raw))
        depth -= line.name == "END"
    return Card(tuple(lines))


def _physical(text: str) -> list[str]:
    """Lines with what is folded under them."""
    found: list[str] = []
    for piece in _NEXT.split(text.removeprefix("\ufeff")):
        if piece[:1] in (" ", "\t") and found:
            found[-1] += "\r\n" + piece
        elif piece:
            found.append(piece)
    return found


def _line(raw: str) -> Line:
    found = _LINE.fullmatch(_FOLD.sub("", raw))
    if found is None:
        return Line(raw)
    return Line(raw, found["name"].upper(), found["params"], found["value"])


# --- names of cards --------------------------------------------------------------------------------------


def uid_of(key: str) -> str:
    """The UID of the card that this write makes: the same facts, the same card."""
    return str(uuid5(NAMESPACE, key))


def name_of(key: str) -> str:
    """The name, in the address book, of the card that this write makes."""
    return f"{uid_of(key)}.vcf"


# --- reading -----------------------------------------------------------------------------------------------


def record_of(text: str, name: str, region: str) -> Record | None:
    """The card as a record whose id is its name in the address book; None for a list of other cards.

    region: ISO country for numbers without one. A card that cannot be read is a record that bears nothing.
    """
    records, rejections = read_vcards(text.encode("utf-8", "replace"), region)
    if not records:
        if any(rejection.reason == "group_card" for rejection in rejections):
            return None
        return Record(type="contact", id=name)
    card = read_card(text)
    record = replace(
        records[0],
        type="contact",
        id=name,
        account="",
        owner="",
        converted_to="",
        created_by_us=records[0].created_by_us and is_ours(card),
        edited_by_person=card.edited,
    )
    if _is_shown_as_placeholder(record):
        return replace(record, first_name="", last_name="")
    return record


def is_ours(card: Card) -> bool:
    """Whether this very card was made by a write of ours; a copy that a person made of it has another UID."""
    key = card.mark("KEY")
    return bool(key) and card.uid == uid_of(key)


def _is_shown_as_placeholder(record: Record) -> bool:
    """Programs show N, so a placeholder's name stands there too; it is no last name."""
    return record.placeholder and not record.first_name and record.last_name == record.name


def digest(card: Card) -> str:
    """Of everything that a person sees on it, however a server folds, orders, groups or escapes it."""
    seen = sorted(
        f"{line.name}:{_compared(line)}"
        for line in card.lines
        if line.name and line.name not in _BOOKKEEPING and not line.name.startswith("X-")
    )
    return sha256("\n".join(seen).encode("utf-8", "replace")).hexdigest()[:16]


def _compared(line: Line) -> str:
    value = _SPACES.sub(" ", _SCHEME.sub("", plain(line.value)))
    return value.strip().rstrip("; ") if line.name in ("N", "ORG", "ADR") else value.strip()


# --- changing lines ---------------------------------------------------------------------------------------


def set_value(card: Card, name: str, value: str) -> Card:
    """The first line of the property with this raw value, in its place, with its parameters and group."""
    old = card.first(name)
    if old is None:
        return added(card, name, [new_line(name, value)])
    return replaced(card, old, value, old.params)


def replaced(card: Card, old: Line, value: str, params: str) -> Card:
    """One line with this raw value and these parameters, in its place and group."""
    new = new_line(old.name, value, params, old.group)
    return Card(tuple(new if line is old else line for line in card.lines))


def added(card: Card, name: str, new: Iterable[Line]) -> Card:
    """New lines behind the last of their property, else at the end."""
    places = [place for place, line in enumerate(card.lines) if line.name == name]
    ends = [place for place, line in enumerate(card.lines) if line.name == "END"]
    at = places[-1] + 1 if places else ends[-1] if ends else len(card.lines)
    return Card((*card.lines[:at], *new, *card.lines[at:]))


def without(card: Card, name: str) -> Card:
    """Without any line of the property."""
    return Card(tuple(line for line in card.lines if line.name != name))


def marked(card: Card, marks: dict[str, str]) -> Card:
    """With these marks, and the digest of what it is now."""
    for name, value in {**marks, "DIGEST": digest(card)}.items():
        card = set_value(card, MARK + name, escaped(value))
    return card


def without_line(card: Card, gone: Line) -> Card:
    """Without one line, and without what programs note of it in its group (`item1.X-ABLabel`)."""
    noted = gone.group
    return Card(
        tuple(
            line
            for line in card.lines
            if line is not gone and not (noted and line.group == noted and line.name.startswith("X-"))
        )
    )


def new_line(name: str, value: str, params: str = "", group: str = "") -> Line:
    """A line with this raw value, folded."""
    return Line(_folded(f"{group}{name}{params}:{value}"), name, params, value)


def _folded(line: str) -> str:
    """In pieces of at most 75 octets, none of them ending within a character."""
    pieces, piece, width = [], "", 0
    for char in line:
        size = len(char.encode("utf-8"))
        if width + size > _WIDTH:
            pieces.append(piece)
            piece, width = " ", 1
        piece += char
        width += size
    return "\r\n".join((*pieces, piece))


def clean(text: str) -> str:
    """Text that a card can hold: no control characters but the line feed, no half of a surrogate pair."""
    return _UNSAFE.sub(" ", sound(text).replace("\r\n", "\n"))


def escaped(text: str) -> str:
    """A text as a raw value."""
    for char, written in (("\\", "\\\\"), (",", "\\,"), (";", "\\;"), ("\n", "\\n")):
        text = text.replace(char, written)
    return text


def plain(value: str) -> str:
    """A raw value as text."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def moment(now: int) -> str:
    """A time as REV has it. now: microseconds."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)
    return f"{at:%Y%m%dT%H%M%SZ}"
