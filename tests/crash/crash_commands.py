"""The fork server of the commands: each is killed at every boundary that it crosses, and given again.

    python crash_commands.py FOLDER ADDRESS

FOLDER: an empty one to work in. ADDRESS: of an empty PostgreSQL database. Prints what was done as one JSON
value.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import crash_copybook
import msgspec
from crash_server import Done, fork
from crash_telling import ELSEWHERE

from firstcontact.bootstrap import file_items, format_of, open_installation, sides
from firstcontact.boundaries import Boundary, Moment, watched
from firstcontact.cli.common import guarded
from firstcontact.cli.main import cli
from firstcontact.config import load
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import Delivery
from firstcontact.ledger import connecting
from firstcontact.ledger.reading import report
from firstcontact.store.archive import Archive

CALLS = frozenset({"APPLY", "FIND", "FIND_BEFORE_CREATING"})
WEEK = Path(__file__).resolve().parents[2] / "examples" / "week"
USER = "Ana Ruiz <ana@ruizlaw.example> +1 415 555 0100"
INIT = ("init", "--domain", "ruizlaw.example", "--user", USER, "--region", "US")
LOGGED = ("--log-file", "{at}/log", "--log-level", "info")

Words = tuple[str, ...]


CONNECT = ("connect", "copybook")
LOGGED_IN: tuple[Words, ...] = (INIT, CONNECT)
BEFORE: tuple[Words, ...] = (INIT, ("import", f"{WEEK}/contacts.csv", f"{WEEK}/texts.json"))


class Scene(msgspec.Struct, frozen=True):
    """A command, and what was done before it. Words may name `{at}`, the folder of all, and the `{home}`.

    again: what is done after the kill, else the same command. may_refuse: this ends well enough with a
    sentence that says that it is done already. whole: files that are whole whenever it is killed. fails_at: a
    boundary at which the disk fails. accept: a file whose deliveries are due. only: boundaries at which it is
    killed. habits: what the copybook does, or what was done with it.
    """

    name: str
    command: Words
    before: tuple[Words, ...] = BEFORE
    again: tuple[Words, ...] = ()
    may_refuse: bool = False
    whole: tuple[str, ...] = ()
    fails_at: str = ""
    accept: str = ""
    only: frozenset[str] = frozenset()
    habits: tuple[str, ...] = ()


SCENES = (
    Scene("init", INIT, before=(), may_refuse=True),
    Scene("init elsewhere", (*INIT, "--store", "{at}/elsewhere"), before=(), may_refuse=True),
    Scene("settings set", ("settings", "set", "free_mail", "create"), before=(INIT,)),
    Scene(
        "settings set, the disk fails",
        ("settings", "set", "free_mail", "create"),
        before=(INIT,),
        fails_at="REPLACE_SETTINGS",
    ),
    Scene("import", ("import", f"{WEEK}/contacts.csv", f"{WEEK}/texts.json"), before=(INIT,)),
    Scene("import --dry-run", ("import", "--dry-run", f"{WEEK}/texts.json"), before=(INIT,)),
    Scene("run", ("run", "--once", *LOGGED), accept=f"{WEEK}/calls.json"),
    Scene(
        "run in processes",
        ("run", "--once", "--processes", "2", "--metrics", "0", *LOGGED),
        before=(INIT,),
        only=frozenset({"MAKE_METRICS_FOLDER", "REMOVE_METRICS_FOLDER"}),
    ),
    Scene("person erase", ("person", "erase", "+14155550158", "--yes")),
    Scene(
        "import, where old facts go",
        ("import", f"{WEEK}/texts.json"),
        before=(INIT, ("settings", "set", "metadata_days", "30000")),
        only=frozenset({"REMOVE_OLD_FACTS"}),
    ),
    Scene("health", ("health",), again=(("status",),)),
    Scene(
        "export",
        ("export", "--format", "csv", "--to", "{at}/contacts.csv"),
        before=(*BEFORE, ("export", "--format", "vcard", "--to", "{at}/contacts.csv")),
        whole=("{at}/contacts.csv",),
    ),
    Scene("export to a device", ("export", "--to", "/dev/null")),
    Scene(
        "backup",
        ("backup", "{at}/backup"),
        before=(INIT, ("backup", "{at}/backup"), ("import", f"{WEEK}/contacts.csv", f"{WEEK}/texts.json")),
        whole=("{at}/backup",),
    ),
    Scene(
        "restore",
        ("restore", "--force", "{at}/backup"),
        before=(*BEFORE, ("backup", "{at}/backup"), ("import", f"{WEEK}/fax.json")),
    ),
    Scene("replay", ("replay", "--with", "{home}/settings.toml")),
    Scene("move", ("move", "--to", "{at}/elsewhere"), may_refuse=True),
    Scene(
        "duplicates suggest",
        ("duplicates", "suggest"),
        only=frozenset({"READ_EVERYBODY", "KEEP_LIKELY"}),
    ),
    Scene("connect", CONNECT),
    Scene("connect again, paused", CONNECT, before=LOGGED_IN, habits=("pause",)),
    Scene("disconnect", ("disconnect", "copybook"), before=LOGGED_IN),
    Scene("doctor", ("doctor", "--fix", "--yes"), before=LOGGED_IN),
    Scene("keys rotate", ("keys", "rotate", "--forget-old"), before=LOGGED_IN),
    Scene("read-only on", ("read-only", "on"), before=LOGGED_IN),
    Scene(
        "read-only off",
        ("read-only", "off", "--yes"),
        before=(INIT, (*CONNECT, "--read-only"), ("import", f"{WEEK}/calls.json")),
    ),
    Scene(
        "run, with a token to renew",
        ("run", "--once"),
        before=LOGGED_IN,
        accept=f"{WEEK}/calls.json",
        habits=("old token",),
    ),
    Scene("status, without a token", ("status",), before=LOGGED_IN, habits=("old token", "no token")),
    Scene(
        "run, with writes to hold",
        ("run", "--once"),
        before=LOGGED_IN,
        accept=f"{WEEK}/calls.json",
        habits=("intended", "read-only"),
    ),
)
ON_POSTGRES = Scene("import --dry-run on PostgreSQL", ("import", "--dry-run", f"{WEEK}/texts.json"))


def run(words: Words, at: Path) -> tuple[int, str]:
    """A command as its user gives it: its status and all that it says."""
    crash_copybook.AT = at
    said = io.StringIO()
    status: object = 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            guarded(
                cli, ["--home", str(at / "home"), *(word.format(at=at, home=at / "home") for word in words)]
            )
        except SystemExit as end:
            status = end.code
    return int(str(status or 0)), said.getvalue()


def well(words: Words, at: Path) -> None:
    """A command that must not be refused."""
    status, said = run(words, at)
    assert status in (0, 3), f"firstcontact {' '.join(words)} ends with {status}: {said}"


def left(at: Path) -> Any:
    """What an installation is: its settings, what its CRM holds, and the ledger's counts."""
    crash_copybook.AT = at
    home = load(at / "home")
    opened = open_installation(home)
    book = opened.own or opened.connector.book  # type: ignore[attr-defined]
    crm = People(book).dump()
    for contact in crm["contacts"]:
        del contact["created_at"]
    with opened.ledger.read() as tx:
        counts = msgspec.to_builtins(report(tx, book.size()))
    for side in sides(home.folder, home.store):
        side.engine.dispose()
    rows = {name: sorted(map(_without_times, rows)) for name, rows in crm.items()}
    settings = home.text.replace(str(at), "{at}")
    return json.loads(json.dumps({"settings": settings, "crm": rows, "counts": counts}))


