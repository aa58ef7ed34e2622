"""A home folder as a whole: whose database it is, moving it, its backup and its return.

An installation has a random id in the home's file `installation` and in its ledger: two homes are the same
installation where both say the same. What is done here goes over both histories, the ledger and the built-in
address book; `bootstrap.sides` opens them.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from firstcontact import keyring
from firstcontact.boundaries import Boundary, crossing
from firstcontact.config import KEY_FILE, make_folder, replace_settings, set_store
from firstcontact.flow.problems import FlowProblem
from firstcontact.lanes.owners import is_gone
from firstcontact.ledger import leasing, restored
from firstcontact.ledger.tables import lanes
from firstcontact.settings_text import FILE_NAME, Home, StoreAt
from firstcontact.store import archive as archives
from firstcontact.store import moving
from firstcontact.store.archive import Archive
from firstcontact.store.engine import begin, open_engine, place, read
from firstcontact.store.migrations import Side, migrate
from firstcontact.store.moving import Moved, Way
from firstcontact.store.problems import StoreProblem
from firstcontact.store.rows import Progress, fill, rows_of, shapes

INSTALLATION_FILE = "installation"
KEY_RING = KEY_FILE
"""Under this name the key ring is in a backup, where it is in one."""
INSTALLATION = "installation"
"""The fact of the ledger that says whose it is."""
BACKUP_MADE_AT = "backup_made_at"
"""The fact that says when it was last written into a backup, in microseconds."""

_ID = re.compile(r"[0-9a-f]{32}")
_FILE_PARTS = ("", "-wal", "-shm")
"""SQLite's file and those beside it that belong to it."""


# --- whose database it is ----------------------------------------------------------------------


def claim(folder: Path, ledger: Engine, *, shared: bool) -> str:
    """The installation's id, made where there is none yet, and in home and ledger the same.

    shared: the ledger is in a database that several homes may name, so one that has an id is not taken for
    this home's own because it has none. Raises StoreProblem, `another`; OSError.
    """
    mine = _read_id(folder)
    with read(ledger) as tx:
        theirs = _owner(tx)
    if mine and mine == theirs:
        return mine
    if theirs and (mine or shared):
        raise StoreProblem("another", place(ledger), _differing(mine, theirs))
    mine = _keep_id(folder, theirs or mine or secrets.token_hex(16))
    if not theirs:
        with begin(ledger, Boundary.CLAIM, durable=True, turn="ledger") as tx:
            theirs = _owner(tx)
            if not theirs:
                _set_fact(tx, INSTALLATION, mine)
    if theirs and theirs != mine:
        raise StoreProblem("another", place(ledger), _differing(mine, theirs))
    return mine


def refuse_another(sides: Sequence[Side]) -> None:
    """That a new home can have these databases. Raises StoreProblem, `another` where somebody has."""
    owner = _owner_of(sides[0])
    if owner is not None and not _is_new(sides):
        raise StoreProblem("another", place(sides[0].engine), _differing("", owner))


def _differing(mine: str, theirs: str) -> str:
    return f"its id begins {theirs[:8]}, this home's {mine[:8]}" if mine else f"its id begins {theirs[:8]}"


def _read_id(folder: Path) -> str:
    path = folder / INSTALLATION_FILE
    try:
        said = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        said = ""
    if not _ID.fullmatch(said):
        raise FlowProblem(f"{path}: this is to be the installation's id, and is not; copy it from a backup.")
    return said


def _keep_id(folder: Path, id: str) -> str:
    """Writes the id unless there is one by now; the one that is there."""
    path = folder / INSTALLATION_FILE
    partial = folder / f".{INSTALLATION_FILE}-{secrets.token_hex(4)}"
    _write_private(partial, f"{id}\n".encode())
    try:
        with crossing(Boundary.LINK_ID):
            os.link(partial, path)  # fails where another process was first
    except FileExistsError:
        pass
    finally:
        with crossing(Boundary.REMOVE_ID_PART):
            partial.unlink()
    return _read_id(folder)


def _owner(tx: Connection) -> str:
    return str(tx.scalar(text("SELECT value FROM facts WHERE name = :name"), {"name": INSTALLATION}) or "")


def _set_fact(tx: Connection, name: str, value: str) -> None:
    tx.execute(text("DELETE FROM facts WHERE name = :name"), {"name": name})
    tx.execute(text("INSERT INTO facts (name, value) VALUES (:name, :value)"), {"name": name, "value": value})


def _nothing(_: Connection) -> None:
    return None


def _owner_of(ledger: Side) -> str | None:
    """The id of the installation that the ledger is of, "" where it has none; None: there is no ledger."""
    if moving.mark_of(ledger.engine, ledger.history) is None:
        return None
    with read(ledger.engine) as tx:
        return _owner(tx)


# --- moving ------------------------------------------------------------------------------------


class MoveDone(msgspec.Struct, frozen=True):
    """What a move came to; rows: on both sides, compared. replaced: as in `moving.Moved`."""

    rows: int
    copied: int
    replaced: int
    source: str
    target: str


