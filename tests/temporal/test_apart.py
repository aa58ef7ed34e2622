"""What keeps installations apart, and Temporal out of an install that does without it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crew import BOOK, Looker, Where, calls, job
from rooms import imports, modules
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from firstcontact.flow.engine_job import InstallationJob
from firstcontact.lanes.temporal.activities import Activities
from firstcontact.lanes.temporal.client import Waker
from firstcontact.lanes.temporal.messages import GROUPS, SHARDS, Drained, Lane, Place, lanes
from firstcontact.lanes.temporal.server import EngineProblem, Server, read_address
from firstcontact.ledger import sharding

WITHOUT = """
import importlib, pkgutil, sys
class Missing:
    def find_spec(self, name, *_):
        if name.split(".")[0] == "temporalio":
            raise ModuleNotFoundError("No module named 'temporalio'", name="temporalio")
sys.meta_path.insert(0, Missing())
"""

IMPORT_ALL = (
    WITHOUT
    + """
import firstcontact
need = {f"firstcontact.lanes.temporal.{name}" for name in ("workflows", "activities", "client", "worker")}
for module in pkgutil.walk_packages(firstcontact.__path__, "firstcontact."):
    if module.name not in need and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
)


def _python(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_nothing_else_needs_temporal() -> None:
    """Every module but the four that are Temporal's own can be imported where the extra is not installed."""
    done = _python(IMPORT_ALL)
    assert done.returncode == 0, done.stderr


def test_nobody_else_names_temporal() -> None:
    """In no function either: `temporalio` is imported by the modules of `lanes.temporal` alone."""
    found = {
        wanted.module
        for module in modules(Path(__file__).parents[2] / "src").values()
        for wanted in imports(module)
        if wanted.target.split(".")[0] == "temporalio"
    }
    assert found
    assert {name for name in found if not name.startswith("firstcontact.lanes.temporal.")} == set()


@pytest.mark.parametrize("command", ["worker", "wake", "backfill"])
def test_what_is_missing_is_named(tmp_path: Path, command: str) -> None:
    """A command that needs the extra says so, and what does without."""
    run = WITHOUT + "from firstcontact.cli.main import main; main()"
    home = str(tmp_path / "home")
    assert (
        _python(
            run, "--home", home, "init", "--domain", "firm.example", "--user", "A <a@firm.example>"
        ).returncode
        == 0
    )
    done = _python(run, "--home", home, command, "--temporal", "127.0.0.1:1")
    assert done.returncode == 2
    assert "pip install 'firstcontact[temporal]'" in done.stderr
    assert "firstcontact run" in done.stderr


def test_lanes_are_all_shards_once() -> None:
    """The lanes of a connection have every shard of the ledger, each once; and a shard's lane has it."""
    assert SHARDS == sharding.SHARDS
    every = lanes(Place("i", "c"))
    assert len(every) == GROUPS
    assert sorted(shard for lane in every for shard in lane.shards) == list(sharding.ALL)
    for shard in sharding.ALL:
        (lane,) = lanes(Place("i", "c"), (shard,))
        assert shard in lane.shards
        assert lane in every


def test_installations_and_connections_have_names_of_their_own(tmp_path: Path) -> None:
    """Workflows, schedules and task queues of two installations, or of two connections, never meet; a
    connection's name is the same in every process."""
    one, other = Place("one", "clio"), Place("other", "clio")
    assert {lane.id for lane in lanes(one)}.isdisjoint(lane.id for lane in lanes(other))
    assert (
        Server("x:1").queue_of(one)
        != Server("x:1").queue_of(other)
        != Server("x:1").queue_of(Place("one", "b"))
    )
    where = Where(str(tmp_path / "ledger.db"), str(tmp_path / "crm.db"))
    assert job(where).place.prefix == Looker(where).place().prefix
    assert isinstance(lanes(one)[0], Lane)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("temporal.firm.example:7233", "temporal.firm.example:7233"),
        ("localhost", "localhost:7233"),
        ("[::1]:7", "[::1]:7"),
    ],
)
def test_an_address_is_read(said: str, meant: str) -> None:
    """HOST:PORT as it is, HOST with the usual port."""
    assert read_address(said) == meant


