"""An archive of an older version comes back as this version's tables, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, MetaData, text

from firstcontact.store import archive as archives
from firstcontact.store.archive import Archive
from firstcontact.store.columns import BLOB, INT, TEXT, table
from firstcontact.store.engine import begin, fetch, open_engine
from firstcontact.store.migrations import History, Side, drift, migrate
from firstcontact.store.problems import StoreProblem
from firstcontact.store.rows import Summing, shapes, summed
from firstcontact.testing.postgres import Server

FIRST = """
from alembic import op
from sqlalchemy import Column
from firstcontact.store.columns import BLOB, INT, TEXT
revision = "0001"
down_revision = None
def upgrade():
    op.create_table("papers", Column("id", INT, primary_key=True), Column("raw", BLOB), Column("name", TEXT),
                    sqlite_strict=True)
"""
SECOND = """
from alembic import op
from sqlalchemy import Column, text
from firstcontact.store.columns import INT
revision = "0002"
down_revision = "0001"
def upgrade():
    op.add_column("papers", Column("size", INT))
    op.execute(text("UPDATE papers SET size = length(raw)"))
"""
ROWS = [
    (1, b"\x00\xff", "Zoë 🙂"),
    (2, None, "tab\tand\nline\\N"),
    (2**62, b"", "\\."),
    (-5, b"x" * 100_000, ""),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def engines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """Two empty databases."""
    if request.param == "sqlite":
        made = (open_engine(tmp_path / "one.db"), open_engine(tmp_path / "two.db"))
    else:
        server: Server = request.getfixturevalue("postgres")
        made = (
            open_engine(server.database(), schema="papers"),
            open_engine(server.database(), schema="papers"),
        )
    yield made
    for engine in made:
        engine.dispose()


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    """The history at its first version."""
    package = tmp_path / "papers_migrations"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "0001_first.py").write_text(FIRST)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "papers_migrations", raising=False)
    return History("papers", "papers_migrations", tables())


def tables(*more: Column[int]) -> MetaData:
    metadata = MetaData()
    table(
        "papers",
        metadata,
        Column("id", INT, primary_key=True),
        Column("raw", BLOB),
        Column("name", TEXT),
        *more,
    )
    return metadata


def second(first: History) -> History:
    """The history one version later."""
    (first.folder / "0002_size.py").write_text(SECOND)
    return History("papers", first.package, tables(Column("size", INT)))


def quiet(_: str, __: int) -> None:
    return None


def written(engine: Engine, history: History, file: Path) -> Path:
    """An archive of the rows."""
    migrate(engine, history)
    with begin(engine) as tx:
        for row in ROWS:
            values = dict(zip(("id", "raw", "name"), row, strict=True))
            tx.execute(history.metadata.tables["papers"].insert(), values)
    archives.write(file, [Side(history, engine)], {}, at=1, installation="", program="test", progress=quiet)
    return file


def test_an_older_archive_is_brought_up(
    engines: tuple[Engine, Engine], first: History, tmp_path: Path
) -> None:
    """Its rows come back as they were at its version, and go through every revision since."""
    archive = Archive(written(engines[0], first, tmp_path / "a.backup"))
    later = second(first)
    side = Side(later, engines[1])
    archives.restore_side(archive, side, quiet)
    with pytest.raises(StoreProblem, match="only half filled"):
        migrate(engines[1], later)
    archives.open_restored(archive, side)
    migrate(engines[1], later)
    assert drift(engines[1], later) == []
    rows = fetch(engines[1], "SELECT id, raw, name, size FROM papers ORDER BY id", ())
    assert [tuple(row) for row in rows] == sorted(
        (*row, None if row[1] is None else len(row[1])) for row in ROWS
    )


def test_a_newer_archive_is_refused(engines: tuple[Engine, Engine], first: History, tmp_path: Path) -> None:
    """What this program does not know yet is not restored by it; the database is not touched."""
    later = second(first)
    archive = Archive(written(engines[0], later, tmp_path / "a.backup"))
    (first.folder / "0002_size.py").unlink()
    with pytest.raises(StoreProblem, match="made by a newer FirstContact"):
        archives.restore_side(archive, Side(first, engines[1]), quiet)
    with begin(engines[1]) as tx, pytest.raises(Exception, match="papers"):
        tx.execute(text("SELECT * FROM papers"))


def test_both_databases_give_one_digest(postgres: Server, first: History, tmp_path: Path) -> None:
    """The same rows have the same sum on both, in whatever order; any other value has another."""
    found = []
    for engine in (open_engine(tmp_path / "one.db"), open_engine(postgres.database(), schema="papers")):
        written(engine, first, tmp_path / "a.backup")
        with begin(engine) as tx:
            found.append(summed(tx, shapes(first.metadata)[0]))
        engine.dispose()
    shuffled, changed = Summing(), Summing()
    assert list(shuffled.through(reversed(ROWS)))
    assert list(changed.through([*ROWS[:-1], (-5, b"x" * 99_999 + b"y", "")]))
    assert found == [shuffled.sum, shuffled.sum]
    assert changed.sum != shuffled.sum


def test_writing_stops_without_a_trace(first: History, tmp_path: Path) -> None:
    """Where a backup cannot be ended, the file that was there is as it was, and nothing lies beside it."""
    engine = open_engine(tmp_path / "one.db")
    file = written(engine, first, tmp_path / "a.backup")
    before = file.read_bytes()

    def stop(_: str, __: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        archives.write(file, [Side(first, engine)], {}, at=1, installation="", program="test", progress=stop)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.glob("*.part")] + [
        path.name for path in tmp_path.glob(".a*")
    ] == []
