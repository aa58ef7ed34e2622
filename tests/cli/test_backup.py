"""`firstcontact backup` and `restore`: everything in one file, for either database, checked each way."""

from __future__ import annotations

import os
import shutil
import signal
import time
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from firstcontact import keyring
from firstcontact.bootstrap import open_installation
from firstcontact.config import load
from firstcontact.store.problems import StoreProblem
from firstcontact.testing.postgres import Server

FirstContact = Any
"""The fixtures' own class is in `conftest`."""


@pytest.fixture
def address(postgres: Server) -> str:
    """An empty PostgreSQL database."""
    return postgres.database()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the backup goes."""
    return tmp_path / "monday.backup"


def other(fc: FirstContact) -> FirstContact:
    """Another home, which is not there yet."""
    return type(fc)(fc.home.parent / "other" / "home")


def but_facts(rows: dict[str, Any]) -> dict[str, Any]:
    """Without the one table in which a restore leaves a word."""
    return {name: each for name, each in rows.items() if name != "ledger.facts"}


@pytest.mark.parametrize("from_postgres", [False, True])
@pytest.mark.parametrize("to_postgres", [False, True])
def test_there_and_back(
    week: FirstContact, postgres: Server, file: Path, from_postgres: bool, to_postgres: bool
) -> None:
    """Every row, the settings, the id and the key ring come back, into whichever database is asked for."""
    ring = keyring.make(week.home / "keys" / "ring.json")
    id, sealed = ring.seal(b"a login", "of ours")
    if from_postgres:
        week.done("move", "--to", postgres.database())
    rows = week.rows()
    said = week.json("backup", file, "--with-keys")
    assert said["keys"]
    assert said["rows"] == sum(each.rows for each in rows.values())
    assert file.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(week.home)
    back = other(week)
    to = postgres.database() if to_postgres else "files"
    assert back.json("restore", file, "--store", to)["aside"] == []
    assert but_facts(back.rows()) == but_facts(rows)
    again = keyring.load(back.home / "keys" / "ring.json")
    assert again is not None
    assert again.open(id, sealed, "of ours") == b"a login"
    assert (back.home / "keys" / "ring.json").stat().st_mode & 0o777 == 0o600
    settings = tomllib.loads((back.home / "settings.toml").read_text())
    assert settings.get("store", {}) == ({"url": to} if to_postgres else {})
    assert back.json("status")["interactions"] == rows["ledger.interactions"].rows
    assert back.done("backup", back.home.parent / "again.backup")


def test_without_its_keys_a_backup_opens_no_login(week: FirstContact, file: Path) -> None:
    """The key ring is in a backup only where it was asked for, and both are said."""
    ring = week.home / "keys" / "ring.json"
    keyring.make(ring)
    said = week.done("backup", file)
    assert "is not in it" in said.all
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if "ring" in name]
        assert not any(b"ring.json" in archive.read(name) for name in archive.namelist())
    assert "can log in" in week.done("backup", file, "--with-keys").all


def test_no_key_is_lost_by_a_restore(week: FirstContact, file: Path) -> None:
    """Keys that were made since the backup stay, and those of the backup come to them."""
    path = week.home / "keys" / "ring.json"
    first = keyring.make(path).current
    week.done("backup", file, "--with-keys")
    path.unlink()
    second = keyring.make(path).current
    week.done("restore", file, "--force")
    ring = keyring.load(path)
    assert ring is not None
    assert (ring.current, set(ring.made)) == (second, {first, second})


def test_an_installation_is_not_overwritten(week: FirstContact, fc: FirstContact, file: Path) -> None:
    """What is there stays, unless --force says otherwise; then it is renamed, and takes no more writes."""
    week.done("backup", file)
    before = fc.rows()
    opened = open_installation(load(fc.home))
    said = fc("restore", file)
    assert (said.status, "There is an installation already" in said.err) == (2, True)
    assert fc.rows() == before
    done = fc.done("restore", file, "--force")
    assert but_facts(fc.rows()) == but_facts(week.rows())
    assert "What was there is in" in done.out
    with pytest.raises(StoreProblem, match="was moved to another one"):
        opened.installation.release_brake("ana")
    kept = [path for path in fc.home.glob("ledger.db.before-*") if path.suffix.startswith(".before")]
    assert len(kept) >= 1


def test_a_database_in_use_is_not_overwritten(
    week: FirstContact, fc: FirstContact, address: str, file: Path
) -> None:
    """A PostgreSQL database that holds an installation is replaced with --force by its own backup alone."""
    fc.done("move", "--to", address)
    fc.done("backup", file.with_suffix(".fc"))
    before = fc.rows()
    week.done("backup", file)
    back = other(week)
    assert "There is an installation already" in back("restore", file, "--store", address).err
    assert "belongs to another" in back("restore", file, "--store", address, "--force").err
    assert fc.rows() == before
    fc.done("brake", "release")
    assert fc.rows() != before
    assert "There is an installation already" in fc("restore", file.with_suffix(".fc")).err
    fc.done("restore", file.with_suffix(".fc"), "--force")
    assert but_facts(fc.rows()) == but_facts(before)


def test_in_place_of_a_damaged_file(week: FirstContact, file: Path) -> None:
    """A ledger that cannot be read any more is set aside and restored."""
    rows = week.rows()
    week.done("backup", file)
    for part in ("", "-wal", "-shm"):
        (week.home / f"ledger.db{part}").unlink(missing_ok=True)
    (week.home / "ledger.db").write_bytes(b"no database at all" * 100)
    assert "is not a FirstContact database" in week("status").err
    week.done("restore", file, "--force")
    assert but_facts(week.rows()) == but_facts(rows)


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "text", "missing", "row", "table"])
def test_a_damaged_backup_is_refused(week: FirstContact, fc: FirstContact, file: Path, damage: str) -> None:
    """A backup that is cut off, changed or none at all is refused before anything is touched."""
    week.done("backup", file)
    before = fc.rows()
    _damage(file, damage)
    said = fc("restore", file, "--force")
    assert said.status == 2
    wanted = "No such file" if damage == "missing" else "is not a whole backup of FirstContact"
    assert wanted in said.err
    assert fc.rows() == before


def _damage(file: Path, damage: str) -> None:
    raw = file.read_bytes()
    if damage == "cut":
        file.write_bytes(raw[: len(raw) * 2 // 3])
    elif damage == "bit":
        with zipfile.ZipFile(file) as archive:
            at = max(archive.infolist(), key=lambda member: member.compress_size).header_offset + 500
        file.write_bytes(raw[:at] + bytes([raw[at] ^ 16]) + raw[at + 1 :])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "text":
        file.write_text("Dear diary, " * 100)
    elif damage == "missing":
        file.unlink()
    else:
        _rewritten(file, damage)


def _rewritten(file: Path, damage: str) -> None:
    """A zip archive that is whole, in which somebody changed a name or left out a table."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if damage == "table":
        del members["rows/ledger/names"]
    else:
        name = "rows/address_book/records"
        members[name] = members[name].replace(b"first_name", b"first_mane", 1)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_a_newer_backup_is_refused(week: FirstContact, file: Path) -> None:
    """A backup that a newer program made names the way out."""
    week.done("backup", file)
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["manifest.json"] = members["manifest.json"].replace(b'"revision": "', b'"revision": "9', 1)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    said = other(week)("restore", file)
    assert (said.status, "was made by a newer FirstContact" in said.err) == (2, True), said


