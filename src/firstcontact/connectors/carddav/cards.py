"""PURE. One vCard (3.0 or 4.0) as a contact record, and back, without losing anything that a person put in.

A card is kept as its own lines; only the lines that a write is about are changed, and everything else stays
letter for letter and in its order. Reading is `formats.vcard`.

Our marks: `X-FIRSTCONTACT-KEY` (the write that made it), `-INTERACTION` (what caused it), `-CREATED-BY-US`,
`-CREATED-AT`, `-PLACEHOLDER`, `-DIGEST` (of everything a person sees, as we left it) and `-EDITED-BY-PERSON`
(somebody changed that, and we wrote again since). A card that a person made gets no mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from firstcontact.connectors.toolkit.fields import full_name, with_new
from firstcontact.connectors.toolkit.texts import sound
from firstcontact.formats.vcard import read_vcards
from firstcontact.identity.records import Record
from firstcontact.planning.write import ContactFields

NAMESPACE = UUID("6d7f9d8e-3f0a-5b0c-9d54-6d1f6c1d2f77")
"""Of the UIDs made from write keys."""
MARK = "X-FIRSTCONTACT-"
PRODUCT = "-//FirstContact//CardDAV//EN"
_LINE = re.compile(
    r"(?:(?P<group>[A-Za-z0-9-]+)\.)?(?P<name>[A-Za-z0-9-]+)(?P<params>(?:;(?:[^\":]|\"[^\"]*\")*)?):(?P<value>.*)",
    re.DOTALL,
)
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
        return _plain(line.value).strip() if line else ""

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
    value = _SPACES.sub(" ", _SCHEME.sub("", _plain(line.value)))
    return value.strip().rstrip("; ") if line.name in ("N", "ORG", "ADR") else value.strip()


# --- writing -----------------------------------------------------------------------------------------------


def new_card(fields: ContactFields, key: str, version: str, region: str, now: int) -> Card:
    """The card that a write makes. version: `3.0` or `4.0`. region: of its numbers. now: microseconds."""
    first, last = clean(fields.first_name), clean(fields.last_name)
    company = clean(fields.company)
    shown = clean(fields.name) or full_name(first, last) or company
    shown = shown or next(iter((*fields.emails, *fields.phones)), "") or "Unknown"
    placeholder_only = bool(fields.placeholder) and not (first or last)
    uid = uid_of(key)
    lines = [
        _new("VERSION", version),
        _new("PRODID", PRODUCT),
        _new("UID", f"urn:uuid:{uid}" if version == "4.0" else uid),
        _new("FN", _escaped(shown)),
        _new("N", _name(("", "", "", "", ""), first, shown if placeholder_only else last)),
        *_contact_lines("EMAIL", with_new((), map(clean, fields.emails), region), version),
        *_contact_lines("TEL", with_new((), map(clean, fields.phones), region), version),
    ]
    lines += [_new(name, _escaped(value)) for name, value in _texts(fields) if value]
    lines += [_new("REV", _moment(now))]
    marks = {
        "KEY": key,
        "INTERACTION": clean(fields.interaction),
        "CREATED-BY-US": "TRUE" if fields.created_by_firstcontact else "",
        "CREATED-AT": str(now),
        "PLACEHOLDER": "TRUE" if fields.placeholder else "",
    }
    card = Card((_new("BEGIN", "VCARD"), *lines, _new("END", "VCARD")))
    return _marked(card, {name: value for name, value in marks.items() if value})


def updated(card: Card, fields: ContactFields, record: Record, region: str, now: int) -> Card:
    """The card with a write's values on it: addresses and numbers are added, given texts are set, everything
    else stays. The very same card where there is nothing to change.

    record: what `record_of` reads from it. region: in which its numbers are read.
    """
    changed = _named(card, fields, record)
    region = record.country or region
    for name, present, added in (
        ("EMAIL", record.emails, fields.emails),
        ("TEL", record.phones, fields.phones),
    ):
        new = with_new(present, map(clean, added), region)[len(present) :]
        changed = _added(changed, name, _contact_lines(name, new, card.version))
    for name, value in _texts(fields):
        if value:
            changed = _set_first_part(changed, name, value)
    placeholder = _placeholder(fields, record)
    if placeholder != record.placeholder:
        changed = _without(changed, f"{MARK}PLACEHOLDER")
        changed = _marked(changed, {"PLACEHOLDER": "TRUE"}) if placeholder else changed
    if changed == card:
        return card
    if changed.first("REV"):
        changed = _set(changed, "REV", _moment(now))
    if not is_ours(card):
        return changed
    return _marked(changed, {"EDITED-BY-PERSON": "TRUE"} if card.edited else {})


def _texts(fields: ContactFields) -> tuple[tuple[str, str], ...]:
    return ("TITLE", clean(fields.title)), ("ORG", clean(fields.company))


def _placeholder(fields: ContactFields, record: Record) -> bool:
    """A real name ends being a placeholder, unless the write says otherwise."""
    if fields.placeholder is not None:
        return fields.placeholder
    return record.placeholder and not (fields.first_name or fields.last_name)


def _named(card: Card, fields: ContactFields, record: Record) -> Card:
    first = clean(fields.first_name) or record.first_name
    last = clean(fields.last_name) or record.last_name
    shown = clean(fields.name)
    if (first, last) != (record.first_name, record.last_name):
        line = card.first("N")
        parts = _parts(line.value) if line else []
        card = _set(card, "N", _name((*parts, "", "", "", "", "")[:5], first, last))
        shown = shown or full_name(first, last)
    return _set(card, "FN", _escaped(shown)) if shown and shown != record.name else card


def _name(parts: Sequence[str], first: str, last: str) -> str:
    """N with these two; middle names, prefixes and suffixes as they are (raw)."""
    return ";".join((_escaped(last), _escaped(first), *parts[2:5]))


def _parts(value: str) -> list[str]:
    """The raw components of N or ORG."""
    return re.split(r"(?<!\\);", value)


def _set_first_part(card: Card, name: str, value: str) -> Card:
    """TITLE, or the company in ORG, whose units below it stay."""
    line = card.first(name)
    if line is None:
        return _added(card, name, [_new(name, _escaped(value))])
    rest = _parts(line.value)[1:] if name == "ORG" else []
    written = ";".join((_escaped(value), *rest))
    return card if _plain(written) == _plain(line.value) else _set(card, name, written)


def _contact_lines(name: str, values: Iterable[str], version: str) -> list[Line]:
    params = {"EMAIL": "" if version == "4.0" else ";TYPE=INTERNET", "TEL": ";TYPE=VOICE"}[name]
    return [_new(name, _escaped(value), params) for value in values]


def _set(card: Card, name: str, value: str) -> Card:
    """The first line of the property with this raw value, in its place, with its parameters and group."""
    old = card.first(name)
    if old is None:
        return _added(card, name, [_new(name, value)])
    group = old.raw.partition(".")[0] + "." if re.match(r"[A-Za-z0-9-]+\.", old.raw) else ""
    new = _new(name, value, old.params, group)
    return Card(tuple(new if line is old else line for line in card.lines))


def _added(card: Card, name: str, new: Iterable[Line]) -> Card:
    """New lines behind the last of their property, else at the end."""
    places = [place for place, line in enumerate(card.lines) if line.name == name]
    ends = [place for place, line in enumerate(card.lines) if line.name == "END"]
    at = places[-1] + 1 if places else ends[-1] if ends else len(card.lines)
    return Card((*card.lines[:at], *new, *card.lines[at:]))


def _without(card: Card, name: str) -> Card:
    return Card(tuple(line for line in card.lines if line.name != name))


def _marked(card: Card, marks: dict[str, str]) -> Card:
    """With these marks, and the digest of what it is now."""
    for name, value in {**marks, "DIGEST": digest(card)}.items():
        card = _set(card, MARK + name, _escaped(value))
    return card


def _new(name: str, value: str, params: str = "", group: str = "") -> Line:
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


def _escaped(text: str) -> str:
    for char, written in (("\\", "\\\\"), (",", "\\,"), (";", "\\;"), ("\n", "\\n")):
        text = text.replace(char, written)
    return text


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _moment(now: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)
    return f"{moment:%Y%m%dT%H%M%SZ}"
