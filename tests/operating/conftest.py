"""A firm of one's own, and an empty ledger on each database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from watched_firm import WEEK, Firm

from firstcontact.bootstrap import open_installation
from firstcontact.cli.common import guarded
from firstcontact.cli.main import cli
from firstcontact.config import load
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import open_engine


@pytest.fixture(scope="session")
def _fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("firm") / "home"
    home.mkdir()
    shutil.copy(WEEK / "settings.toml", home)
    with pytest.raises(SystemExit) as end:
        guarded(cli, ["--home", str(home), "import", str(WEEK / "contacts.csv"), "--json"])
    assert end.value.code in (0, None)
    return home


@pytest.fixture
def firm(_fresh: Path, tmp_path: Path) -> Iterator[Firm]:
    """A firm of one's own."""
    home = tmp_path / "home"
    shutil.copytree(_fresh, home)
    opened = open_installation(load(home))
    yield Firm(home, opened)
    opened.ledger.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty ledger on each database."""
    if request.param == "sqlite":
        engine = open_engine(tmp_path / "ledger.db")
    else:
        engine = open_engine(request.getfixturevalue("postgres").database())
    open_ledger(engine)
    yield engine
    engine.dispose()
