"""A process killed at any boundary between itself and the world loses nothing and does nothing twice.

`crash_server.py` tells the story of `crash_telling.py` and kills it; this says at which boundaries.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from crash_telling import ELSEWHERE

from firstcontact.boundaries import Boundary
from firstcontact.testing.postgres import Server

HERE = Path(__file__).parent
KINDS = ("address_book", "clio", "blind", "salesforce")
"""One that refuses a second record of a key, one that only finds by key, one that can do neither, and one
that logs no time."""


def kill(kind: str, place: Path | str, how: str, *more: object) -> dict[str, Any]:
    """What the fork server did; every case held."""
    path = os.pathsep.join(map(str, (HERE, HERE.parent / "stories")))
    run = subprocess.run(
        [sys.executable, HERE / "crash_server.py", kind, place, how, *map(str, more)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    done: dict[str, Any] = json.loads(run.stdout)
    print(f"{kind}: {done['cases']} cases at {done['crossings']} crossings in {done['seconds']} s")
    assert done["failures"] == [], "\n\n".join(done["failures"][:5])
    return done


@pytest.fixture
def address(postgres: Server) -> str:
    """The address of a PostgreSQL server of the tests' own."""
    return postgres.address("postgres")


def test_killed_at_every_boundary(tmp_path: Path) -> None:
    """Killed before, in and after each boundary, the first time it comes and a later time, another process
    goes on, and what comes about is what would have come about; no boundary is left out."""
    done = kill("address_book", tmp_path, "each")
    assert done["cases"] > 200
    elsewhere = {each.name for each in ELSEWHERE}
    assert {each.name for each in Boundary} - elsewhere - set(done["reached"]) == set()
    assert elsewhere & set(done["reached"]) == set()


@pytest.mark.parametrize("kind", KINDS[1:])
def test_killed_at_boundaries_with_other_crms(tmp_path: Path, kind: str) -> None:
    """The same holds where the CRM can't be asked for a write's key, or takes a contact twice."""
    assert kill(kind, tmp_path, "some")["cases"] > 40


def test_killed_at_boundaries_on_postgresql(address: str) -> None:
    """The same holds where ledger and address book are in PostgreSQL, for the story's first day."""
    assert kill("address_book", address, "begin")["cases"] >= 20


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_crossing(tmp_path: Path, kind: str) -> None:
    """Killed wherever the story crosses a boundary, every single time."""
    assert kill(kind, tmp_path, "all")["cases"] > 1500


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_boundary_on_postgresql(address: str, kind: str) -> None:
    """Killed at each boundary of the whole story, on PostgreSQL."""
    assert kill(kind, address, "each")["cases"] > 200


@pytest.mark.soak
@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_killed_again_while_going_on(tmp_path: Path, request: pytest.FixtureRequest, where: str) -> None:
    """Pairs of faults by chance, for FIRSTCONTACT_SOAK minutes; FIRSTCONTACT_SEED has the same again."""
    seed = int(os.environ.get("FIRSTCONTACT_SEED") or random.SystemRandom().randrange(10**9))
    print(f"pairs of seed {seed}; again with: make soak FIRSTCONTACT_SEED={seed}", flush=True)
    minutes = float(os.environ.get("FIRSTCONTACT_SOAK", "10")) / len(KINDS)
    for kind in KINDS:
        if where == "sqlite":
            (tmp_path / kind).mkdir()
        place = tmp_path / kind if where == "sqlite" else request.getfixturevalue("address")
        assert kill(kind, place, "pairs", seed, minutes)["cases"] > 0
