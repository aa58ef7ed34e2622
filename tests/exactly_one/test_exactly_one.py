"""One contact and one log, whoever races for them, wherever answers are lost (SPEC §5, "Exactly one")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from choice import ALL, chosen
from crews import Crew, Place, Processes, SharedClock, Threads, opened
from races import RACES, TROUBLES
from scene import Scene

from firstcontact.flow.clock import DAY, HOUR
from firstcontact.testing.served import Served, serve
from firstcontact.testing.temporal import DevServer
from firstcontact.testing.temporal import NotInstalled as NoTemporal

NOON = 1_767_700_800_000_000
"""2026-01-06 12:00 UTC."""

EVERY_TIME = chosen()
CASES = [case if case in EVERY_TIME else pytest.param(*case, marks=pytest.mark.soak) for case in ALL]


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    crew = Processes()
    yield crew
    crew.close()


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    try:
        server = DevServer(tmp_path_factory.mktemp("temporal"))
    except NoTemporal as missing:
        pytest.skip(str(missing))
    crew = Processes(server.address)
    yield crew
    crew.close()
    server.kill()


@pytest.fixture(scope="module")
def crms(request: pytest.FixtureRequest) -> Iterator[Callable[[str, str], Served]]:
    """CRMs in processes of their own by database and by what they lack, each started once."""
    running: dict[tuple[str, str], Served] = {}

    def crm(database: str, trouble: str) -> Served:
        offered = TROUBLES[trouble].offered
        name = (database, str(sorted(offered)))
        if name not in running:
            where = ":memory:"
            if database == "postgresql":
                where = request.getfixturevalue("postgres").database()
            running[name] = serve(database=where, now=NOON, **offered)
        return running[name]

    yield crm
    for served in running.values():
        served.stop()


@pytest.mark.parametrize(("race", "database", "workers", "trouble"), CASES)
def test_exactly_one(
    race: str,
    database: str,
    workers: str,
    trouble: str,
    crms: Callable[[str, str], Served],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """The race ends with exactly the contacts and logs that it should, and delivering again changes
    nothing."""
    served = crms(database, trouble)
    served.desk.empty()
    clock = SharedClock(tmp_path / "clock")
    now = served.desk.advance_to(NOON) + DAY
    ledger = str(tmp_path / "ledger.db")
    if database == "postgresql":
        ledger = request.getfixturevalue("postgres").database()
    crew: Crew = Threads() if workers == "threads" else request.getfixturevalue(workers)
    run = RACES[race](now - HOUR)
    place = Place(ledger=ledger, crm=served.address, clock=str(tmp_path / "clock"), book=run.book)
    with opened(place) as (installation, watch):
        scene = Scene(served, clock, installation, place)
        scene.advance_to(now)
        scene.run(run, TROUBLES[trouble], crew)
    assert watch.said == []
