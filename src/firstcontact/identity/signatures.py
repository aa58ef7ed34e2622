"""What a person's own signature says of them (SPEC §8).

`read_signature` looks at the newest own text of a mail alone, never at what it quotes or forwards, and takes
only a block that is the sender's: one that bears their name, or their address, or stands behind their leave.
A number of somebody else's on a person is worse than none.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firstcontact.identity import _signature_lines as read
from firstcontact.identity._own_text import own_lines
from firstcontact.identity._signature_lines import Line, Sender
from firstcontact.identity._signature_words import ATTACHED, DELIMITER, SENT_FROM, PhoneKind, disclaims

_MOST_LINES = 14
"""Filled lines of a block; a longer one is no signature."""
_SEARCHED = 60
"""Filled lines, from the end of the own text, among which a block may begin."""
_GAP = 3
"""Empty lines that end a block."""
_MOST_BEHIND = 20
"""Lines below a block beyond which more of them say no more against it."""


class SignedPhone(msgspec.Struct, frozen=True):
    """A number as it is written. kind: what it is called there, `work` where it is called nothing."""

    kind: PhoneKind
    number: str


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature says, as it is written there; "" and () for what it does not say.

    name: the sender's, without titles behind it. address: the lines of a postal address. lines: of the body,
    by their numbers from 0, leave and name included.
    """

    name: str = ""
    title: str = ""
    company: str = ""
    phones: tuple[SignedPhone, ...] = ()
    emails: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()


class _Block(msgspec.Struct, frozen=True):
    """Lines that may be a signature. name: which of the rows has the name, -1 for none. score: how much
    speaks for it."""

    rows: tuple[Line, ...]
    name: int
    score: float


def read_signature(body: str, *, address: str = "", name: str = "", region: str = "") -> Signature | None:
    """The signature of the mail's sender, None where there is none that is surely theirs.

    body: the mail's text, quotes included. address, name: of the sender, as its header has them. region: ISO
    country in which numbers without a country code are read.
    """
    sender = read.sender(name, address)
    rows = _last_rows(own_lines(body))
    best: _Block | None = None
    for place in _beginnings(rows, sender):
        block = _block(rows, place, sender, region)
        if block is not None and (best is None or block.score >= best.score):
            best = block
    return None if best is None else _fields(best, sender, region)


def _last_rows(lines: Sequence[tuple[int, str]]) -> list[Line]:
    """The lines from the first on that a block may begin with; nothing above it is asked for."""
    rows: list[Line] = []
    filled = 0
    for number, text in reversed(lines):
        rows.append(read.line(number, text))
        filled += rows[-1].text != ""
        if filled == _SEARCHED:
            break
    return rows[::-1]


def _beginnings(rows: Sequence[Line], sender: Sender) -> list[int]:
    found = []
    for place, row in enumerate(rows):
        if not row.text:
            continue
        if read.names(row.text, sender) or read.is_leave(row.text, sender) or DELIMITER.fullmatch(row.raw):
            found.append(place)
    return found


def _block(rows: Sequence[Line], place: int, sender: Sender, region: str) -> _Block | None:
    """The block that begins here, where it is one."""
    taken: list[Line] = []
    empty = 0
    opened = False
    at = place
    while at < len(rows) and len(taken) < _MOST_LINES:
        row = rows[at]
        at += 1
        if not row.text:
            empty += 1
            if empty >= _GAP and taken:
                break
            continue
        if DELIMITER.fullmatch(row.raw):
            if any(not read.is_leave(each.text, sender) for each in taken):
                break
            opened = True
            continue
        if SENT_FROM.match(row.text) or ATTACHED.fullmatch(row.text) or disclaims(row.text):
            break
        if read.is_leave(row.text, sender) and not taken:
            opened = True
            taken.append(row)
        elif read.is_sentence(row.text) or (empty and len(taken) > 1 and not read.belongs(row.text, region)):
            break
        else:
            taken.append(row)
        empty = 0
    else:
        if at < len(rows):
            return None
    return _judged(taken, opened, sender, region, rows)