def test_while_work_goes_on(fc: FirstContact, strangers: Any, file: Path) -> None:
    """A backup that was taken in the middle of an import is one moment: restored, the same import ends as it
    does anywhere, with nobody twice."""
    mails = strangers("many.mbox", 150)
    process = fc.start("import", mails, "--yes")
    until = time.monotonic() + 30
    while not fc.json("status")["interactions"] and time.monotonic() < until:
        time.sleep(0.02)
    fc.done("backup", file)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, (out, err)
    back = other(fc)
    back.done("restore", file)
    back.done("import", mails, "--yes")
    wanted, got = fc.json("report"), back.json("report")
    assert (got["interactions"], got["contacts"]) == (wanted["interactions"], wanted["contacts"])
    assert got["activities"] == wanted["activities"]


@pytest.mark.parametrize("to_postgres", [False, True])
def test_a_restore_that_is_killed(week: FirstContact, address: str, file: Path, to_postgres: bool) -> None:
    """After kill -9 the half-filled databases are not used; the same command brings everything."""
    rows = week.rows()
    week.done("backup", file)
    back = other(week)
    words = ("restore", file, "--store", address if to_postgres else "files")
    for wait in (0.5, 0.8, 1.1):
        process = back.start(*words)
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    if (back.home / "settings.toml").exists() and back("status").status == 0:
        return  # the machine was fast enough to end it
    back.done(*words)
    assert but_facts(back.rows()) == but_facts(rows)


def test_half_filled_is_said(week: FirstContact, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an interrupted restore has left is refused with a sentence, and filled by the same command."""
    from firstcontact.store import archive

    rows = week.rows()
    week.done("backup", file)
    back = other(week)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archive, "finish_at", stop)
    assert back("restore", file).status == 130
    assert "is only half filled" in back("status").err
    monkeypatch.undo()
    back.done("restore", file)
    assert but_facts(back.rows()) == but_facts(rows)


def test_the_address_book_can_stay(week: FirstContact, file: Path, write_mbox: Any) -> None:
    """With --keep-address-book only the ledger goes back; what was logged since is not logged again."""
    week.done("backup", file)
    mails = [
        {"From": "Nia New <nia@newfirm.example>", "Message-ID": "<n1@newfirm.example>",
         "To": "dana@larkosei.example"},
        {"From": "dana@larkosei.example", "To": "nia@newfirm.example", "Message-ID": "<n2@larkosei.example>",
         "In-Reply-To": "<n1@newfirm.example>"},
    ]  # fmt: skip
    new = write_mbox("new.mbox", mails)
    week.done("import", new, "--yes", "--for", "dana")
    before = week.json("report")
    week.done("restore", file, "--keep-address-book", "--force")
    assert week.json("report")["contacts"] == before["contacts"]
    assert week.json("report")["interactions"] == before["interactions"] - 2
    week.done("import", new, "--yes", "--for", "dana")
    after = week.json("report")
    assert {name: after[name] for name in ("contacts", "activities", "interactions")} == {
        name: before[name] for name in ("contacts", "activities", "interactions")
    }
