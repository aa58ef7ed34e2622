"""A new installation for each measurement, and the figures that the tests found, said at the end."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from benchmarks.quality.places import MakePlace, Place, make_place

_figures: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say every figure that was measured."""
    if _figures:
        terminalreporter.section("measured on real data")
        for line in _figures:
            terminalreporter.line(line)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keeps a measured figure for the end of the run."""

    def keep(text: str) -> None:
        _figures.append(f"{request.node.name}: {text}")
        request.node.user_properties.append(("figure", text))

    return keep


@pytest.fixture
def place(tmp_path: Path) -> MakePlace:
    """Makes an installation in a folder of its own, with settings over the preset `standard`."""
    made = iter(range(1000))

    def make(settings: Mapping[str, object] | None = None, team: Mapping[str, object] | None = None) -> Place:
        folder = tmp_path / f"home{next(made)}"
        folder.mkdir()
        return make_place(folder, settings, team)

    return make


@pytest.fixture(scope="session")
def corpus(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of single messages that one archive of `spamassassin_mail` holds."""
    return partial(_unpacked, shared, tmp_path_factory.mktemp("corpus"))


def _unpacked(shared: Path, folder: Path, name: str) -> Path:
    target = folder / name
    if target.is_dir():
        return target
    target.mkdir()
    with tarfile.open(shared / "data/spamassassin_mail" / f"{name}.tar.gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            name_of = Path(member.name).name
            if file is not None and name_of != "cmds":
                (target / f"{name_of}.eml").write_bytes(file.read())
    return target
