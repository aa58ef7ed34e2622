"""Three archives of one list, taken in through a whole installation (SPEC §11, `apache_list_mail`)."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from benchmarks.quality.places import MakePlace
from firstcontact.identity.domains import is_machine_address, is_role_address
from firstcontact.interactions.model import Email

MAILS = 954
INTERACTIONS = 317
SHARED_ADDRESS_NAMES = 10
"""A shared address of this list shows more people's names than this."""


def archives(shared: Path) -> list[Path]:
    found = sorted((shared / "data" / "apache_list_mail").glob("maven-dev-*.mbox.gz"))
    assert len(found) == 3
    return found


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_three_archives_are_one_list(
    shared: Path, place: MakePlace, figure: Callable[[str], None], order: tuple[int, ...]
) -> None:
    """954 mails of three archives are 317 interactions, whichever archive comes first."""
    here = place()
    files = archives(shared)
    here.receive(*(files[index] for index in order))
    report = here.report()
    figure(f"{report.deliveries} deliveries, {report.interactions} interactions")
    assert (report.deliveries, report.interactions, report.rejected) == (MAILS, INTERACTIONS, 0)
    here.receive(*files)
    again = here.report()
    assert (again.deliveries, again.interactions) == (MAILS, INTERACTIONS)


def test_machine_senders_make_no_contact(
    shared: Path, place: MakePlace, figure: Callable[[str], None]
) -> None:
    """With every gate open but those against machines, no machine's or role's address becomes a contact, and
    an address under which many people's names appear has no name of its own."""
    here = place({"engagement": "any", "free_mail": "create", "cc_creates": True})
    here.receive(*archives(shared))
    here.installation.drain()
    names: dict[str, set[str]] = {}
    created: set[str] = set()
    named: set[str] = set()
    for mail, decision, known in here.decided():
        for participant in mail.participants:
            for handle in participant.handles:
                names.setdefault(handle.key, set()).add(participant.name)
        created.update(person.about for person in decision.people if person.verdict in ("create", "link"))
        assert known is not None
        named.update(key for key, facts in known.people.items() if facts.names)
    many = {key for key, seen in names.items() if len(seen) > SHARED_ADDRESS_NAMES}
    machines = {key for key in names if is_machine_address(key) or is_role_address(key)}
    figure(f"{len(names)} addresses, {len(machines)} of machines or roles, {len(created)} contacts")
    assert many
    assert machines
    assert not many & named
    assert not created & (machines | many)


def test_everything_on_a_list_is_held(shared: Path, place: MakePlace) -> None:
    """With the preset `standard` a list that nobody of ours writes to makes no contact at all."""
    here = place()
    here.receive(*archives(shared))
    here.installation.drain()
    assert here.report().created == 0
    for mail, decision, _ in here.decided():
        assert isinstance(mail, Email)
        assert mail.signs.automated
        assert all(person.verdict == "leave" for person in decision.people)


def test_killed_in_the_middle(shared: Path, tmp_path: Path, figure: Callable[[str], None]) -> None:
    """An import killed with SIGKILL between two archives and run again ends with the same 317, each once."""
    home = tmp_path / "home"
    command = [str(Path(sys.executable).parent / "firstcontact"), "--home", str(home)]
    user = ("--domain", "northwind.example", "--user", "Ana Ruiz <ana@northwind.example>")
    subprocess.run([*command, "init", *user], check=True, capture_output=True)
    files = [str(path) for path in archives(shared)]
    kept = _kill_when_some_is_kept([*command, "import", "--yes", *files], home / "ledger.db")
    figure(f"killed when {kept} of {MAILS} deliveries were kept")
    assert 0 < kept < MAILS
    again = subprocess.run([*command, "import", "--yes", "--json", *files], capture_output=True)
    assert again.returncode == 0, again.stderr
    report = json.loads(subprocess.run([*command, "report", "--json"], capture_output=True).stdout)
    assert (report["deliveries"], report["interactions"]) == (MAILS, INTERACTIONS)
    assert json.loads(again.stdout)["interactions"] == INTERACTIONS - _before(kept)


_seen: dict[int, int] = {}


def _before(kept: int) -> int:
    return _seen[kept]


def _kill_when_some_is_kept(command: list[str], ledger: Path) -> int:
    """Kill the import as soon as the ledger holds deliveries; how many it then held."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and not _count(ledger, "deliveries"):
        time.sleep(0.002)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    kept = _count(ledger, "deliveries")
    _seen[kept] = _count(ledger, "interactions")
    return kept


def _count(ledger: Path, table: str) -> int:
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
