"""Bad input, with real files and real processes: a sentence, a status, the rest goes on, nothing lost."""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MAIN = "from firstcontact.cli.main import main; main()"
MESSAGE = (
    "From x@acme.example Mon Mar  2 10:00:00 2026\nFrom: Jo Diaz <jo@acme.example>\n"
    "To: ana@ruizlaw.example\nSubject: {0}\nMessage-ID: <{0}@acme.example>\n"
    "Date: Mon, 2 Mar 2026 10:00:00 +0000\n\n"
)


def _mails(count: int, body: Callable[[int], str] = lambda _: "Hello") -> bytes:
    return "".join(f"{MESSAGE.format(number)}{body(number)}\n\n" for number in range(count)).encode()


def _noise(number: int) -> str:
    """Text that does not compress, the same each time."""
    return "".join(f"{zlib.crc32(bytes([number % 256, part % 256])):08x}\n" for part in range(250))


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Nowhere/Land
BEGIN:STANDARD
DTSTART:garbage
TZOFFSETFROM:+9999
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@acme.example
DTSTART;TZID=Nowhere/Land:20260302T100000
DTEND;TZID=Nowhere/Land:20260302T110000
SUMMARY:Lunch
ORGANIZER:mailto:ana@ruizlaw.example
ATTENDEE;CN=Jo Diaz;PARTSTAT=ACCEPTED:mailto:jo@acme.example
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def _missing(_: Path) -> None:
    return None


def _link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def _link_in_a_circle(path: Path) -> None:
    path.symlink_to(path)


def _beneath_a_file(path: Path) -> None:
    path.parent.write_text("a file, no folder")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _empty(path: Path) -> None:
    path.touch()


