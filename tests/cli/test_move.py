"""`firstcontact move`: an installation goes from one database to the other, whole, whatever interrupts it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firstcontact import homes
from firstcontact.bootstrap import open_installation, sides
from firstcontact.config import load
from firstcontact.ledger.history import HISTORY as LEDGER
from firstcontact.settings_text import StoreAt
from firstcontact.store import moving
from firstcontact.store import rows as rows_module
from firstcontact.store.engine import begin, fetch
from firstcontact.store.problems import StoreProblem
from firstcontact.store.rows import shapes
from firstcontact.testing.postgres import Server

FirstContact = Any
"""The fixtures' own class is in `conftest`."""


@pytest.fixture
def address(postgres: Server) -> str:
    """An empty PostgreSQL database."""
    return postgres.database()


def test_to_postgresql_and_back(week: FirstContact, address: str, write_mbox: Any) -> None:
    """Every row goes over, work goes on there, and back again; the old place takes no more writes."""
    before, status = week.rows(), week.json("status")
    said = week.done("move", "--to", address)
    assert "both were compared" in said.out
    assert tomllib.loads((week.home / "settings.toml").read_text())["store"]["url"] == address
    assert week.rows() == before
    there = week.json("status")
    assert there == {**status, "store": there["store"]}
    assert there["store"].startswith("postgresql://")
    mail = write_mbox("more.mbox", [{"To": "ana@ruizlaw.example", "Message-ID": "<new@acme.example>"}])
    week.done("import", mail, "--yes", "--for", "dana")
    assert week.json("status")["interactions"] == status["interactions"] + 1
    grown = week.rows()
    assert week.done("move", "--to", "files").out.startswith("Moved ")
    assert week.rows() == grown
    assert "store" not in tomllib.loads((week.home / "settings.toml").read_text())


def test_a_folder_of_its_own(week: FirstContact) -> None:
    """Files may stand in another folder than the settings."""
    before = week.rows()
    week.done("move", "--to", week.home / "databases")
    assert tomllib.loads((week.home / "settings.toml").read_text())["store"] == {"folder": "databases"}
    assert (week.home / "databases" / "ledger.db").exists()
    assert week.rows() == before


def test_numbers_go_on_after_the_last(week: FirstContact, address: str) -> None:
    """What PostgreSQL numbers by itself goes on after the rows that were moved."""
    week.done("move", "--to", address)
    ledger, _ = sides(week.home, StoreAt(url=address))
    with begin(ledger.engine) as tx:
        for shape in shapes(ledger.history.metadata):
            if shape.counter:
                most = tx.exec_driver_sql(f'SELECT max("{shape.counter}") FROM "{shape.name}"').scalar() or 0
                sequence = f"pg_get_serial_sequence('\"{shape.name}\"', '{shape.counter}')"
                assert tx.exec_driver_sql(f"SELECT nextval({sequence})").scalar() == most + 1, shape.name


def test_the_old_place_takes_no_more_writes(week: FirstContact, address: str) -> None:
    """A program that was at work on the old database is told that it was moved, instead of writing on."""
    opened = open_installation(load(week.home))
    week.done("move", "--to", address)
    for write in (
        lambda: opened.installation.release_brake("ana"),
        lambda: opened.address_book.changing().__enter__(),
    ):
        with pytest.raises(StoreProblem, match="was moved to another one") as caught:
            write()
        assert caught.value.trouble == "moved"
        assert not caught.value.passing
    with pytest.raises(StoreProblem, match=r"take over the `\[store\]`"):
        open_installation(load_with_files(week.home))


