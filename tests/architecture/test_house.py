"""The house itself: CI skips nothing, pinned requirements are complete and carry no addresses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _run_tests(folder: Path, ci: str, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment["CI"] = ci
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more, str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


SKIPS = {
    "a test": "import pytest\ndef test_one(): pytest.skip('no such server')\ndef test_two(): pass\n",
    "a module": "import pytest\npytest.skip('no such server', allow_module_level=True)\n",
    "a mark": "import pytest\n@pytest.mark.skip(reason='no such server')\ndef test_one(): pass\n",
}


@pytest.mark.parametrize(
    ("how", "workers"),
    [("a test", ()), ("a module", ()), ("a mark", ("-n", "1"))],
    ids=["test", "module", "mark-with-xdist"],
)
def test_a_skip_fails_ci_and_is_named(tmp_path: Path, how: str, workers: tuple[str, ...]) -> None:
    """With CI=true a run with any skip fails and says what was skipped and why."""
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_skips.py").write_text(SKIPS[how])
    run = _run_tests(tmp_path, "true", *workers)
    assert run.returncode != 0
    assert "counts as failed" in run.stdout
    assert "no such server" in run.stdout


def test_a_skip_is_allowed_outside_ci(tmp_path: Path) -> None:
    """Without CI=true a skipped test does not fail the run."""
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_skips.py").write_text(SKIPS["a test"])
    assert _run_tests(tmp_path, "").returncode == 0


def test_ci_passes_where_nothing_is_skipped(tmp_path: Path) -> None:
    """With CI=true a run that skips nothing passes; an expected failure is no skip."""
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_fine.py").write_text(
        "import pytest\ndef test_one(): pass\n@pytest.mark.xfail\ndef test_two(): assert False\n"
    )
    run = _run_tests(tmp_path, "true")
    assert run.returncode == 0, run.stdout


def _canonical(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def _pinned(file: str) -> dict[str, str]:
    text = (ROOT / "requirements" / file).read_text()
    return {_canonical(name): version for name, version in re.findall(r"^([^\s#=]+)==(\S+)", text, re.M)}


def _needed() -> tuple[set[str], set[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = {_canonical(requirement) for requirement in project["dependencies"]}
    lines = (ROOT / "requirements" / "dev.in").read_text().splitlines()
    return base, {_canonical(line) for line in lines if line.strip() and not line.startswith("#")}


def test_every_dependency_is_pinned() -> None:
    """Whatever pyproject.toml and dev.in name is pinned in the compiled files (`make requirements`)."""
    base, dev = _needed()
    assert base <= set(_pinned("base.txt"))
    assert base | dev <= set(_pinned("dev.txt"))


def test_both_files_pin_the_same_versions() -> None:
    """A user's install and a developer's have the same versions of what both have."""
    base, dev = _pinned("base.txt"), _pinned("dev.txt")
    assert {name: dev.get(name) for name in base} == base


@pytest.mark.parametrize("file", ["base.txt", "dev.txt"])
def test_every_pin_has_hashes_and_no_address(file: str) -> None:
    """Each pinned requirement is followed by its hashes, and no line names an index or an address."""
    text = (ROOT / "requirements" / file).read_text()
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links|^-", text, re.M)
    entries = re.findall(r"^(\S+==.*(?:\n    .*)*)", text, re.M)
    assert len(entries) == len(_pinned(file)) > 10
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
