"""What a connection logs in with is sealed, and renewed once for all workers."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from renewing import LOGIN, renew_at_once
from sqlalchemy import Connection, text

from firstcontact import keyring
from firstcontact.boundaries import Boundary
from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.lanes import credentials as module
from firstcontact.lanes.credentials import KeptCredentials, check, seal_anew
from firstcontact.lanes.owners import new_owner
from firstcontact.ledger import credentials
from firstcontact.ledger.book import Ledger


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """Where the key ring is to be."""
    return tmp_path / "keys" / "ring.json"


@pytest.fixture
def kept(ledger: Ledger, ring: Path) -> KeptCredentials:
    """A connection that is logged in."""
    made = KeptCredentials(ledger, ring, "office")
    made.keep(LOGIN)
    return made


def test_what_was_kept_is_read(kept: KeptCredentials) -> None:
    """Every value comes back as it was given."""
    assert kept.read() == LOGIN


def test_the_database_alone_tells_nothing(kept: KeptCredentials, ledger: Ledger) -> None:
    """No value, nor the name of one, stands in the database; equal logins do not look equal."""
    with ledger.read() as tx:
        first = credentials.row(tx, "office")
        everything = b"".join(bytes(row.sealed) for row in credentials.rows(tx))
    assert first is not None
    assert b"s3cret" not in everything
    assert b"access_token" not in everything
    kept.keep(LOGIN)
    with ledger.read() as tx:
        second = credentials.row(tx, "office")
    assert second is not None
    assert second.sealed != first.sealed


@pytest.mark.usefixtures("kept")
def test_a_login_does_not_open_as_another_connections(ledger: Ledger, ring: Path) -> None:
    """Whoever can write to the database cannot hand one connection the login of another."""
    with ledger.write() as tx:
        tx.execute(text("UPDATE credentials SET connection = 'other'"))
    with pytest.raises(TryAgain, match="not sealed"):
        KeptCredentials(ledger, ring, "other").read()


def test_nothing_kept_is_a_lapsed_permission(ledger: Ledger, ring: Path) -> None:
    """A connection that was never logged in is one that a person has to log in."""
    with pytest.raises(AuthLapsed, match="firstcontact connect"):
        KeptCredentials(ledger, ring, "office").read()


def test_forgotten_is_forgotten(kept: KeptCredentials, ledger: Ledger) -> None:
    """After it is forgotten, nothing of a login is in the table."""
    assert kept.forget()
    assert not kept.forget()
    with ledger.read() as tx:
        assert credentials.rows(tx) == ()


@pytest.mark.usefixtures("kept")
def test_without_the_key_the_work_waits(ledger: Ledger, tmp_path: Path) -> None:
    """A machine without the key ring leaves work to others, and says what is missing where it starts."""
    elsewhere = tmp_path / "no" / "ring.json"
    with pytest.raises(TryAgain, match="Copy the key ring"):
        KeptCredentials(ledger, elsewhere, "office").read()
    with pytest.raises(keyring.KeyProblem, match="Copy the key ring"):
        check(ledger, elsewhere, "office")
    check(ledger, elsewhere, "another that has no login")


def test_another_key_seals_everything_anew(kept: KeptCredentials, ledger: Ledger, ring: Path) -> None:
    """After a rotation the new key seals all logins, a worker that runs on reads them and keeps new ones by
    it, and without the old key nothing is lost."""
    running = KeptCredentials(ledger, ring, "office")
    assert running.read() == LOGIN
    before = keyring.load(ring)
    after = keyring.add_key(ring)
    assert before is not None
    assert before.current != after.current
    assert seal_anew(ledger, after) == 1
    keyring.forget_others(ring)
    assert running.read() == LOGIN
    running.renew(LOGIN, lambda _: {"access_token": "second"})
    with ledger.read() as tx:
        assert credentials.keys_in_use(tx) == {after.current: 1}
    assert kept.read()["access_token"] == "second"


@pytest.mark.usefixtures("kept")
def test_a_key_that_is_forgotten_as_a_login_is_kept_loses_none(ring: Path, ledger: Ledger) -> None:
    """A rotation that forgets old keys, right before a worker keeps what it renewed, leaves it openable."""

    class Rotated(Ledger):
        def write(self, boundary: Boundary | None = None) -> AbstractContextManager[Connection]:
            if boundary is Boundary.KEEP_RENEWED:
                seal_anew(ledger, keyring.add_key(ring))
                keyring.forget_others(ring)
            return super().write(boundary)

    worker = KeptCredentials(Rotated(ledger.engine), ring, "office")
    worker.renew(LOGIN, lambda _: {"access_token": "second"})
    assert KeptCredentials(ledger, ring, "office").read()["access_token"] == "second"


class Vendor:
    """Gives tokens, one after the other, and not at once."""

    def __init__(self, seconds: float = 0.2) -> None:
        self.asked = 0
        self.seconds = seconds
        self._lock = threading.Lock()

    def renew(self, kept: Mapping[str, str]) -> Mapping[str, str]:
        """The next token."""
        with self._lock:
            self.asked += 1
            number = self.asked
        time.sleep(self.seconds)
        return {"access_token": f"token {number} after {kept['access_token']}"}


def test_eight_threads_renew_once(kept: KeptCredentials, ledger: Ledger, ring: Path) -> None:
    """Eight workers whose token was refused ask the vendor once, and all have what it gave."""
    vendor = Vendor()

    def work(_: int) -> str:
        mine = KeptCredentials(ledger, ring, "office")
        return mine.renew(LOGIN, vendor.renew)["access_token"]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {"token 1 after first"}
    assert vendor.asked == 1
    assert kept.read() == {**LOGIN, "access_token": "token 1 after first"}


@pytest.mark.usefixtures("kept")
def test_two_processes_renew_once(where: str, ring: Path, tmp_path: Path) -> None:
    """So do workers in processes of their own."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[str] = context.Queue()
    go = context.Event()
    asked = tmp_path / "asked"
    arguments = (where, str(ring), str(asked), answers, go)
    processes = [context.Process(target=renew_at_once, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    time.sleep(1.0)
    go.set()
    assert [answers.get(timeout=30), answers.get(timeout=30)] == ["second", "second"]
    for process in processes:
        process.join(30)
    assert asked.read_text() == "x"


def test_a_renewal_that_failed_leaves_everything_as_it_was(kept: KeptCredentials) -> None:
    """What the vendor's refusal is called goes on, nothing is changed, and the next one may try at once."""

    def refused(_: Mapping[str, str]) -> Mapping[str, str]:
        raise AuthLapsed("refused")

    with pytest.raises(AuthLapsed, match="refused"):
        kept.renew(LOGIN, refused)
    assert kept.read() == LOGIN
    assert kept.renew(LOGIN, lambda _: {"access_token": "second"})["access_token"] == "second"


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_login_that_cannot_be_kept_is_not_asked_for(when: str, kept: KeptCredentials, ring: Path) -> None:
    """Without the key ring the vendor is not asked, since a used refresh token may be good no more; where the
    ring goes while it is asked, the work comes up again. No error of the ring's own leaves."""
    asked: list[str] = []

    def ask(_: Mapping[str, str]) -> Mapping[str, str]:
        asked.append("asked")
        ring.unlink(missing_ok=True)
        raise OSError("the disk is away")

    kept.read()
    if when == "before":
        ring.unlink()
    with pytest.raises(TryAgain):
        kept.renew(LOGIN, ask)
    assert asked == ([] if when == "before" else ["asked"])


def test_nobody_waits_for_a_worker_that_died(
    kept: KeptCredentials, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was killed in the middle of a renewal keeps others from it until its lease ends, and
    those who can see that it is gone not at all."""
    with ledger.write() as tx:
        credentials.take_renewal(tx, "office", "a dead one", 2**61)
    assert kept.renew(LOGIN, lambda _: {"access_token": "a clock was set back"})["access_token"]
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    now = time.time_ns() // 1000
    with ledger.write() as tx:
        credentials.take_renewal(tx, "office", "a dead one", now + 60_000_000)
    with pytest.raises(TryAgain, match="Another worker"):
        kept.renew(kept.read(), lambda _: {})
    machine, _, started, name = new_owner().split(" ")
    with ledger.write() as tx:
        of_this_machine = f"{machine} {2**22 + 1} {started} {name}"
        credentials.take_renewal(tx, "office", of_this_machine, now + 60_000_000)
    assert kept.renew(kept.read(), lambda _: {"access_token": "at once"})["access_token"] == "at once"
    with ledger.write() as tx:
        credentials.take_renewal(tx, "office", "a dead one", now - 1)
    assert kept.renew(kept.read(), lambda _: {"access_token": "third"})["access_token"] == "third"


def test_who_logs_in_meanwhile_has_the_last_word(kept: KeptCredentials) -> None:
    """What a person has just logged in with is not overwritten by a renewal of what was kept before."""
    fresh = {**LOGIN, "access_token": "by a person"}

    def slow(_: Mapping[str, str]) -> Mapping[str, str]:
        kept.keep(fresh)
        return {"access_token": "late"}

    assert kept.renew(LOGIN, slow) == fresh
    assert kept.read() == fresh


def test_a_refusal_of_what_is_no_longer_kept_is_none(kept: KeptCredentials) -> None:
    """Who logs in while an older login is being refused is not told that the permission has lapsed."""

    def ask(_: Mapping[str, str]) -> Mapping[str, str]:
        kept.keep({"access_token": "a person's"})
        raise AuthLapsed("refused")

    assert kept.renew(LOGIN, ask) == {"access_token": "a person's"}


def test_no_transaction_is_open_while_the_vendor_thinks(kept: KeptCredentials, ledger: Ledger) -> None:
    """Others read and write the ledger in the middle of a renewal."""

    def look(_: Mapping[str, str]) -> Mapping[str, str]:
        with ledger.write() as tx:
            tx.execute(text("INSERT INTO facts (name, value) VALUES ('meanwhile', 'written')"))
        return {}

    kept.renew(LOGIN, look)


def test_nothing_of_it_is_shown(kept: KeptCredentials, ledger: Ledger, ring: Path) -> None:
    """Rows, keys and rings shown by a careless line of the program tell no secret."""
    loaded = keyring.load(ring)
    assert loaded is not None
    raw = json.loads(ring.read_text())["keys"][loaded.current]["key"]
    with ledger.read() as tx:
        shown = f"{credentials.row(tx, 'office')!r} {loaded!r} {kept!r} {keyring.Key('2026-03-01', raw)!r}"
    assert raw not in shown
    assert "s3cret" not in shown
