"""The fork server: tells the story once, then kills it again and again, in processes forked from here.

A case is a step of the story, taken by a process that kills itself with SIGKILL at a boundary; another
process, that knows nothing of it, goes on. Nothing is imported or compiled anew for a case, so that it costs
little more than its step.

    python crash_server.py KIND PLACE HOW
    python crash_server.py KIND PLACE pairs SEED MINUTES

PLACE: a folder, or the address of a PostgreSQL server. HOW: see `choose`, `begin` tells the first day only;
pairs of faults kill a second time while going on. Prints what was done as one JSON value.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crash_places import InFiles, InPostgres, Place
from crash_telling import STEPS, Told, deliver_again, left_behind, take
from sentences import hold

from firstcontact.boundaries import Boundary, Moment, watched
from firstcontact.flow.clock import HOUR

SECONDS = 600
"""A case that takes longer hangs."""

FIRST_DAY = 7
"""Steps of the story's first day, in which everything is decided and carried out at least once."""


@dataclass(frozen=True)
class Crossing:
    """The `nth` time in a step that this moment of a boundary comes (from 1)."""

    step: int
    boundary: str
    moment: Moment
    nth: int


@dataclass
class Case:
    """Killed there; and once more, at the so manieth crossing of going on (0: not). to_the_end: the rest of
    the story is told, too."""

    first: Crossing
    second: int = 0
    to_the_end: bool = False

    def __str__(self) -> str:
        c = self.first
        again = f", and again at crossing {self.second} of going on" if self.second else ""
        return f"step {c.step}, killed {c.moment} {c.boundary} (time {c.nth}){again}"


@dataclass
class Done:
    """What a server has to say."""

    reached: list[str] = field(default_factory=list)
    crossings: int = 0
    cases: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


