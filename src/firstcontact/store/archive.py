"""A backup: one file with every row of every history and a few files beside them, for either database.

It is a zip archive::

    manifest.json            what is in it, and of which version
    files/NAME               files of the home folder, byte for byte
    rows/HISTORY/TABLE       rows, each as its length (4 bytes, big-endian) and a MessagePack array
    sums.json                counts and digests, written last

An archive without its end is refused, and every row is compared with `sums.json` when it has been restored.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.store.engine import begin, guard, place, read
from firstcontact.store.marks import marked, refusal
from firstcontact.store.migrations import (
    Side,
    bring_up,
    clear,
    finish_at,
    make_at,
    set_version,
    version,
    wait_for_turn,
)
from firstcontact.store.problems import StoreProblem
from firstcontact.store.rows import (
    Progress,
    Row,
    Shape,
    Sum,
    Summing,
    empty,
    fill,
    go_on_counting,
    patient,
    rows_of,
    shapes,
    summed,
)

T = TypeVar("T")
Sign = Callable[[Connection], None]
"""Writes something into the tables in the same transaction."""

FORMAT = 1
_MANIFEST, _SUMS = "manifest.json", "sums.json"
_LENGTH = struct.Struct(">I")
_BLOCK = 1 << 20
_MOST = 1 << 30
"""A row longer than this is no row: PostgreSQL takes no value of that size."""


class Kept(msgspec.Struct, frozen=True):
    """A history as it is in an archive."""

    revision: str
    tables: tuple[Shape, ...]


class Manifest(msgspec.Struct, frozen=True):
    """What an archive says of itself. at: microseconds since 1970, when its picture was taken."""

    format: int
    at: int
    installation: str
    program: str
    histories: dict[str, Kept]
    files: tuple[str, ...]


class Sums(msgspec.Struct, frozen=True):
    """Counts and digests of an archive's tables and files."""

    histories: dict[str, dict[str, Sum]]
    files: dict[str, str]


# --- writing -----------------------------------------------------------------------------------


@contextmanager
def pictures(sides: Sequence[Side]) -> Iterator[list[Connection]]:
    """Each database as it is at one moment. While it lasts, nobody may write to the first one: what that has
    not yet decided to send, the others cannot have received.

    Raises StoreProblem, also where one is being moved or filled.
    """
    with ExitStack() as stack:
        connections = []
        with begin(sides[0].engine, Boundary.TAKE_PICTURE, turn=sides[0].history.name):
            for side in sides:
                connection = stack.enter_context(read(side.engine, still=True))
                patient(connection)
                found = version(connection, side.history) or ""  # which also fixes the picture
                problem = refusal(found, side.history.head, side.history.name, place(side.engine))
                if problem is not None:
                    raise problem
                connections.append(connection)
        yield connections


def write(
    target: Path,
    sides: Sequence[Side],
    files: Mapping[str, bytes],
    *,
    at: int,
    installation: str,
    program: str,
    progress: Progress,
) -> Sums:
    """Write the archive, readable by its owner alone; what stood there before is replaced once it is whole.

    Raises StoreProblem, OSError.
    """
    manifest = Manifest(
        FORMAT,
        at,
        installation,
        program,
        {side.history.name: Kept(side.history.head, shapes(side.history.metadata)) for side in sides},
        tuple(sorted(files)),
    )
    sums = Sums({}, {name: _file_digest(raw) for name, raw in files.items()})
    partial = target.with_name(f".{target.name}.part")
    with crossing(Boundary.OPEN_ARCHIVE):
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with (
            crossing(Boundary.WRITE_ARCHIVE),
            os.fdopen(descriptor, "wb") as raw,
            pictures(sides) as connections,
        ):
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
                for name, content in files.items():
                    archive.writestr(f"files/{name}", content)
                for side, connection in zip(sides, connections, strict=True):
                    sums.histories[side.history.name] = _write_history(archive, side, connection, progress)
                archive.writestr(_SUMS, msgspec.json.format(msgspec.json.encode(sums)))
            raw.flush()
            os.fsync(raw.fileno())
        with crossing(Boundary.REPLACE_ARCHIVE):
            os.replace(partial, target)
    finally:
        with crossing(Boundary.REMOVE_ARCHIVE_PART):
            partial.unlink(missing_ok=True)
    return sums


def _write_history(
    archive: zipfile.ZipFile, side: Side, connection: Connection, progress: Progress
) -> dict[str, Sum]:
    sums = {}
    for shape in shapes(side.history.metadata):
        summing = Summing()
        name = shape.name

        def step(count: int, name: str = name) -> None:
            progress(name, count)

        with archive.open(f"rows/{side.history.name}/{name}", "w", force_zip64=True) as member:
            _write_rows(member, summing.through(rows_of(connection, shape), step))
        sums[name] = summing.sum
    return sums


def _write_rows(member: IO[bytes], rows: Iterator[Row]) -> None:
    encode = msgspec.msgpack.Encoder().encode
    block = bytearray()
    for row in rows:
        packed = encode(row)
        block += _LENGTH.pack(len(packed))
        block += packed
        if len(block) >= _BLOCK:
            member.write(block)
            block.clear()
    member.write(block)


