"""What a CRM connection logs in with: sealed in the ledger, renewed once for all workers.

A renewal is leased in the ledger before the vendor is asked and kept after it, so no transaction is open
while the vendor thinks, and every other worker, thread, process or machine, waits for what the first one
gets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from firstcontact import keyring
from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.keyring import KeyProblem, KeyRing, missing_key
from firstcontact.lanes.owners import is_gone, new_owner
from firstcontact.ledger import credentials, leasing
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.credentials import CredentialsRow
from firstcontact.ledger.erased import SEALED_AS

RENEWAL_SECONDS = 90.0
"""For so long nobody else asks: longer than the slowest answer that is waited for."""
WAIT_SECONDS = 20.0
"""For so long a worker waits for another one's renewal, before its work is tried again later."""
_NO_KEY_SECONDS = 60.0
_LOOK_SECONDS = (0.02, 0.5)
"""How often it looks: at first, and at last."""

_decoder = msgspec.json.Decoder(dict[str, str])


class KeptCredentials:
    """The contract's `Credentials` of one connection."""

    def __init__(
        self,
        ledger: Ledger,
        ring: Path,
        connection: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """ring: the file of the key ring. It is read when it is needed, since keys are added to it."""
        self._ledger = ledger
        self._path = ring
        self._connection = connection
        self._sleep = sleep
        self._ring: KeyRing | None = None

    def read(self) -> Mapping[str, str]:
        """See `Credentials`. Raises AuthLapsed, TryAgain where this machine has not got the key."""
        with self._ledger.read() as tx:
            row = credentials.row(tx, self._connection)
        return self._opened(row)

    def renew(
        self, stale: Mapping[str, str], ask: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Mapping[str, str]:
        """See `Credentials`. Raises AuthLapsed, TryAgain where another worker takes long or this machine has
        not got the key, and whatever `ask` raises."""
        who = new_owner()
        kept, version = self._turn(who, stale)
        if not version:
            return kept
        try:
            self._sealed(kept)  # what the vendor gives must be kept: a used refresh token may be good no more
            with crossing(Boundary.ASK_FOR_LOGIN):
                news = ask(kept)
        except BaseException as error:
            with self._ledger.write(Boundary.END_RENEWAL) as tx:
                credentials.give_back_renewal(tx, self._connection, who)
                row = credentials.row(tx, self._connection)
            if isinstance(error, AuthLapsed) and row is not None and row.version != version:
                return self._opened(row)  # what was refused is not what is kept by now
            if isinstance(error, KeyProblem | OSError):
                raise TryAgain(str(error), _NO_KEY_SECONDS) from error
            raise
        try:
            return self._keep_renewed(kept, news, version)
        except (KeyProblem, OSError) as problem:
            raise TryAgain(str(problem), _NO_KEY_SECONDS) from problem

    def keep(self, values: Mapping[str, str]) -> None:
        """These from here on, whatever was kept; the key ring is made where there is none yet. Raises
        KeyProblem where another machine has the ring, OSError."""
        keyring.make(self._path)
        with self._ledger.write(Boundary.KEEP_CREDENTIALS) as tx:
            key, sealed = self._sealed(values)
            credentials.keep(tx, self._connection, key, sealed, leasing.clock(tx))

    def forget(self) -> bool:
        """Keep nothing any more. Whether there was something."""
        with self._ledger.write(Boundary.FORGET_CREDENTIALS) as tx:
            return credentials.forget(tx, self._connection)

    def _turn(self, who: str, stale: Mapping[str, str]) -> tuple[Mapping[str, str], int]:
        """What is kept, and its version where it is this worker's turn to renew it; 0 where it is newer than
        `stale` already."""
        until = time.monotonic() + WAIT_SECONDS
        pause = _LOOK_SECONDS[0]
        while True:
            with self._ledger.read() as tx:
                row, now = credentials.row(tx, self._connection), leasing.clock(tx)
            kept = self._opened(row)
            if kept != dict(stale):
                return kept, 0
            if not self._others_turn(row, now):
                with self._ledger.write(Boundary.LEASE_RENEWAL) as tx:
                    row, now = credentials.row(tx, self._connection), leasing.clock(tx)
                    if row is not None and not self._others_turn(row, now):
                        lasts = now + int(RENEWAL_SECONDS * 1_000_000)
                        credentials.take_renewal(tx, self._connection, who, lasts)
                        kept = self._opened(row)
                        if kept == dict(stale):
                            return kept, row.version
                        credentials.give_back_renewal(tx, self._connection, who)
                        return kept, 0
            if time.monotonic() > until:
                raise TryAgain("Another worker is renewing the login.", _LOOK_SECONDS[1] * 10)
            self._sleep(pause)
            pause = min(2 * pause, _LOOK_SECONDS[1])

    def _others_turn(self, row: CredentialsRow | None, now: int) -> bool:
        """Whether somebody is renewing, as far as can be told: not a process of this machine that is gone,
        and a lease that would last longer than any is from a clock that was set back."""
        longest = now + int(RENEWAL_SECONDS * 1_000_000)
        if row is None or not row.renewing or not now < row.until <= longest:
            return False
        return not is_gone(row.renewing)

    def _keep_renewed(
        self, kept: Mapping[str, str], news: Mapping[str, str], version: int
    ) -> Mapping[str, str]:
        """What the vendor gave, laid over what is kept; where a person has logged in meanwhile, or a worker
        renewed it that did not wait so long, theirs stands."""
        renewed = {**kept, **news}
        with self._ledger.write(Boundary.KEEP_RENEWED) as tx:
            row = credentials.row(tx, self._connection)
            if row is not None and row.version == version:
                key, sealed = self._sealed(renewed)
                credentials.keep(tx, self._connection, key, sealed, leasing.clock(tx))
                return renewed
        return self._opened(row)

    def _opened(self, row: CredentialsRow | None) -> Mapping[str, str]:
        if row is None:
            raise AuthLapsed(
                f"Nothing is kept to log in to {self._connection} with; `firstcontact connect` logs in."
            )
        try:
            if self._ring is None or row.key not in self._ring:
                self._ring = _ring_for(self._path, row.key)
            return _decoder.decode(self._ring.open(row.key, row.sealed, credentials.about(row.connection)))
        except (KeyProblem, OSError) as problem:
            # Other machines may well have it: the work comes up again, and is not taken for impossible.
            raise TryAgain(str(problem), _NO_KEY_SECONDS) from problem

    def _sealed(self, values: Mapping[str, str]) -> tuple[str, bytes]:
        """By the key that is current now, in whichever process it was made so. Within the transaction that
        keeps it: otherwise all could be sealed anew, and the key taken out of the ring, in between."""
        self._ring = keyring.load(self._path)
        if self._ring is None:
            raise KeyProblem(f"{self._path}: there is no key ring, so no login can be kept.")
        return self._ring.seal(msgspec.json.encode(dict(values)), credentials.about(self._connection))


def check(ledger: Ledger, ring: Path, connection: str) -> None:
    """That this machine can open what the connection logs in with, if anything is kept. Raises KeyProblem,
    OSError."""
    with ledger.read() as tx:
        row = credentials.row(tx, connection)
    if row is not None:
        _ring_for(ring, row.key).open(row.key, row.sealed, credentials.about(connection))


def _ring_for(path: Path, key: str) -> KeyRing:
    ring = keyring.load(path)
    if ring is None or key not in ring:
        raise missing_key(path, key)
    return ring


def seal_anew(ledger: Ledger, ring: KeyRing) -> int:
    """Every login under the ring's current key, as one step; how many there are. Raises KeyProblem."""
    with ledger.write(Boundary.SEAL_ANEW) as tx:
        kept = credentials.rows(tx)
        for row in kept:
            plain = ring.open(row.key, row.sealed, credentials.about(row.connection))
            credentials.seal_anew(tx, row.connection, *ring.seal(plain, credentials.about(row.connection)))
    return sum(1 for row in kept if row.connection != SEALED_AS)