def fork(what: Callable[[], None], why: Path) -> int:
    """Do it in a process forked from this one; its number. Where it fails, `why` says why."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.alarm(SECONDS)
        what()
        status = 0
    except BaseException:
        why.write_text(traceback.format_exc(limit=-8))
    os._exit(status)


def _why(name: str) -> Path:
    return Path(f"{SAID}/{name}")


class Server:
    """A story told on one kind of CRM in one place."""

    def __init__(self, kind: str, place: Place, steps: int = len(STEPS)) -> None:
        """steps: how many of the story's."""
        self.kind = kind
        self.place = place
        self.steps = STEPS[:steps]
        self.crossings: list[Crossing] = []
        self.left: list[dict[str, Any]] = []
        self._clocks: list[int] = []
        self._numbers = 0

    def tell(self) -> None:
        """The story without a fault: what is crossed, and what each step leaves behind. What is there before
        a step is kept under the step's number."""
        now = START
        self.place.copy("", "told")
        for step in range(-1, len(self.steps)):
            self.place.copy("told", f"{step}")
            self._clocks.append(now)
            self.place.use("told")
            with watched(self._note(step)):
                world = Told(self.place.engines, self.kind, now)
                take(world, step)
            if step < 0:
                world.seed()
            self.left.append(left_behind(world))
            now = world.clock.now()
            world.close()
        self.place.use("told")
        world = Told(self.place.engines, self.kind, now)
        hold(world, self.steps)
        world.close()

    def _note(self, step: int) -> Callable[[Boundary, Moment], None]:
        times: dict[tuple[str, Moment], int] = {}

        def note(boundary: Boundary, moment: Moment) -> None:
            key = boundary.name, moment
            times[key] = times.get(key, 0) + 1
            self.crossings.append(Crossing(step, *key, times[key]))

        return note

    def run(self, cases: Iterable[Case], workers: int = 2) -> Iterator[tuple[Case, str]]:
        """Each case with its failure, "" for none, so many at once."""
        running: dict[int, tuple[Case, str]] = {}
        for case in cases:
            if len(running) >= workers:
                yield self._ended(running)
            self._numbers += 1
            name = f"case{self._numbers}"
            child = fork(lambda case=case, name=name: self._play(case, name), _why(name))
            running[child] = case, name
        while running:
            yield self._ended(running)

    def _ended(self, running: dict[int, tuple[Case, str]]) -> tuple[Case, str]:
        child, status = os.wait()
        case, name = running.pop(child)
        said = _why(name)
        failure = said.read_text() if said.exists() else ("" if status == 0 else f"ended with {status}")
        self.place.drop(name)
        return case, failure

    def _play(self, case: Case, name: str) -> None:
        """Two processes are killed, this one is the last."""
        self.place.copy(f"{case.first.step}", name)
        self.place.use(name)
        self._killed(lambda: self._take(case.first), name)
        if case.second:
            self._killed(lambda: self._go_on_until(case), name, or_not=True)
        self._go_on(case)

    def _killed(self, what: Callable[[], None], name: str, *, or_not: bool = False) -> None:
        _, status = os.waitpid(fork(what, _why(name)), 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return
        said = _why(name)
        why = said.read_text() if said.exists() else f"ended with {status}"
        if status or not or_not:
            raise AssertionError(f"was to be killed, but: {why}")

    def _take(self, crossing: Crossing) -> None:
        note = self._counting(
            lambda b, m, n: (b.name, m, n) == (crossing.boundary, crossing.moment, crossing.nth)
        )
        with watched(note):
            world = Told(self.place.engines, self.kind, self._clocks[crossing.step + 1])
            take(world, crossing.step)

    def _counting(self, is_it: Callable[[Boundary, Moment, int], bool]) -> Callable[[Boundary, Moment], None]:
        times: dict[tuple[str, Moment], int] = {}

        def note(boundary: Boundary, moment: Moment) -> None:
            key = boundary.name, moment
            times[key] = times.get(key, 0) + 1
            if is_it(boundary, moment, times[key]):
                os.kill(os.getpid(), signal.SIGKILL)

        return note

    def _go_on_until(self, case: Case) -> None:
        left = case.second

        def note(_: Boundary, __: Moment) -> None:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        with watched(note):
            self._recovered(case.first.step)

    def _recovered(self, step: int) -> Told:
        """A process that finds what a killed one left: everything so far is delivered again, then the step is
        taken again."""
        world = Told(self.place.engines, self.kind, self._clocks[step + 1] + HOUR)
        if step >= 0:
            deliver_again(world, STEPS[: step + 1])
        take(world, step)
        if step < 0:
            world.seed()
        return world

    def _go_on(self, case: Case) -> None:
        step = case.first.step
        world = self._recovered(step)
        while case.to_the_end and step + 1 < len(self.steps):
            step += 1
            take(world, step)
        assert left_behind(world) == self.left[step + 1]
        hold(world, STEPS[: step + 1])
        world.close()


def choose(crossings: list[Crossing], how: str) -> list[Case]:
    """Which crossings a process is killed at. `each`: every boundary's first and a later one, at each moment;
    `some`, `begin`: the first of each, within or after; `all`: all."""
    by_place: dict[tuple[str, Moment], list[Crossing]] = {}
    for crossing in crossings:
        by_place.setdefault((crossing.boundary, crossing.moment), []).append(crossing)
    chosen: list[Case] = []
    for (name, moment), all_of_it in by_place.items():
        if how == "all":
            chosen += [Case(each) for each in all_of_it]
            continue
        if how in ("some", "begin") and moment != ("within" if (name, "within") in by_place else "after"):
            continue
        if (name, moment) == ("APPLY", "after"):  # what is done there can't be taken back
            chosen += [Case(each) for each in all_of_it[1:] if each.step < FIRST_DAY]
        chosen.append(Case(all_of_it[0]))
        if how == "each" and len(all_of_it) > 1:
            later = all_of_it[1 + sum(map(ord, name + moment)) % (len(all_of_it) - 1)]
            chosen.append(Case(later))
    for number, case in enumerate(chosen):
        case.to_the_end = number % 20 == 0
    return chosen


def pairs(crossings: list[Crossing], seed: int, minutes: float) -> Iterator[Case]:
    """Pairs of faults by chance, for so long."""
    chance = random.Random(seed)
    crossings = [each for each in crossings if each.step >= 0]
    ends = time.monotonic() + 60 * minutes
    while time.monotonic() < ends:
        yield Case(chance.choice(crossings), second=chance.randint(1, 60), to_the_end=chance.random() < 0.1)


def main() -> None:
    """See the module's own text."""
    kind, where, how, *more = sys.argv[1:]
    place: Place = InPostgres(where) if where.startswith("postgresql:") else InFiles(Path(where))
    began = time.monotonic()
    server = Server(kind, place, FIRST_DAY if how == "begin" else len(STEPS))
    server.tell()
    done = Done(sorted({each.boundary for each in server.crossings}), len(server.crossings))
    chosen = pairs(server.crossings, int(more[0]), float(more[1])) if more else choose(server.crossings, how)
    for case, failure in server.run(chosen):
        done.cases += 1
        if failure:
            done.failures.append(f"{kind}: {case}\n{failure}")
    done.seconds = round(time.monotonic() - began, 1)
    print(json.dumps(asdict(done)))


START = STEPS[0].at - HOUR
SAID = ""

if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory(prefix="fc-crash-") as SAID:
        main()