def _text(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(text) and None


def _bytes(raw: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(raw) and None


UNREADABLE: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "missing": ("missing.mbox", _missing, "there is no such file or folder"),
    "link to nothing": ("link.mbox", _link_to_nothing, "this is a link to a file that is not there"),
    "link in a circle": (
        "circle.mbox",
        _link_in_a_circle,
        "cannot be read (Too many levels of",
    ),
    "beneath a file": ("file/x.mbox", _beneath_a_file, "this is no folder"),
    "pipe": ("pipe.mbox", _pipe, "this is no ordinary file"),
    "empty": ("empty.txt", _empty, "this file is empty"),
    "binary": ("blob.bin", _bytes(bytes(range(256)) * 20), "this is a binary file, and none"),
    "zip": ("mails.zip", _bytes(b"PK\x03\x04\x14\x00more"), "this is a zip archive; unpack it"),
    "outlook": ("mails.pst", _bytes(b"!BDN\x00\x00more"), "export the mailbox as mbox or eml"),
    "text": ("notes.txt", _text("Call Jo back\n"), "this is none of the files that can be read: mbox"),
    "json of another shape": (
        "wrong.json",
        _text('{"a": [1, 2]}'),
        "this is JSON, but neither",
    ),
    "json that is a list": ("list.json", _text("[1, 2, 3]"), "this is JSON, but neither"),
    "json cut off": ("cut.json", _text('{"records": [{"id": '), "this is JSON, but neither"),
    "csv of something else": (
        "bank.csv",
        _text("Date,Amount\n2026-01-02,12\n"),
        "The first line must name the",
    ),
    "gzip of nothing": (
        "bad.gz",
        _bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff"),
        "the gzip data is",
    ),
    "lines that are no records": (
        "bad.jsonl",
        _text('{"kind": "call"}\nno\n[]\n'),
        "nothing in it could be read",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_bad_file_is_named_and_the_rest_goes_on(case: str, fc: Any, tmp_path: Path) -> None:
    """Status 2, one sentence with the file's name on standard error, and the good file beside it is read."""
    name, make, sentence = UNREADABLE[case]
    bad, good = tmp_path / name, tmp_path / "good.mbox"
    bad.parent.mkdir(exist_ok=True) if case != "beneath a file" else None
    make(bad)
    good.write_bytes(_mails(2))
    told = fc.json("import", bad, good, "--dry-run")["files"]
    assert [bool(each["problem"] or each["cut"]) for each in told].count(True) == 1
    said = fc("import", bad, good)
    assert said.status == 2
    assert f"{bad}: " in said.err
    assert sentence in " ".join(said.err.split())
    assert "Traceback" not in said.err
    assert "Read 2 e-mails" in said.out
    assert fc.json("report")["interactions"] == 2


CUT: dict[str, tuple[str, bytes, str, int]] = {
    "mbox": ("cut.mbox", _mails(3)[:-40], "its last message may be cut off", 3),
    "gzip": ("cut.mbox.gz", gzip.compress(_mails(40, _noise))[:-9000], "The gzip file ends too early", 10),
    "damaged gzip": (
        "bad.mbox.gz",
        (lambda raw: raw[: len(raw) // 2] + b"\xff" * 64 + raw[len(raw) // 2 + 64 :])(
            gzip.compress(_mails(200, _noise))
        ),
        "The gzip data is damaged",
        0,
    ),
}


@pytest.mark.parametrize("case", CUT)
def test_a_file_that_ends_early_gives_what_is_there(case: str, fc: Any, tmp_path: Path) -> None:
    """What was before the end is kept, the end is said with status 2; the whole file adds only the rest."""
    name, raw, sentence, least = CUT[case]
    path = tmp_path / name
    path.write_bytes(raw)
    said = fc("import", path)
    assert said.status == 2
    assert sentence in said.err
    kept = fc.json("report")["interactions"]
    assert kept >= least
    assert fc.json("rejected")
    whole = 40 if case == "gzip" else 200 if case == "damaged gzip" else 3
    path.write_bytes(_mails(whole) if case == "mbox" else gzip.compress(_mails(whole, _noise)))
    assert fc("import", path).status == 0
    assert fc.json("report")["interactions"] == (
        whole if case != "mbox" else fc.json("report")["interactions"]
    )


def _measured(fc: Any, *words: object) -> tuple[int, str, int]:
    """Status, what it says, and the most memory that the process had, in MiB."""
    process = fc.start(*words)
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stdout.read() + process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    process.stderr.close()
    return process.returncode, " ".join(said.split()), used.ru_maxrss // 1024


def test_a_message_of_200_mb_is_set_aside_in_bounded_memory(fc: Any, tmp_path: Path) -> None:
    """The mails around it are read; it is named with its size; memory stays far below that."""
    path, small = tmp_path / "big.mbox", tmp_path / "small.mbox"
    small.write_bytes(_mails(1))
    with path.open("wb") as file:
        file.write(_mails(1) + MESSAGE.format("big").encode())
        line = b"x" * 75 + b"\n"
        block = line * 14_000
        for _ in range(190):
            file.write(block)
        file.write(b"\n" + MESSAGE.format("after").encode() + b"Hello\n\n")
    _, _, usual = _measured(fc, "import", small)
    status, said, used = _measured(fc, "import", path)
    path.unlink()
    assert status == 0, said
    assert used - usual < 120
    assert "1 could not be read (1 too_large)" in said
    assert "messages above 64.0 MB are set aside" in " ".join(fc.done("rejected").out.split())
    assert fc.json("report")["interactions"] == 2


def test_a_zip_bomb_is_given_up_in_bounded_memory(fc: Any, tmp_path: Path) -> None:
    """A gzip that would expand a thousandfold is left, in little memory; the good file is read."""
    bomb, good = tmp_path / "bomb.mbox.gz", tmp_path / "good.mbox"
    deflate = zlib.compressobj(1, zlib.DEFLATED, 31)
    with bomb.open("wb") as file:
        file.write(deflate.compress(_mails(1) + MESSAGE.format("bomb").encode()))
        zeros = b"a" * (1 << 20)
        for _ in range(400):
            file.write(deflate.compress(zeros))
        file.write(deflate.flush())
    good.write_bytes(_mails(3))
    _, _, usual = _measured(fc, "status")
    status, said, used = _measured(fc, "import", bomb, good)
    assert status == 2
    assert "expands out of all proportion" in said
    assert used - usual < 160
    assert fc.json("report")["interactions"] == 3


def test_a_calendar_with_a_broken_zone_is_read_all_the_same(fc: Any, tmp_path: Path) -> None:
    """The meeting is there at the team's time, or set aside with a row that says why; never an error."""
    path = tmp_path / "zone.ics"
    path.write_text(CALENDAR, newline="")
    said = fc("import", path)
    assert "Traceback" not in said.err
    report = fc.json("report")
    assert report["interactions"] + report["rejected"] >= 1


# --- the home -------------------------------------------------------------------------------------


SETTINGS: dict[str, tuple[str, str]] = {
    "unknown key": (
        '[organisation]\nfree_mial = "ask"\n',
        ":2: unknown key `free_mial`; did you mean",
    ),
    "bad value": ('[organisation]\n\nengagement = "often"\n', ":3: engagement: `often` is none of"),
    "no toml": ("[team]\ndomains = [\n", "this is not TOML"),
    "unknown table": ("[teem]\n", ":1: unknown table `teem`"),
    "a bad region": ('[team]\nregion = "XX"\n', ":2: team.region:"),
}


@pytest.mark.parametrize("case", SETTINGS)
@pytest.mark.parametrize("words", [("status",), ("import", "x.mbox"), ("settings", "show")])
def test_bad_settings_are_refused_with_file_key_and_line(case: str, words: tuple[str, ...], fc: Any) -> None:
    """No command works on settings that cannot be read; it says where the mistake is."""
    text, sentence = SETTINGS[case]
    (fc.home / "settings.toml").write_text(text)
    said = fc(*words)
    assert said.status == 2
    assert str(fc.home / "settings.toml") in said.err
    assert sentence in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "words", [("status",), ("import", "x.mbox"), ("contacts",), ("settings", "set", "a", "b")]
)
def test_a_home_that_is_not_there_says_what_makes_one(words: tuple[str, ...], bare: Any) -> None:
    """Nothing is made by the way: `init` makes a home, other commands point to it."""
    said = bare(*words)
    assert said.status == 2
    assert "`firstcontact init` makes one" in said.err
    assert not bare.home.exists()


@pytest.mark.parametrize("name", ["ledger.db", "address_book.db"])
def test_a_database_of_a_newer_version_is_refused(name: str, fc: Any, tmp_path: Path) -> None:
    """It is not touched; the sentence says to upgrade."""
    with sqlite3.connect(fc.home / name) as database:
        (table,) = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%!_version' ESCAPE '!'"
        ).fetchone()
        database.execute(f"UPDATE {table} SET version_num = '9999'")
    database.close()
    path = tmp_path / "one.mbox"
    path.write_bytes(_mails(1))
    for words in (("import", path), ("status",), ("import", path, "--dry-run")):
        said = fc(*words)
        assert said.status == 2
        assert f"{name} was made by a newer FirstContact" in said.err or f"/{name}" in said.err
        assert "newer FirstContact" in said.err
        assert said.out == ""


@pytest.mark.parametrize("words", [("status",), ("contacts",), ("import", "--dry-run", "x.mbox")])
def test_what_is_no_database_is_refused(words: tuple[str, ...], fc: Any) -> None:
    """A file of another sort in the ledger's place is said, and left as it is."""
    shutil.rmtree(fc.home / "ledger.db-wal", ignore_errors=True)
    for rest in fc.home.glob("ledger.db*"):
        rest.unlink()
    (fc.home / "ledger.db").write_bytes(b"no database at all" * 100)
    said = fc(*words)
    assert said.status == 2
    assert "is not a FirstContact database" in said.err
    assert "Traceback" not in said.err
    assert (fc.home / "ledger.db").read_bytes().startswith(b"no database")


class _Locked:
    """Another program that holds a database for itself."""

    def __init__(self, path: Path) -> None:
        self._code = (
            f"import sqlite3; c = sqlite3.connect({str(path)!r}, isolation_level=None); "
            "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); input()"
        )

    def __enter__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "held\n"

    def __exit__(self, *_: object) -> None:
        self._process.communicate("\n")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database is waited for a moment only."""
    monkeypatch.setenv("FIRSTCONTACT_BUSY_SECONDS", "0.2")


@pytest.mark.usefixtures("impatient")
def test_a_locked_ledger_is_said_and_nothing_is_lost(fc: Any, strangers: Any) -> None:
    """While another program holds the ledger an import ends with the sentence; afterwards it does all."""
    path = strangers("s.mbox", 3)
    with _Locked(fc.home / "ledger.db"):
        started = time.monotonic()
        said = fc("import", path)
        assert time.monotonic() - started < 10
        assert said.status == 2
        assert "ledger.db is locked by another program" in said.err
        assert fc.done("status").out  # reading goes on
    assert fc.json("import", path)["created"] == 3


@pytest.mark.usefixtures("impatient")
def test_a_locked_address_book_is_tried_again(fc: Any, strangers: Any) -> None:
    """While the address book is held, what was decided waits in the ledger: said, counted, status 2; once its
    time comes `run` writes it, each once."""
    path = strangers("s.mbox", 3)
    with _Locked(fc.home / "address_book.db"):
        said = fc("import", path)
        assert said.status == 2
        assert "address_book.db is locked by another program" in said.err
        assert "to be tried again" in said.err
        assert "0 contacts created" in said.out
        assert fc.json("status")["pending"] > 0
        assert "to be tried again" in fc.done("run", "--once").out
    with sqlite3.connect(fc.home / "ledger.db") as ledger:
        ledger.execute("UPDATE writes SET due_at = 1 WHERE due_at IS NOT NULL")
    ledger.close()
    fc.done("run", "--once")
    assert fc.json("status")["pending"] == 0
    assert (len(fc.json("contacts")), len(fc.json("activities"))) == (3, 6)


def _small_file_system(fc: Any, path: Path) -> tuple[int, str]:
    """Import into a file system that is too small, where this machine lets us make one; else with a limit
    on the size of files."""
    script = 'mount -t tmpfs -o size=1500k tmpfs "$1" && cp -a "$2/." "$1" && shift 2 && exec "$@"'
    where = path.parent / "small"
    where.mkdir()
    words = [sys.executable, "-c", MAIN, "--home", str(where), "import", str(path)]
    run = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(where), str(fc.home), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if "import" in run.stderr or "is full" in run.stderr:
        return run.returncode, run.stderr
    return _limited_files(fc, path)


def _limited_files(fc: Any, path: Path) -> tuple[int, str]:
    size = 1_000_000
    said = fc.process(
        "import", path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    )
    return said.status, said.err


@pytest.mark.parametrize("how", [_small_file_system, _limited_files])
def test_a_full_disk_is_said_and_the_import_goes_on_later(
    how: Callable[[Any, Path], tuple[int, str]], fc: Any, tmp_path: Path
) -> None:
    """Where nothing more can be written: a sentence and status 2; with room again the import does all."""
    path = tmp_path / "many.mbox"
    path.write_bytes(_mails(800, lambda number: f"{number} " * 600))
    status, said = how(fc, path)
    assert status == 2, said
    assert "Traceback" not in said
    assert "is full; free some space" in said or "check the disk" in said
    fc.done("import", path, "--yes")
    assert fc.json("report")["interactions"] == 800


# --- somebody else's files ------------------------------------------------------------------------

WITHOUT_PRIVILEGE = """
import ctypes, os
if os.geteuid() == 0:  # the superuser may read everything: give that up first
    class Head(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]
    libc = ctypes.CDLL(None, use_errno=True)
    head, sets = Head(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(ctypes.byref(head), sets) == 0
    for word in (0, 1):
        sets[word] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(ctypes.byref(head), sets) == 0
"""


def _unprivileged(fc: Any, *words: object) -> Any:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_PRIVILEGE + MAIN, "--home", str(fc.home), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_files_and_folders_without_permission_are_named(fc: Any, tmp_path: Path) -> None:
    """A file, a folder and a message of a Maildir that may not be read: each named, the rest read."""
    folder = tmp_path / "in"
    (folder / "closed").mkdir(parents=True)
    (folder / "good.mbox").write_bytes(_mails(2))
    (folder / "secret.mbox").write_bytes(_mails(1))
    (folder / "secret.mbox").chmod(0)
    (folder / "closed").chmod(0)
    try:
        run = _unprivileged(fc, "import", folder)
    finally:
        (folder / "closed").chmod(0o700)
    assert run.returncode == 2
    assert f"{folder}/secret.mbox: no permission to read it." in run.stderr
    assert f"{folder}/closed: no permission to read it." in run.stderr
    assert "Read 2 e-mails" in run.stdout
    assert "Traceback" not in run.stderr


def test_a_home_without_permission_is_said(fc: Any) -> None:
    """A ledger that may not be written, and settings that may not be read."""
    (fc.home / "settings.toml").chmod(0)
    run = _unprivileged(fc, "status")
    assert run.returncode == 2
    assert "cannot be read: Permission denied" in run.stderr
    (fc.home / "settings.toml").chmod(0o600)
    (fc.home / "ledger.db").chmod(0)
    run = _unprivileged(fc, "status")
    assert run.returncode == 2
    assert "ledger.db" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_file_that_goes_away_while_others_are_read(fc: Any, tmp_path: Path) -> None:
    """A file that another program removes during the import is named; the others are read."""
    first, gone = tmp_path / "first.mbox", tmp_path / "gone.mbox"
    first.write_bytes(_mails(1500))
    gone.write_bytes(_mails(1))
    process = fc.start("import", first, gone)

    def remove() -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with sqlite3.connect(f"file:{fc.home}/ledger.db?mode=ro", uri=True) as ledger:
                if ledger.execute("SELECT count(*) FROM deliveries").fetchone()[0]:
                    gone.unlink()
                    return

    remover = threading.Thread(target=remove)
    remover.start()
    out, err = process.communicate(timeout=60)
    remover.join()
    assert process.returncode == 2
    assert f"{gone}: " in err
    assert "Traceback" not in err
    assert json.loads(fc.done("report", "--json").out)["interactions"] == 1500
    assert "Read 1,500 e-mails" in out
