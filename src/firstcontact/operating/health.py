"""Whether an installation is healthy: checks, each with what it saw and, where it fails, what to do next.

A check is `ok`, `broken` (something does not work: a program or a machine must be seen to), or `person` (all
of ours works, and something waits for a person's decision, or for a CRM that does not answer).
Sentences name counts and causes, never people.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from firstcontact.boundaries import Boundary
from firstcontact.ledger import deciding
from firstcontact.operating.state import SECOND, Silence, State, Stuck
from firstcontact.store import engine as store
from firstcontact.store.migrations import History, check
from firstcontact.store.problems import StoreProblem

Finding = Literal["ok", "broken", "person"]

HEALTHY, BROKEN, NEEDS_A_PERSON = 0, 1, 3
"""Exit statuses; also an argument of what is worse: broken comes first."""

DAY = 86_400 * SECOND
INDEX_AGE = 86_400.0
"""Seconds from which on an index is too old: a running worker brings it up to date every minute."""
AHEAD = 120 * SECOND
"""So far may the clocks of several machines be apart before it counts as one that was set back."""

_STAGES = {"understand": "delivery to understand", "decide": "interaction to decide", "carry_out": "write"}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """From where on something is no longer healthy.

    age: seconds that due work may wait. free: bytes that the disk must have left. backup_age: seconds since
    the last backup, 0: nobody asks.
    """

    age: float = 900.0
    free: int = 500_000_000
    backup_age: float = 0.0


class Check(msgspec.Struct, frozen=True):
    """One line of the answer: what was looked at, what was found, and the next step where it is not `ok`."""

    name: str
    finding: Finding
    says: str
    next_step: str = ""


def status(checks: Iterable[Check]) -> int:
    """The exit status: 1 where anything is broken, else 3 where a person is needed, else 0."""
    found = {each.finding for each in checks}
    if "broken" in found:
        return BROKEN
    return NEEDS_A_PERSON if "person" in found else HEALTHY


# --- stores ----------------------------------------------------------------------------------------


def hurry(engine: Engine, seconds: float) -> None:
    """From its next connection on the database waits no longer than so for another's turn: whoever asks for
    health has not got half a minute."""
    sqlite = engine.dialect.name == "sqlite"
    statement = f"{'PRAGMA busy_timeout' if sqlite else 'SET lock_timeout'} = {int(seconds * 1000)}"

    @event.listens_for(engine, "connect")
    def wait_less(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
        if not sqlite:
            connection.commit()


def check_store(name: str, engine: Engine, history: History) -> Check:
    """That the database can be opened, has this program's tables, and takes a write."""
    try:
        check(engine, history)
        with store.begin(engine, Boundary.LOOK_AT_HEALTH) as tx:
            if history.name == "ledger":
                # A row that is written each time: a full disk refuses that, not an empty transaction.
                deciding.set_fact(tx, "health_looked", "")
    except StoreProblem as problem:
        return of_problem(name, problem)
    except Exception as error:  # tables that are missing, say: whatever it is, it is not well
        says = f"cannot be used ({type(error).__name__})"
        return Check(name, "broken", says, "restore a backup; `firstcontact status` shows the error")
    return Check(name, "ok", f"opened and written to; schema {history.revisions()[-1]}")


def of_problem(name: str, problem: StoreProblem) -> Check:
    """A database that can't be used, by its own sentence, whose second half is the next step."""
    says, _, step = str(problem).rpartition("; ")
    return Check(name, "broken", says or step, step[:1].lower() + step[1:] if says else AS_SAID)


AS_SAID = "do as this sentence says"