def move(
    home: Home,
    source: Sequence[Side],
    target: Sequence[Side],
    to: StoreAt,
    progress: Progress,
    *,
    workers_too: bool = False,
) -> MoveDone:
    """Take the installation over to other databases and say so in its settings, as the last step.

    Interrupted, the same call goes on; the source takes no writes until then (`give_up_move` opens it again),
    nor ever after. workers_too: also while leases are held: their owners stop at their next write.
    Raises StoreProblem, FlowProblem, SettingsProblem.
    """
    ways = [Way(one.history, one.engine, other.engine) for one, other in zip(source, target, strict=True)]
    for way in ways:
        if moving.same_database(way.source, way.target):
            raise StoreProblem("same", place(way.target))
    owner = _source_owner(home, source[0])
    theirs = _owner_of(target[0])
    if theirs is not None and theirs != owner and not _is_new(target):
        raise StoreProblem("another", place(target[0].engine), _differing(owner, theirs or "none"))
    if not workers_too:
        _refuse_while_at_work(source[0])
    signs = (lambda tx: _set_fact(tx, INSTALLATION, owner), _nothing)
    complete = [moving.prepare_target(way, sign) for way, sign in zip(ways, signs, strict=True)]
    for way in ways:
        moving.close_source(way)
    copied = Moved()
    try:
        for way, whole in zip(ways, complete, strict=True):
            if not whole:
                copied += moving.copy_tables(way, progress, overwrite=("facts",))
        rows = sum(moving.compare(way, progress) for way in ways)
    except StoreProblem as problem:
        if problem.trouble == "differs":
            give_up_move(source)
        raise
    for way in reversed(ways):
        moving.open_target(way)
    set_store(home.folder, to)
    for way in ways:
        moving.leave_source(way)
    return MoveDone(rows, copied.rows, copied.replaced, place(ways[0].source), place(ways[0].target))


def give_up_move(source: Sequence[Side]) -> bool:
    """The databases that were being moved are in use again. Returns whether they were being moved."""
    marks = [moving.mark_of(side.engine, side.history) for side in source]
    for side, mark in zip(reversed(source), reversed(marks), strict=True):
        if mark == "moving":
            moving.open_source(Way(side.history, side.engine, side.engine))
    return "moving" in marks


def _source_owner(home: Home, ledger: Side) -> str:
    if moving.mark_of(ledger.engine, ledger.history) in ("moving", "moved"):
        return _owner_of(ledger) or ""
    migrate(ledger.engine, ledger.history)
    return claim(home.folder, ledger.engine, shared=bool(home.store.url))


def _is_new(sides: Sequence[Side]) -> bool:
    """Whether nobody has written to these databases yet, but for their tables."""
    for side in sides:
        if moving.mark_of(side.engine, side.history) is None:
            continue
        with read(side.engine) as tx:
            if not moving.without_rows(tx, side.history):
                return False
    return True


def _refuse_while_at_work(ledger: Side) -> None:
    with read(ledger.engine) as tx:
        now = leasing.clock(tx)
        rows = tx.execute(
            lanes.select().where(lanes.c.owner != "", lanes.c.until > now).with_only_columns(lanes.c.owner)
        )
        owners = sorted({f"process {owner.split(' ')[1]}" for (owner,) in rows if not is_gone(owner)})
    if owners:
        raise FlowProblem(
            f"Workers are at it ({', '.join(owners)}); stop them first (Ctrl-C, or the service), or add "
            "--anyway: they stop by themselves at their next write."
        )


# --- backup and its return ---------------------------------------------------------------------


def backup(
    home: Home,
    sides: Sequence[Side],
    file: Path,
    *,
    at: int,
    program: str,
    progress: Progress,
    ring: Path | None = None,
) -> int:
    """Write everything of the installation into one file; how many rows. Raises StoreProblem, OSError.

    ring: the key ring, if it is to be in it; else the logins cannot be opened with what is in the file.
    """
    for side in sides:
        migrate(side.engine, side.history)
    owner = claim(home.folder, sides[0].engine, shared=bool(home.store.url))
    sums = archives.write(
        file, sides, _files(home.folder, ring), at=at, installation=owner, program=program, progress=progress
    )
    with begin(sides[0].engine, Boundary.NOTE_BACKUP, turn="ledger") as tx:
        _set_fact(tx, BACKUP_MADE_AT, str(at))
    return sum(each.rows for tables in sums.histories.values() for each in tables.values())


def _files(folder: Path, ring: Path | None) -> dict[str, bytes]:
    """Settings, id and, if it is given, the key ring, by their paths in the home."""
    paths = {FILE_NAME: folder / FILE_NAME, INSTALLATION_FILE: folder / INSTALLATION_FILE}
    if ring is not None:
        paths[KEY_RING] = ring
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


