"""Who was erased: handles as keyed hashes, and nothing else of them (SPEC §10).

The key of the hashes is in the ledger as logins are: sealed by the key ring, which is not in the database. So
neither the database nor a backup tells who it was, nor can anybody try addresses on them.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, select

from firstcontact import keyring
from firstcontact.keyring import KeyProblem
from firstcontact.ledger import credentials
from firstcontact.ledger.tables_of_people import erased
from firstcontact.store.statements import Statement, insert_new, values

SEALED_AS = "erased people"
"""Where the key of the hashes stands among what is sealed; no connection can be called so."""

_LOST = (
    "It is needed to know people who were erased by a keyed hash: copy it from where it is. Where it is "
    "lost, `firstcontact person lost-key` goes on without; they may be captured again, and are then to be "
    "erased anew."
)
_KEY_BYTES = 32
_HASH, _MARKER = 32, 12
"""Hex digits of a hash, and of what stands for a handle where a reference needs something."""
_MOST_REMEMBERED = 65_536

_ANYBODY = Statement(select(erased.c.at).limit(1))
_AMONG = Statement(select(erased.c.hash).where(erased.c.hash.in_(values("hashes"))))


class Erased:
    """Who was erased in this ledger. ring: the file of the key ring."""

    def __init__(self, ring: Path | None = None) -> None:
        self._ring = ring
        self._key = b""
        self._hashes: dict[str, str] = {}

    def anybody(self, tx: Connection) -> bool:
        """Whether anybody was erased."""
        return bool(_ANYBODY.rows(tx))

    def markers(self, tx: Connection, keys: Collection[str]) -> dict[str, str]:
        """Those of these handle keys whose owners were erased, each with what stands for it. Where nobody
        was, it is one look at an empty table. Raises KeyProblem where this machine has not got the key."""
        if not keys or not self.anybody(tx):
            return {}
        if credentials.row(tx, SEALED_AS) is None and not self._key:
            return {}  # the key was lost, and a person has said so
        by_hash = {self._hash(tx, key): key for key in keys}
        found = _AMONG.rows(tx, hashes=list(by_hash))
        return {by_hash[hash]: marker(hash) for (hash,) in found}

    def make_ring(self) -> None:
        """The key ring is there from here on. Raises KeyProblem, OSError."""
        if self._ring is None:
            raise KeyProblem("This installation has no key ring, which erasing needs.")
        keyring.make(self._ring)

    def remember(self, tx: Connection, keys: Collection[str], at: int) -> dict[str, str]:
        """These are erased from here on; what stands for each. The key ring has to be there (`keyring.make`).
        Raises KeyProblem."""
        self._make_key(tx, at)
        hashes = {key: self._hash(tx, key) for key in keys}
        insert_new(tx, erased, [{"hash": hash, "at": at} for hash in hashes.values()])
        return {key: marker(hash) for key, hash in hashes.items()}

    def digest(self, tx: Connection, text: str) -> bytes:
        """A keyed digest of a text, of 20 bytes. Raises KeyProblem."""
        return hmac.digest(self._opened(tx), b"\0" + text.encode("utf-8", "surrogatepass"), "sha256")[:20]

    def _make_key(self, tx: Connection, at: int) -> None:
        if credentials.row(tx, SEALED_AS) is None:
            fresh = secrets.token_bytes(_KEY_BYTES)
            id, sealed = self._loaded().seal(fresh.hex().encode(), credentials.about(SEALED_AS))
            credentials.keep(tx, SEALED_AS, id, sealed, at)

    def _hash(self, tx: Connection, handle: str) -> str:
        found = self._hashes.get(handle)
        if found is None:
            if len(self._hashes) >= _MOST_REMEMBERED:
                self._hashes.clear()
            key = self._opened(tx)
            found = hmac.digest(key, handle.encode("utf-8", "surrogatepass"), "sha256").hex()[:_HASH]
            self._hashes[handle] = found
        return found

    def _opened(self, tx: Connection) -> bytes:
        if self._key:
            return self._key
        row = credentials.row(tx, SEALED_AS)
        if row is None:
            raise KeyProblem("The key that people who were erased are known by is not in the ledger.")
        try:
            plain = self._loaded().open(row.key, row.sealed, credentials.about(SEALED_AS))
        except KeyProblem as problem:
            raise KeyProblem(f"{problem} {_LOST}") from None
        self._key = bytes.fromhex(plain.decode())
        return self._key

    def _loaded(self) -> keyring.KeyRing:
        ring = keyring.load(self._ring) if self._ring is not None else None
        if ring is None:
            raise KeyProblem(f"{self._ring or 'The key ring'}: there is no such key ring.")
        return ring


def marker(hash: str) -> str:
    """What stands for an erased handle in ids and references: equal ones stay equal."""
    return f"erased-{hash[:_MARKER]}"


def count(tx: Connection) -> int:
    """How many handles of people who were erased are known by their hashes."""
    return len(tx.execute(select(erased.c.hash)).all())