def _filled_behind(rows: Sequence[Line], taken: Sequence[Line]) -> int:
    """Filled lines of own text below the block, without what programs and firms put there; at most as many as
    tell anything."""
    last = taken[-1].number if taken else -1
    behind = 0
    for row in rows:
        if row.number <= last or not row.text:
            continue
        if behind == _MOST_BEHIND or disclaims(row.text):
            break
        if not (DELIMITER.fullmatch(row.raw) or SENT_FROM.match(row.text) or ATTACHED.fullmatch(row.text)):
            behind += 1
    return behind


def _judged(
    taken: Sequence[Line], opened: bool, sender: Sender, region: str, rows: Sequence[Line]
) -> _Block | None:
    """How much speaks for these lines being the sender's signature; None where too little does. rows: all
    lines."""
    inner = [row for row in taken if not read.is_leave(row.text, sender)]
    leaves = [row for row in taken if read.is_leave(row.text, sender)]
    if not inner:
        named = bool(leaves) and read.named_in_leave(leaves[-1].text, sender) != ""
        ends = bool(leaves) and not named and _filled_behind(rows, taken) == 0
        return _Block(tuple(taken), -1, 1.0 + named) if named or ends else None
    name, how = -1, 0
    for row in inner[:3]:
        this = read.names(row.text, sender)
        if this > how:
            name, how = taken.index(row), this
    if how == 0 and leaves and read.named_in_leave(leaves[-1].text, sender):
        how = read.FIRST_NAME
    own_address = any(sender.address and sender.address in row.text.lower() for row in inner)
    if how == read.SOMEBODY and not own_address:
        return None
    bare = how == 0 and not own_address
    if bare and not (opened and len(inner) <= 3):
        return None
    contacts = sum(bool(read.contact(row.text, region)) for row in inner)
    title = any(read.title(row.text) for row in inner)
    behind = _filled_behind(rows, taken)
    if bare and not (contacts and behind <= 3):
        return None
    if contacts == 0 and not title and len(inner) > (3 if how == read.FULL_NAME else 1):
        return None
    if how == read.FIRST_NAME and not opened and not contacts and not title and behind > 2:
        return None
    score = 3 * how + contacts + title + opened + 2 * own_address - 0.2 * behind
    return _Block(tuple(taken), name, score)


def _fields(block: _Block, sender: Sender, region: str) -> Signature:
    name = read.name_in(block.rows[block.name].text) if block.name >= 0 else ""
    behind = read.behind_name(block.rows[block.name].text) if block.name >= 0 else ""
    title = read.title(behind)
    company = read.company(behind[behind.find(title) + len(title) :], sender) if title else ""
    phones: dict[str, SignedPhone] = {}
    emails: dict[str, None] = {}
    address: list[str] = []
    for place, row in enumerate(block.rows):
        if place <= block.name and not (place == block.name and read.contact(row.text, region)):
            continue
        if read.is_leave(row.text, sender):
            continue
        found = read.phones(row.text, region)
        for kind, number in found:
            phones.setdefault(number, SignedPhone(kind, number))
        addresses = read.emails(row.text)
        emails.update(dict.fromkeys(addresses))
        if place == block.name:
            continue
        for piece in read.pieces(row.text):
            if read.emails(piece) or read.phones(piece, region):
                continue
            if read.is_address(piece):
                address.append(piece)
                continue
            job = read.title(piece)
            if job and not title:
                title = job
                company = company or read.company(piece[piece.find(job) + len(job) :], sender, certain=True)
            elif not company:
                company = read.company(piece, sender)
    return Signature(
        name=name,
        title=title,
        company=company,
        phones=tuple(phones.values()),
        emails=tuple(emails),
        address=tuple(address),
        lines=tuple(row.number for row in block.rows),
    )