def _without_times(row: dict[str, Any]) -> str:
    return json.dumps(
        {name: value for name, value in row.items() if not name.endswith("_at")}, sort_keys=True
    )


def whole(path: Path) -> str:
    """What stands in a file that may never be half; a backup is checked row by row."""
    if path.name == "backup":
        archive = Archive(path)
        archive.check(lambda _, __: None)
        archive.close()
        return "whole"
    return path.read_text(encoding="utf-8")


class Play:
    """One scene, its folder as it is before the command, and what comes of it without a fault."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        self.at = folder / scene.name
        self.at.mkdir()
        for words in scene.before:
            well(words, self.at)
        if scene.accept:
            self._accept(Path(scene.accept))
        for habit in scene.habits:
            self._take_on(habit)
        self.files: tuple[list[str], list[str]] = ([], [])
        self.end: Any = None

    def _accept(self, file: Path) -> None:
        opened = open_installation(load(self.at / "home"))
        items = file_items(file, format_of(file), "", "")
        opened.installation.accept([item for item, _ in items if isinstance(item, Delivery)])

    def _take_on(self, habit: str) -> None:
        match habit:
            case "pause":
                opened = open_installation(load(self.at / "home"))
                with opened.ledger.write() as tx:
                    connecting.pause(tx, "copybook", "the test says so", 1)
            case "old token":
                (self.at / "old").touch()
                well(CONNECT, self.at)
            case "no token":
                (self.at / "refuse").touch()
            case "intended":
                (self.at / "lapsed").touch()
                run(("run", "--once"), self.at)
                (self.at / "lapsed").unlink()
                open_installation(load(self.at / "home")).installation.resume()
            case "read-only":
                well(("read-only", "on"), self.at)

    def undisturbed(self, at: Path) -> None:
        """What is crossed, and what is left in the end. In a process of its own; the answer is in a file."""
        met: dict[tuple[str, Moment], int] = {}

        def note(boundary: Boundary, moment: Moment) -> None:
            key = boundary.name, moment
            met[key] = met.get(key, 0) + 1
            self._fail(boundary, moment)

        with watched(note), contextlib.suppress(OSError):
            run(self.scene.command, at)
        if self.scene.fails_at:
            well(self.scene.command, at)
        files = [whole(Path(name.format(at=at))) for name in self.scene.whole]
        crossings = [(*key, nth) for key, times in met.items() for nth in _times(key, times)]
        (at / "told").write_text(json.dumps([left(at), files, crossings]))

    def _fail(self, boundary: Boundary, moment: Moment) -> None:
        if boundary.name == self.scene.fails_at and moment == "before":
            raise OSError(28, "No space left on device")

    def killed(self, at: Path, crossing: tuple[str, Moment, int]) -> None:
        """The command, by a process that kills itself at a crossing."""
        met = 0

        def note(boundary: Boundary, moment: Moment) -> None:
            nonlocal met
            if (boundary.name, moment) == crossing[:2]:
                met += 1
                if met == crossing[2]:
                    os.kill(os.getpid(), signal.SIGKILL)
            self._fail(boundary, moment)

        with watched(note), contextlib.suppress(OSError):
            run(self.scene.command, at)

    def go_on(self, at: Path) -> None:
        """Whatever was killed, files are whole; the command is given again, and comes to its end."""
        for name, end, before in zip(self.scene.whole, self.files[1], self.files[0], strict=True):
            assert whole(Path(name.format(at=at))) in (before, end), f"{name} is half"
        for words in self.scene.again or (self.scene.command,):
            status, said = run(words, at)
            refused = self.scene.may_refuse and status == 2 and "already" in said
            assert refused or status in (0, 3), f"{' '.join(words)} ends with {status}: {said}"
        well(("status",), at)
        assert left(at) == self.end
        for name, end in zip(self.scene.whole, self.files[1], strict=True):
            assert whole(Path(name.format(at=at))) == end


def cases(folder: Path, scenes: tuple[Scene, ...], done: Done) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each scene's cases, by name."""
    for scene in scenes:
        play = Play(scene, folder)
        before = [whole(Path(name.format(at=play.at))) for name in scene.whole]
        at = folder / "undisturbed"
        _copy(play.at, at)
        _, status = os.waitpid(fork(lambda play=play, at=at: play.undisturbed(at), at / "why"), 0)
        assert status == 0, f"{scene.name}: {(at / 'why').read_text()}"
        play.end, files, crossings = json.loads((at / "told").read_text())
        play.files = (before, files)
        shutil.rmtree(at)
        done.crossings += len(crossings)
        for number, crossing in enumerate(map(tuple, crossings)):
            if scene.only and crossing[0] not in scene.only:
                continue
            done.reached.append(crossing[0])
            yield (
                f"{scene.name}, killed {crossing[1]} {crossing[0]} (time {crossing[2]})",
                lambda play=play, number=number, crossing=crossing: _case(play, folder, number, crossing),
            )


