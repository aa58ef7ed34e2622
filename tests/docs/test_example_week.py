"""The example week comes to what its README says, through the command line, as `make demo` does it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEEK = ROOT / "examples" / "week"
IMPORTS = (
    ("", "contacts.csv"),
    ("dana", "mail.mbox", "calendar.ics", "calendar-thursday.ics"),
    ("kofi", "mail-kofi.mbox"),
    ("", "calls.json", "texts.json", "fax.json"),
)


def _cases() -> list[tuple[str, str, tuple[str, ...]]]:
    """(who, verdict, reasons) of every row of the README's table."""
    rows = re.findall(
        r"^\| `([^`]+)` \| .* \| `(\w+)` \| (.*) \|$", (WEEK / "README.md").read_text(encoding="utf-8"), re.M
    )
    return [(who, verdict, tuple(re.findall(r"`([^`]+)`", reasons))) for who, verdict, reasons in rows]


CASES = _cases()


def _firstcontact(home: Path, *words: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV_")}
    run = subprocess.run(
        [sys.executable, "-c", "from firstcontact.cli.main import main; main()", "--home", str(home), *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode in (0, 3), run.stderr
    return run.stdout


def _import_all(home: Path) -> None:
    for user, *files in IMPORTS:
        named = ("--for", user) if user else ()
        _firstcontact(home, "import", *named, *(str(WEEK / file) for file in files))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder into which the week has been imported."""
    folder = tmp_path_factory.mktemp("week")
    shutil.copy(WEEK / "settings.toml", folder)
    _import_all(folder)
    return folder
