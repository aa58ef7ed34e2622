"""A command that is killed at any boundary, and given again, comes to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from crash_telling import ELSEWHERE

from firstcontact.testing.postgres import Server

HERE = Path(__file__).parent


def test_a_command_killed_at_every_boundary(tmp_path: Path, postgres: Server) -> None:
    """init, settings, import, run, health, export, backup, restore and move, killed before, in and after each
    file write and each transaction of a whole database: no file is half, nothing is lost, and the command
    given again ends as if nothing had been."""
    run = subprocess.run(
        [sys.executable, HERE / "crash_commands.py", tmp_path, postgres.database()],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parent / "stories")))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    done = json.loads(run.stdout)
    print(f"{done['cases']} cases in {done['seconds']} s")
    assert done["failures"] == [], "\n\n".join(done["failures"][:5])
    assert {each.name for each in ELSEWHERE} - set(done["reached"]) == set()
