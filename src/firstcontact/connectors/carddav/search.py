"""Asking the server who bears a handle, live, by its text search (RFC 6352 §8.6); and whether to trust that.

A text search finds a number only as it is written, so what is asked for is its end, in every usual grouping;
each card that comes back is read and compared. Whether the server's search works is tried on cards that it
has: one that does not come back when it is asked for makes every answer `unknown`, never `absent`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import idna

from firstcontact.connectors.carddav import xml
from firstcontact.connectors.carddav.cards import record_of
from firstcontact.connectors.carddav.client import Cut, Dav, Fetched, Refused
from firstcontact.connectors.carddav.discovery import Book
from firstcontact.connectors.toolkit.spellings import spellings
from firstcontact.identity.records import ABSENT, Finding, Record
from firstcontact.interactions.model import Handle

HANDLES_AT_ONCE = 40
"""Handles in one query."""
SAMPLE = 20
"""Cards among which one with a number and one with an address are looked for."""
TRUSTED = 3_600_000_000
"""How long a search that was tried is trusted, microseconds; one that failed, or that there was nothing to
try on, is tried again after a tenth."""
_END = 4
"""Digits of a number that are asked for."""
_SEPARATORS = (" ", "-", ".", "/", "\N{NO-BREAK SPACE}")
_DIGITS = re.compile(r"[0-9]")


class Search:
    """`find` of one address book."""

    def __init__(self, dav: Dav, region: str, now: Callable[[], int]) -> None:
        self._dav = dav
        self._region = region
        self._now = now
        self._tried: dict[str, tuple[int, int, str]] = {}

    def find(self, book: Book, handles: Sequence[Handle]) -> dict[str, Finding]:
        """Each handle's finding. Raises TryAgain, AuthLapsed."""
        asked = list({handle.key: handle for handle in handles}.values())
        if not asked:
            return {}
        try:
            doubts = {kind: self.doubt(book, kind) for kind in {handle.kind for handle in asked}}
        except Refused as refused:
            return dict.fromkeys((handle.key for handle in asked), Finding("unknown", why=str(refused)))
        found: dict[str, Finding] = {
            handle.key: Finding("unknown", why=doubts[handle.kind]) for handle in asked if doubts[handle.kind]
        }
        trusted = [handle for handle in asked if handle.key not in found]
        for start in range(0, len(trusted), HANDLES_AT_ONCE):
            found.update(self._findings(book, trusted[start : start + HANDLES_AT_ONCE]))
        return found

    def _findings(self, book: Book, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        try:
            records = self._records(self._dav.query(book.url, [filter_of(handle) for handle in handles]))
        except Cut:
            if len(handles) > 1:
                half = len(handles) // 2
                return {**self._findings(book, handles[:half]), **self._findings(book, handles[half:])}
            return {handles[0].key: Finding("unknown", why="The server gave only some of the cards.")}
        except Refused as refused:
            return dict.fromkeys((handle.key for handle in handles), Finding("unknown", why=str(refused)))
        found = {}
        for handle in handles:
            bearing = tuple(one for one in records if any(has.key == handle.key for has in one.handles))
            found[handle.key] = Finding("found", bearing) if bearing else ABSENT
        return found

    def _records(self, cards: Sequence[Fetched]) -> list[Record]:
        read = (record_of(card.text, card.name, self._region) for card in cards)
        return [record for record in read if record is not None]

    # --- whether it can be trusted ---------------------------------------------------------------------

    def doubt(self, book: Book, kind: str) -> str:
        """Why the search for such handles cannot be trusted; "" where it found what is there."""
        since, until, doubt = self._tried.get(kind, (0, 0, ""))
        now = self._now()
        if since <= now < until:
            return doubt
        names = sorted(self._dav.etags(book.url))
        if not names:
            return ""
        handle, name = self._known(book, names, kind)
        doubt = self._trial(book, handle, name) if handle else ""
        self._tried[kind] = now, now + (TRUSTED if handle and not doubt else TRUSTED // 10), doubt
        return doubt

    def _trial(self, book: Book, handle: Handle, name: str) -> str:
        try:
            got = {card.name for card in self._dav.query(book.url, [filter_of(handle)])}
        except Cut:
            return ""  # It does search; how much it gives is seen at each answer.
        if name in got:
            return ""
        return f"The server's search does not find a card by its {handle.kind} although it has it."

    def _known(self, book: Book, names: Sequence[str], kind: str) -> tuple[Handle | None, str]:
        """A handle of this kind on a card that is there, and the card's name."""
        sample = names[:: max(1, len(names) // SAMPLE)][:SAMPLE]
        for name, card in self._dav.fetch(book.url, sample).items():
            record = record_of(card.text, name, self._region) if card else None
            for handle in record.handles if record else ():
                if handle.kind == kind:
                    return handle, name
        return None, ""


def filter_of(handle: Handle) -> str:
    """The filter that lets through every card bearing the handle, and some others."""
    if handle.kind == "email":
        local, _, host = handle.key.rpartition("@")
        hosts = dict.fromkeys((host, _shown(host)))
        whole = xml.contains("EMAIL", [f"{local}@{each}" for each in hosts])
        tagged = [xml.contains("EMAIL", (f"{local}+", f"@{each}"), "allof") for each in hosts]
        return whole + "".join(tagged)
    return xml.contains("TEL", endings(handle))


def endings(handle: Handle) -> tuple[str, ...]:
    """The last four digits of a number in every usual grouping, each once."""
    digits = "".join(_DIGITS.findall(handle.key))[-_END:]
    found = [digits]
    for separator in _SEPARATORS:
        found += [_grouped(digits, cuts, separator) for cuts in ((2,), (1,), (3,))]
    for separator in _SEPARATORS[:2]:
        found += [_grouped(digits, cuts, separator) for cuts in ((1, 2), (2, 3), (1, 3))]
    found += [_end(text) for text in spellings(handle)]
    return tuple(dict.fromkeys(found))


def _grouped(digits: str, cuts: Sequence[int], separator: str) -> str:
    """`1234` with a separator at these places."""
    places = (0, *cuts, len(digits))
    return separator.join(digits[start:end] for start, end in pairwise(places))


def _end(text: str) -> str:
    """From the fourth digit before the end."""
    places = [found.start() for found in _DIGITS.finditer(text)]
    return text[places[-_END] :] if len(places) >= _END else text


def _shown(host: str) -> str:
    """A host as people write it, in their own letters."""
    try:
        return idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        return host
