"""What changed since a cursor: by sync-collection (RFC 6578), else by comparing every card's ETag.

Cursors are JSON. `token`: the server's. `next`, `after`: in the middle of what changed since `token`, which
leads to `next`, everything up to the name `after` has been given. `etags`: of a server without tokens, each
card's name and a digest of its ETag, packed.
"""

from __future__ import annotations

import json
import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from firstcontact.connectors.carddav.cards import record_of
from firstcontact.connectors.carddav.client import TITLE, Dav, Listing, Refused
from firstcontact.connectors.carddav.discovery import Book
from firstcontact.connectors.contract import Changes, TryAgain
from firstcontact.identity.records import Record

PAGE = 200
"""Cards in one page."""
_WAIT = 60.0


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the feed was read; all empty: not at all. It is JSON, with the server's own words in it."""

    token: str = ""
    next: str = ""
    after: str = ""
    etags: str = ""


class Feed:
    """`changed_since` of one address book."""

    def __init__(self, dav: Dav, region: str) -> None:
        self._dav = dav
        self._region = region
        self._listed: tuple[tuple[str, str], Listing] | None = None

    def since(self, book: Book, cursor: str) -> Changes:
        """The page behind the cursor. Raises TryAgain, AuthLapsed."""
        try:
            start = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
        except msgspec.DecodeError:
            return replace(self.since(book, ""), restarted=True)
        try:
            if book.offers("sync-collection"):
                try:
                    return self._synced(book, start)
                except Refused as refused:
                    if refused.condition != "supported-report":
                        raise
            return self._compared(book, start)
        except Refused as refused:
            raise TryAgain(str(refused), _WAIT) from None

    # --- with tokens --------------------------------------------------------------------------------------

    def _synced(self, book: Book, start: Cursor) -> Changes:
        if start.etags:
            return replace(self._synced(book, Cursor()), restarted=True)
        listing = self._listing(book, start)
        if listing is None:
            return replace(self._synced(book, Cursor()), restarted=True)
        rest = sorted(name for name in listing.changed if name > start.after)
        page = rest[:PAGE]
        records, gone = self._read(book, page)
        if not start.after:
            gone = (*listing.gone, *gone)
        cursor = Cursor(token=start.next or listing.token)
        if len(rest) > len(page):
            cursor = Cursor(token=start.token, next=cursor.token, after=page[-1])
        else:
            self._listed = None
        total = len(listing.changed) if not start.token and not listing.cut else -1
        more = len(rest) > len(page) or listing.cut
        return Changes(records, gone, _written(cursor), more, total=total)

    def _listing(self, book: Book, start: Cursor) -> Listing | None:
        """What changed since the token; None where the server does not know the token any more.

        Between pages it is kept; read again after a restart it may say more than the first time, which the
        token it led to then tells once more.
        """
        if self._listed is not None and start.next and self._listed[0] == (start.token, start.next):
            return self._listed[1]
        try:
            listing = self._dav.changes(book.url, start.token)
        except Refused as refused:
            if start.token and refused.status in (400, 403, 409, 410, 412):
                return None
            raise
        self._listed = (start.token, start.next or listing.token), listing
        return listing

    # --- without ------------------------------------------------------------------------------------------

    def _compared(self, book: Book, start: Cursor) -> Changes:
        if start.token:
            return replace(self._compared(book, Cursor()), restarted=True)
        known = _unpacked(start.etags)
        now = {name: _short(etag) for name, etag in self._dav.etags(book.url).items()}
        removed = tuple(sorted(known.keys() - now.keys()))
        changed = sorted(name for name, etag in now.items() if known.get(name) != etag)
        page = changed[:PAGE]
        records, gone = self._read(book, page)
        kept = {name: etag for name, etag in known.items() if name in now}
        kept.update((name, now[name]) for name in page)
        cursor = Cursor(etags=_packed(kept))
        total = len(now) if not known else -1
        return Changes(records, (*removed, *gone), _written(cursor), len(changed) > len(page), total=total)

    # --- both ---------------------------------------------------------------------------------------------

    def _read(self, book: Book, names: Sequence[str]) -> tuple[tuple[Record, ...], tuple[str, ...]]:
        """The cards as they are now; those that are not there any more, and lists of cards, are gone."""
        cards = self._dav.fetch(book.url, names)
        records = {
            name: record_of(card.text, name, self._region) if card else None for name, card in cards.items()
        }
        present = tuple(record for record in records.values() if record is not None)
        return present, tuple(name for name, record in records.items() if record is None)


def _written(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def _short(etag: str) -> str:
    return sha256(etag.encode("utf-8", "replace")).hexdigest()[:12]


def _packed(etags: Mapping[str, str]) -> str:
    # An empty address book has been read, too, which "" would not say.
    return b85encode(zlib.compress(json.dumps(dict(sorted(etags.items()))).encode(), 9)).decode()


def _unpacked(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        found: dict[str, str] = json.loads(zlib.decompress(b85decode(text)))
    except (ValueError, zlib.error) as error:
        raise TryAgain(f"{TITLE}'s cursor cannot be read.", _WAIT) from error
    return found