def _times(crossed: tuple[str, Moment], times: int) -> list[int]:
    """At which of so many times it is worth being killed: the first and the last of what only commands cross;
    the rest is killed in the stories, too, and here once, in the transaction or after the call."""
    if Boundary[crossed[0]] in ELSEWHERE:
        return sorted({1, times})
    return [1] if crossed[1] == "within" or (crossed[1] == "after" and crossed[0] in CALLS) else []


def _copy(scene: Path, to: Path) -> None:
    """A scene's folder once more. What names the folder inside names the copy."""
    shutil.copytree(scene, to, symlinks=True)


def _case(play: Play, folder: Path, number: int, crossing: tuple[str, Moment, int]) -> None:
    at = folder / f"{play.scene.name} {number}"
    _copy(play.at, at)
    _, status = os.waitpid(fork(lambda: play.killed(at, crossing), at / "why"), 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "was not killed"
    play.go_on(at)
    shutil.rmtree(at)


def main() -> None:
    """See the module's own text."""
    folder, address = Path(sys.argv[1]), sys.argv[2]
    began = time.monotonic()
    done = Done()
    running: dict[int, tuple[str, Path]] = {}
    scenes = (*SCENES, msgspec.structs.replace(ON_POSTGRES, before=((*INIT, "--store", address),)))

    def ended() -> None:
        child, status = os.wait()
        name, why = running.pop(child)
        if status:
            done.failures.append(f"{name}\n{why.read_text() if why.exists() else status}")

    stack = contextlib.ExitStack()
    stack.enter_context(crash_copybook.installed())
    for name, case in cases(folder, scenes, done):
        if len(running) >= 2:
            ended()
        done.cases += 1
        why = folder / f"why {done.cases}"
        running[fork(case, why)] = name, why
    while running:
        ended()
    stack.close()
    done.reached = sorted(set(done.reached))
    done.seconds = round(time.monotonic() - began, 1)
    print(json.dumps(asdict(done)))


if __name__ == "__main__":
    main()