def check_disk(folder: Path, limits: Limits) -> Check:
    """That the disk of the home folder has room."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("disk", "broken", f"cannot be asked: {error.strerror}", "check that the folder is there")
    says = f"{free // 1_000_000:,} MB free"
    if free >= limits.free:
        return Check("disk", "ok", says)
    return Check(
        "disk", "broken", f"{says}, less than {limits.free // 1_000_000:,} MB", "make room on the disk"
    )


# --- the ledger's state ------------------------------------------------------------------------------


def check_state(state: State, limits: Limits) -> Iterator[Check]:
    """What the ledger tells: the clock, due work, workers, connections, what is stuck, brakes."""
    yield _clock(state)
    yield _due_work(state, limits)
    yield from _workers(state, limits)
    yield from _connections(state)
    yield from _indexes(state)
    yield _stuck(state)
    yield _brake(state)


def _clock(state: State) -> Check:
    ahead = state.newest - state.at
    if ahead > AHEAD:
        return Check(
            "clock",
            "broken",
            f"the ledger's newest entry is {_span(ahead / SECOND)} in the future: the clock was set back",
            "set this machine's clock (timedatectl, chrony); entries are not lost",
        )
    latest = max((lane.last for lane in state.lanes), default=0) - state.at
    if latest > 2 * DAY:
        return Check(
            "clock",
            "broken",
            f"work is due only in {_span(latest / SECOND)}, so the clock was wrong when it was put off",
            "set this machine's clock; `firstcontact run` brings such work forward within a day",
        )
    return Check("clock", "ok", "agrees with the ledger")


def _due_work(state: State, limits: Limits) -> Check:
    due = [lane for lane in state.lanes if lane.due]
    if not due:
        return Check("work", "ok", "nothing is due")
    counts = ", ".join(f"{lane.due:,} {_STAGES[lane.stage]}" for lane in due)
    oldest = max(lane.age for lane in due)
    says = f"due: {counts}; the oldest for {_span(oldest)}"
    if oldest <= limits.age:
        return Check("work", "ok", says)
    return Check(
        "work",
        "broken",
        f"{says}, longer than {_span(limits.age)}",
        "see whether `firstcontact run` runs and what its log says; add workers if it can't keep up",
    )


def _workers(state: State, limits: Limits) -> Iterator[Check]:
    """A worker gives its lanes back where nothing is due, so nobody at work is healthy then."""
    for name, count in sorted(state.workers.items()):
        label = f"workers of {name}"
        due = [lane for lane in state.lanes if lane.connection == name and lane.due]
        waits = max((lane.age for lane in due), default=0.0)
        lapsed = state.lapsed.get(name, 0)
        if count == 0 and waits > min(limits.age, 120.0):
            gone = f"; {lapsed} lanes are held by workers that are gone" if lapsed else ""
            says = f"nobody is at work, and work has been due for {_span(waits)}{gone}"
            yield Check(label, "broken", says, "start `firstcontact run`")
        else:
            yield Check(label, "ok", f"{count} at work" if count else "nobody at work, and nothing waits")


def _connections(state: State) -> Iterator[Check]:
    silences = {each.connection: each for each in state.silences}
    for each in state.connections:
        label = f"connection {each.connection}"
        blocked = (each.blocked_until - state.at) / SECOND
        if each.paused_at is not None:
            since = _span((state.at - each.paused_at) / SECOND)
            says = f"paused for {since}: the CRM no longer takes our permission"
            yield Check(label, "person", says, "grant access anew, then `firstcontact stuck resume`")
        elif blocked > 0:
            yield Check(label, "ok", f"open; the CRM asked to be left alone for {_span(blocked)} more")
        elif each.connection in silences:
            yield Check(label, "person", _silence(silences[each.connection], state.at), ASK_WHY)
        else:
            left = f"; {each.quota_left:,} of {each.quota:,} calls left" if each.quota > 0 else ""
            yield Check(label, "ok", f"open{left}")


ASK_WHY = "see whether the CRM can be reached; `firstcontact run` tries again by itself, nothing is lost"


def _silence(silence: Silence, now: int) -> str:
    counts = (
        f"{count:,} {what}{'' if count == 1 else 's'}"
        for count, what in ((silence.interactions, "interaction"), (silence.writes, "write"))
        if count
    )
    since = datetime.fromtimestamp(silence.since // SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC")
    span = _span((now - silence.since) / SECOND)
    return (
        f"the CRM does not answer since {since} ({span}) or longer: {' and '.join(counts)} to be tried again"
    )


def _indexes(state: State) -> Iterator[Check]:
    """A paused connection reads nothing, and says so itself."""
    paused = {each.connection for each in state.connections if each.paused_at is not None}
    for each in state.indexes:
        if each.connection in paused:
            continue
        label = f"index of {each.connection}"
        if each.complete_at is None:
            yield Check(label, "ok", f"is being read for the first time: {each.share} so far")
            continue
        age = (state.at - each.read_at) / SECOND
        says = f"as the CRM was {_span(age)} ago"
        if age > INDEX_AGE:
            step = "see whether `firstcontact run` runs and what its log says; or `firstcontact index sync`"
            yield Check(label, "broken", says, step)
        else:
            yield Check(label, "ok", says)


def _stuck(state: State) -> Check:
    stuck = [each for each in state.stuck if each.cause != "held"]
    if not stuck:
        return Check("stuck", "ok", "nothing")
    says = ", ".join(f"{each.count:,} {_what(each)}" for each in stuck)
    return Check("stuck", "person", says, "`firstcontact stuck` lists them, each with why")


def _what(stuck: Stuck) -> str:
    causes = {"parked": "refused by the CRM", "unclear": "without an answer", "fault": "not understood"}
    return f"{stuck.kind.replace('_', ' ')} {causes.get(stuck.cause, stuck.cause)}"


def _brake(state: State) -> Check:
    held = sum(each.count for each in state.stuck if each.cause == "held")
    if not held:
        return Check("brake", "ok", "off")
    return Check(
        "brake",
        "person",
        f"holds {held:,} writes",
        "look at `firstcontact stuck`; `firstcontact brake release` lets them go",
    )


def check_backup(made_at: int, now: int, limits: Limits) -> Check:
    """How old the last backup is. made_at: in microseconds, 0 where the ledger knows of none."""
    if not made_at:
        says = "none was ever made by `firstcontact backup`"
    else:
        says = f"the last was made {_span((now - made_at) / SECOND)} ago"
    if not limits.backup_age or (made_at and now - made_at <= limits.backup_age * SECOND):
        return Check("backup", "ok", says)
    return Check("backup", "person", says, "make one: `firstcontact backup`")


def _span(seconds: float) -> str:
    """`40 seconds`, `3 minutes`, `5 hours`, `2 days`."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    count = int(max(seconds, 0))
    return f"{count} second{'' if count == 1 else 's'}"