def load_with_files(home: Path) -> Any:
    import msgspec

    return msgspec.structs.replace(load(home), store=StoreAt())


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("direction", ["to postgresql", "to files"])
def test_killed_anywhere_and_started_again(
    week: FirstContact, address: str, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted before and after any of its steps and started again, a move ends with every row once."""
    if direction == "to files":
        week.done("move", "--to", address)
    before = week.rows()
    to = address if direction == "to postgresql" else "files"
    at = StoreAt(url=address) if direction == "to postgresql" else StoreAt()
    steps: list[str] = []

    def counted(name: str, real: Any) -> Any:
        def step(*arguments: Any, **more: Any) -> Any:
            steps.append(name)
            if len(steps) == stop_at:
                raise Killed(name)
            return real(*arguments, **more)

        return step

    for module, name in (
        (moving, "close_source"),
        (moving, "bring_up"),
        (moving, "set_version"),
        (moving, "fill"),
        (moving, "go_on_counting"),
        (moving, "open_target"),
        (moving, "leave_source"),
        (homes, "set_store"),
    ):
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    source_at, stop_at, finished = load(week.home).store, 0, False
    while not finished:
        stop_at += 1
        steps.clear()
        home = load(week.home)
        if home.store != source_at:
            break
        try:
            homes.move(home, sides(home.folder, source_at), sides(home.folder, at), at, lambda _, __: None)
            finished = True
        except Killed:
            pass
    assert stop_at > 20
    monkeypatch.undo()
    assert load(week.home).store == at
    assert week.rows() == before
    assert week("move", "--to", to).status == 2


def test_a_process_that_is_killed(week: FirstContact, address: str) -> None:
    """After kill -9 nothing writes to the half-moved installation; the same command ends the move."""
    before = week.rows()
    process = week.start("move", "--to", address)
    ledger = week.home / "ledger.db"
    until = time.monotonic() + 30
    while version(ledger) != f"{LEDGER.head} moving" and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    if load(week.home).store == StoreAt():
        refused = week("import", week.home / "none.mbox")
        assert refused.status == 2
        assert "is being moved to another one" in refused.err
        week.done("move", "--to", address)
    assert week.rows() == before


def version(path: Path) -> str:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return str(connection.execute("SELECT version_num FROM ledger_version").fetchone()[0])


def test_given_up(week: FirstContact) -> None:
    """An interrupted move can be given up: the old database is in use as if nothing had been."""
    before = week.rows()
    for side in sides(week.home, StoreAt()):
        moving.close_source(moving.Way(side.history, side.engine, side.engine))
        side.engine.dispose()
    assert "is being moved" in week("status").err
    assert "in use again" in week.done("move", "--cancel").out
    assert week.json("status")["interactions"] > 0
    assert week.rows() == before
    assert "Nothing was being moved" in week.done("move", "--cancel").out


def test_a_copy_that_differs_is_not_used(
    week: FirstContact, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one value is not what it was, the move is refused with the table's name, and work goes on."""
    real = rows_module.fill

    def wrong(connection: Any, shape: Any, rows: Any) -> None:
        if shape.name == "names":
            rows = ((*row[:2], "Mallory", *row[3:]) if n == 0 else row for n, row in enumerate(rows))
        real(connection, shape, rows)

    monkeypatch.setattr(moving, "fill", wrong)
    said = week("move", "--to", address)
    assert (said.status, "is not what was read (names)" in said.all) == (2, True)
    monkeypatch.undo()
    assert load(week.home).store == StoreAt()
    assert week("status").status == 0


def test_another_installation_is_not_overwritten(week: FirstContact, fc: FirstContact, address: str) -> None:
    """A database that is another installation's, in use or half filled, is refused."""
    fc.done("move", "--to", address)
    said = week("move", "--to", address)
    assert said.status == 2
    assert "belongs to another installation" in said.err
    assert week("status").status == 0


def test_the_same_place_under_another_name(week: FirstContact, address: str) -> None:
    """A database is known again under another address; nothing is closed or emptied."""
    week.done("move", "--to", address)
    other = address.replace("firstcontact@/", "firstcontact@:5432/")
    for to in (address, other):
        said = week("move", "--to", to)
        assert (said.status, "is where this installation is already" in said.all) == (2, True), said
    assert week("status").status == 0
    week.done("move", "--to", "files")
    link = week.home.parent / "link"
    link.symlink_to(week.home)
    assert "is where this installation is already" in week("move", "--to", link).all


def test_not_while_workers_are_at_it(week: FirstContact, address: str) -> None:
    """Somebody who works is named; with --anyway the work is stopped instead."""
    from firstcontact.lanes.owners import new_owner

    with sqlite3.connect(week.home / "ledger.db") as ledger:
        later = (int(time.time()) + 600) * 1_000_000
        ledger.execute(
            "INSERT OR REPLACE INTO lanes VALUES ('address_book', 3, ?, ?, 0, '')", (new_owner(), later)
        )
    said = week("move", "--to", address)
    assert (said.status, f"process {os.getpid()}" in said.err) == (2, True), said
    assert week("status").status == 0
    week.done("move", "--to", address, "--anyway")


def test_a_nul_in_a_text(week: FirstContact, address: str) -> None:
    """PostgreSQL holds no NUL character: it becomes U+FFFD, and the move says how often."""
    with sqlite3.connect(week.home / "ledger.db") as ledger:
        columns = "digest, place, reason, detail, at"
        ledger.execute(f"INSERT INTO rejections ({columns}) VALUES (x'00', 'p', 'r', 'a'||char(0), 1)")
    assert "became U+FFFD" in week.done("move", "--to", address).err
    ledger_side, _ = sides(week.home, StoreAt(url=address))
    rows = fetch(ledger_side.engine, "SELECT detail FROM rejections WHERE place = %s", ("p",))
    assert rows == [("a\N{REPLACEMENT CHARACTER}",)]


def test_a_password_goes_into_a_file_of_its_own(week: FirstContact, address: str) -> None:
    """A password in the address is kept in a file for its owner alone, and shown nowhere."""
    said = week("move", "--to", address.replace("firstcontact@", "firstcontact:s3cret@"))
    assert said.status == 0, said
    assert "s3cret" not in said.all
    kept = week.home / "store.password"
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("s3cret\n", 0o600)
    for path in week.home.iterdir():
        assert path == kept or b"s3cret" not in path.read_bytes(), path
    assert json.dumps(week.json("status")).count("s3cret") == 0


@pytest.fixture(autouse=True)
def _no_engines_left() -> Iterator[None]:
    """Connections that a test has left open are closed, so that databases can go."""
    import gc

    yield
    gc.collect()