@pytest.mark.parametrize("said", ["", "http://x:7233", "x:0", "x:70000", "x:port", "a b:1", "user@x:1"])
def test_what_is_no_address_is_refused(said: str) -> None:
    """Anything else is refused with what it should be."""
    with pytest.raises(EngineProblem, match="is no HOST:PORT"):
        read_address(said)


class _Failing(InstallationJob):
    """A job that meets what nobody foresaw."""

    def drain(self, shards: tuple[int, ...], stop: Callable[[], bool]) -> Drained:
        """Quotes a person."""
        del shards, stop
        raise ValueError("+14155550123 of Jo Park")


def _activities(where: Where, watch: Kept) -> Activities:
    work = job(where)
    failing = _Failing(Looker(where).installation, work.place, lambda _: BOOK)
    loop = asyncio.new_event_loop()
    return Activities(failing, Waker(None, Server("x:1"), work.place), loop, watch)  # type: ignore[arg-type]


class Kept:
    """A `Watch` that keeps what failed."""

    def __init__(self) -> None:
        self.failed: list[BaseException] = []

    def failure(self, name: str, error: BaseException, **_: Any) -> None:
        """Something raised that nobody foresaw."""
        del name
        self.failed.append(error)

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


def test_no_value_goes_to_temporal(tmp_path: Path) -> None:
    """What is raised in an activity is told to Temporal, which keeps it, by its type alone; the machine's own
    log gets all of it."""
    where = Where(str(tmp_path / "ledger.db"), str(tmp_path / "crm.db"))
    watch = Kept()
    activities = _activities(where, watch)
    with pytest.raises(ApplicationError) as caught:
        ActivityEnvironment().run(activities.drain_lane, lanes(job(where).place)[0])
    failure = Failure()
    DataConverter.default.failure_converter.to_failure(
        caught.value, DataConverter.default.payload_converter, failure
    )
    assert "Jo Park" not in str(failure)
    assert "4155550123" not in str(failure)
    assert "ValueError" in str(failure)
    assert [str(error) for error in watch.failed] == ["+14155550123 of Jo Park"]


def test_nobody_does_anothers_work(tmp_path: Path) -> None:
    """A worker that gets another installation's task, since somebody gave both one task queue, refuses it."""
    where = Where(str(tmp_path / "ledger.db"), str(tmp_path / "crm.db"))
    activities = _activities(where, Kept())
    with pytest.raises(RuntimeError, match="this worker is for"):
        ActivityEnvironment().run(activities.drain_lane, lanes(Place("another", "address_book"))[0])


def test_a_drain_leases_only_its_lanes(tmp_path: Path) -> None:
    """A drain does what is due in its own lanes, says where else there is work, and when to come again; where
    somebody else has them, it says so."""
    where = Where(str(tmp_path / "ledger.db"), str(tmp_path / "crm.db"))
    look, work = Looker(where), job(where)
    look.installation.take(calls(40, 1))
    first = work.drain((2, 3), lambda: False)
    assert first.done > 0
    assert not first.busy
    assert not first.more
    assert first.wait < 0
    assert set(first.elsewhere) == set(work.due().shards)
    assert not {2, 3} & set(first.elsewhere)
    with look.installation.lanes.leased(only=(4, 5)) as lease:
        assert lease is not None
        assert work.drain((4, 5), lambda: False).busy
    stopped = work.drain((4, 5), lambda: True)
    assert stopped.more
    assert work.drain((4, 5), lambda: False).more is False
    for shards in ((0, 1), *((n, n + 1) for n in range(6, 16, 2))):
        work.drain(shards, lambda: False)
    assert work.due().now == 0
    assert work.drain((2, 3), lambda: False).done == 0
    look.exactly(40, 40)