def _file_digest(raw: bytes) -> str:
    return blake2b(raw, digest_size=16).hexdigest()


# --- reading -----------------------------------------------------------------------------------


class Archive:
    """An open archive, its files checked. Raises StoreProblem where it is none, or not whole; OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stack = ExitStack()
        with self._telling():
            raw = self._stack.enter_context(path.open("rb"))
            self._zip = self._stack.enter_context(zipfile.ZipFile(raw))
            self.manifest = self._json(_MANIFEST, Manifest)
            if self.manifest.format != FORMAT:
                raise StoreProblem("newer_backup", str(path), f"format {self.manifest.format}")
            self.sums = self._json(_SUMS, Sums)
            self.files = {name: self._zip.read(f"files/{name}") for name in self.manifest.files}
        for name, content in self.files.items():
            if _file_digest(content) != self.sums.files.get(name):
                raise StoreProblem("no_backup", str(path), f"{name} is damaged")

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def check(self, progress: Progress) -> int:
        """Read every row and compare with what was counted when it was written; how many there are.

        Raises StoreProblem.
        """
        total = 0
        for history, kept in self.manifest.histories.items():
            for shape in kept.tables:
                summing = Summing()
                for _ in summing.through(self.rows(history, shape)):
                    pass
                if summing.sum != self.sums.histories.get(history, {}).get(shape.name):
                    raise StoreProblem("no_backup", str(self.path), f"{shape.name} is damaged")
                progress(shape.name, summing.rows)
                total += summing.rows
        return total

    def rows(self, history: str, shape: Shape) -> Iterator[Row]:
        """The rows of a table. Raises StoreProblem where the archive is damaged."""
        decode: Callable[[bytes], Row] = msgspec.msgpack.Decoder(tuple[Any, ...]).decode
        with self._telling(), self._zip.open(f"rows/{history}/{shape.name}") as member:
            while head := member.read(_LENGTH.size):
                (length,) = _LENGTH.unpack(head)
                if length > _MOST:
                    raise StoreProblem("no_backup", str(self.path), f"{shape.name} is damaged")
                yield decode(member.read(length))

    def _json(self, name: str, type: type[T]) -> T:
        return msgspec.json.decode(self._zip.read(name), type=type)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (
            zipfile.BadZipFile,
            KeyError,
            EOFError,
            struct.error,
            zlib.error,
            msgspec.MsgspecError,
        ) as error:
            self._stack.close()
            raise StoreProblem(
                "no_backup", str(self.path), str(error).strip("'\"") or "it is cut off"
            ) from error


# --- restoring ---------------------------------------------------------------------------------


def restore_side(archive: Archive, side: Side, progress: Progress, sign: Sign = lambda _: None) -> int:
    """Put the archive's rows in place of whatever tables the database has; it stays closed (`open_restored`).

    sign: writes whose they are, before the first row is there. Returns in how many rows a NUL character was
    replaced, for PostgreSQL. Raises StoreProblem.
    """
    history, engine = side.history, side.engine
    kept = archive.manifest.histories.get(history.name)
    if kept is None:
        raise StoreProblem("no_backup", str(archive.path), f"it has no {history.name}")
    if kept.revision > history.head:
        detail = f"{history.name} {kept.revision}, this program knows {history.head}"
        raise StoreProblem("newer_backup", str(archive.path), detail)
    guard(engine, history.version_table, None)
    with begin(engine, Boundary.CLEAR_TO_RESTORE, turn=history.name) as connection:
        wait_for_turn(connection)
        clear(connection, engine, history)
        if kept.revision == history.head:
            bring_up(connection, engine, history, "filling")
        else:
            make_at(connection, engine, history, kept.revision)
            set_version(connection, history, marked(kept.revision, "filling"))
        sign(connection)
    replaced = 0
    for shape in kept.tables:
        replaced += _restore_table(archive, side, shape, progress)
    return replaced


def _restore_table(archive: Archive, side: Side, shape: Shape, progress: Progress) -> int:
    for_postgres = side.engine.dialect.name == "postgresql"
    wanted, written = Summing(), Summing(for_postgres)

    def step(count: int) -> None:
        progress(shape.name, count)

    with begin(side.engine, Boundary.RESTORE_TABLE, durable=True) as connection:
        patient(connection)
        empty(connection, shape)
        rows = written.through(wanted.through(archive.rows(side.history.name, shape)), step)
        fill(connection, shape, rows)
        go_on_counting(connection, shape)
    if wanted.sum != archive.sums.histories[side.history.name].get(shape.name):
        raise StoreProblem("no_backup", str(archive.path), f"{shape.name} is damaged")
    with read(side.engine) as connection:
        if summed(connection, shape) != written.sum:
            raise StoreProblem("differs", place(side.engine), shape.name)
    return written.replaced


def open_restored(archive: Archive, side: Side, sign: Sign = lambda _: None) -> None:
    """The restored tables come to this program's version, get a last word and may be used."""
    history = side.history
    with begin(side.engine, Boundary.OPEN_RESTORED, durable=True, turn=history.name) as connection:
        wait_for_turn(connection)
        finish_at(connection, history, archive.manifest.histories[history.name].revision)
        sign(connection)