class RestoreDone(msgspec.Struct, frozen=True):
    """What a restore came to. aside: files that were renamed, not overwritten."""

    rows: int
    replaced: int
    files: tuple[str, ...]
    aside: tuple[str, ...]
    home: Home


def restore(
    folder: Path,
    archive: Archive,
    sides: Sequence[Side],
    at: StoreAt,
    *,
    force: bool,
    now: int,
    progress: Progress,
    ring: Path,
) -> RestoreDone:
    """Bring back an installation from its archive: all sides that are given, settings, id and keys.

    ring: where the key ring is to be; keys that are there stay. force: in place of what is there, but for
    another installation's PostgreSQL database. From now on a write
    about something that happened before `now` is looked for in the CRM by its key before it is sent. Raises
    StoreProblem, FlowProblem, SettingsProblem, OSError.
    """
    if not force:
        _refuse_overwriting(folder, archive, sides)
    elif at.url:
        _refuse_anothers(sides[0], archive.manifest.installation)
    rows = archive.check(lambda _, __: None)
    aside = [name for side in sides for name in _set_aside(side, now)]
    replaced = 0
    owner = archive.manifest.installation

    def sign(tx: Connection) -> None:
        _set_fact(tx, INSTALLATION, owner)

    def sign_off(tx: Connection) -> None:
        sign(tx)
        restored.mark(tx, now)

    for side in sides:
        of_ledger = side.history.name == "ledger"
        replaced += archives.restore_side(archive, side, progress, sign if of_ledger else _nothing)
    settings = archive.files.get(FILE_NAME, b"").decode("utf-8")
    home = replace_settings(folder, settings, at)
    for name, content in archive.files.items():
        if name == KEY_RING:
            keyring.take_in(ring, content)
        elif name != FILE_NAME:
            _put_back(folder, name, content)
    for side in reversed(sides):
        archives.open_restored(archive, side, sign_off if side.history.name == "ledger" else _nothing)
    return RestoreDone(rows, replaced, tuple(archive.files), tuple(aside), home)


def _refuse_overwriting(folder: Path, archive: Archive, sides: Sequence[Side]) -> None:
    """Only nothing, or what an interrupted restore of the same installation has left, is overwritten."""
    marks = [moving.mark_of(side.engine, side.history) for side in sides]
    unfinished = "filling" in marks and _owner_of(sides[0]) == archive.manifest.installation
    taken = [
        place(side.engine)
        for side, mark in zip(sides, marks, strict=True)
        if mark is not None and not (unfinished and mark == "filling")
    ]
    if not unfinished and (folder / FILE_NAME).exists():
        taken.insert(0, str(folder / FILE_NAME))
    if taken:
        raise FlowProblem(
            f"There is an installation already ({', '.join(dict.fromkeys(taken))}); restore into another "
            "home or database (--home, --store), or add --force to put the backup in its place."
        )


def _refuse_anothers(ledger: Side, owner: str) -> None:
    """Another installation's PostgreSQL database is never replaced: its workers would go on writing to it."""
    theirs = _owner_of(ledger)
    if theirs and theirs != owner:
        raise StoreProblem("another", place(ledger.engine), _differing(owner, theirs))


def _set_aside(side: Side, now: int) -> list[str]:
    """A SQLite file that is there gets another name, and programs that have it open write no more to it."""
    if side.engine.dialect.name != "sqlite":
        return []
    path = Path(place(side.engine))
    if not path.exists():
        make_folder(path.parent)
        return []
    with suppress(StoreProblem, DBAPIError):  # it may be damaged, which is why it is restored
        moving.leave_source(Way(side.history, side.engine, side.engine))
    side.engine.dispose()
    aside = path.with_name(f"{path.name}.before-{now}")
    for part in _FILE_PARTS:
        beside = path.with_name(path.name + part)
        if beside.exists():
            with crossing(Boundary.SET_ASIDE):
                os.replace(beside, aside.with_name(aside.name + part))
    return [str(aside)]


def _put_back(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute():
        raise FlowProblem(f"The backup has a file {name!r}, which is outside the home; it is not put back.")
    make_folder(path.parent)
    partial = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    _write_private(partial, content)
    with crossing(Boundary.PUT_BACK):
        os.replace(partial, path)


def _write_private(path: Path, content: bytes) -> None:
    with (
        crossing(Boundary.WRITE_PRIVATE),
        os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
    ):
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


# --- trying out --------------------------------------------------------------------------------


def copy_to_files(sides: Sequence[Side], files: Mapping[str, Path]) -> None:
    """Copies of the databases, as they are at one moment, in SQLite files by the histories' names.

    Raises StoreProblem.
    """
    with archives.pictures(sides) as connections:
        for side, connection in zip(sides, connections, strict=True):
            engine = open_engine(files[side.history.name])
            migrate(engine, side.history)
            for shape in shapes(side.history.metadata):
                with begin(engine, Boundary.FILL_COPY) as into:
                    fill(into, shape, rows_of(connection, shape))
            engine.dispose()
