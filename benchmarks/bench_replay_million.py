"""Replaying a long life, against reading and decoding its rows alone.

    python -m benchmarks.bench_replay_million [INTERACTIONS] [--database sqlite|postgresql]

A thousand interactions (calls, mails both ways with somebody in copy, texts; half of them of people who were
never met before) run through the program, and are copied a thousand times, everybody in a copy being
another. The ledger is replayed with its own settings and with ones that differ for everybody. The floor is
one reading of the very same rows: every interaction with its last decision and what that was made from,
decoded. Both in processor seconds, PostgreSQL's own included, in one process, one after the other; the note
has the seconds of the wall, the differing verdicts, and the resident memory at its highest, beside that of
reading the rows alone.
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select

from benchmarks.databases import NAMES, Databases, both
from benchmarks.installations import STANDARD, TEAM
from benchmarks.measuring import Figure, figure, print_all, progress
from firstcontact.cli.main import collect_seldom
from firstcontact.flow.replay import Replay, ReplaySummary
from firstcontact.interactions.model import Call, Email, Handle, Interaction, Participant, Sms
from firstcontact.ledger import reading, tables
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import begin
from firstcontact.store.statements import insert
from firstcontact.testing import grown

MANY = 1_000_000
LIMIT = 6.0
SETTINGS: Mapping[str, Any] = {**STANDARD, "engagement": "any"}
TRIED: Mapping[str, Mapping[str, Any]] = {
    "same": SETTINGS,
    "other": {**SETTINGS, "unknown_contact": {"default": "log_unlinked"}},
}
"""Settings that are tried: those that the life was decided with, and others that differ for everybody."""


def measure(many: int = MANY, names: tuple[str, ...] = NAMES) -> list[Figure]:
    """A replay with each of the settings on each database, against the rows alone."""
    collect_seldom()  # as every command does
    found: list[Figure] = []
    with both(names) as kinds:
        for databases in kinds:
            found += _of(databases, many)
    return found


def _of(databases: Databases, many: int) -> list[Figure]:
    engines = databases.pair()
    installation = grown.installation(*engines, SettingsBook.from_mapping(TEAM, SETTINGS))
    before = time.monotonic()
    installation.take(list(life(ONE_LIFE)))
    installation.drain()
    _grow(engines[0], many // ONE_LIFE)
    progress(f"{databases.name}: {many} interactions grown in {time.monotonic() - before:.0f} s")
    found: list[Figure] = []
    with installation.ledger.read() as tx:
        _read(tx, most=5000)
        _replay(tx, SETTINGS, since=grown.AT - 100 * 60_000_000)  # so that nothing is done for the first time
        floor = databases.seconds(lambda: _read(tx))
        progress(f"the rows alone: {floor:.1f} s of the processor, {_megabytes():.0f} MB at most")
        for name, settings in TRIED.items():
            found.append(_replayed(tx, databases, name, settings, floor))
            progress(found[-1].line())
    for engine in engines:
        engine.dispose()
    return found


# --- a long life ---------------------------------------------------------------------------------------

ONE_LIFE = 1000
BASE = 2000
"""How everybody's number, address and id begins in the life that is copied."""
_OWN = re.compile(rb"(\+1415|call-|mail-|text-|person|firm|thread|new:|[cv]-)([0-9a-f]{4})")


def life(count: int) -> Iterator[Interaction]:
    """Calls, mails and texts; every second one with somebody who was never met before."""
    for number in range(count):
        who = f"{BASE}{number if number % 2 == 0 else number // 20 * 2:03}"
        phone, mail = f"+1415{who}", f"person{who}@firm{BASE}{number % 90:03}.example"
        at = grown.AT - (count - number) * 60_000_000
        id = f"{BASE}{number:03}"
        if number % 10 < 5:
            yield Call(
                id=f"call-{id}", source="grown", source_id=id, conversation=f"call-{id}", at=at,
                direction="inbound", result="missed" if number % 7 == 0 else "answered", seconds=61,
                participants=(_on("from", phone, "PARK JO"), _on("to", grown.OURS[0])),
            )  # fmt: skip
        elif number % 10 < 9:
            mine = number % 4 == 3
            theirs = _on("to" if mine else "from", mail, "Jo Park" if number % 3 else "")
            copied = f"person{BASE}{number % 50 + 900:03}@firm{BASE}{number % 90:03}.example"
            yield Email(
                id=f"mail-{id}", source="grown", source_id=f"{id}@firm.example",
                conversation=f"thread{who}", at=at, subject="Your order", body="Thank you. " * 20,
                participants=(theirs, _on("from" if mine else "to", grown.OURS[1]), _on("cc", copied)),
            )  # fmt: skip
        else:
            yield Sms(
                id=f"text-{id}", source="grown", source_id=id, conversation=f"thread{who}", at=at,
                direction="inbound", body="On my way",
                participants=(_on("from", phone), _on("to", grown.OURS[0])),
            )  # fmt: skip


def _on(role: str, key: str, name: str = "") -> Participant:
    kind = "email" if "@" in key else "phone"
    return Participant(role, (Handle(kind, key, key),), name)  # type: ignore[arg-type]


def _grow(engine: Engine, copies: int) -> None:
    """The life so often once more, each time with other people: of the tables that a replay reads."""
    columns = [column for column in tables.decisions.columns if column.name != "id"]
    creating = select(tables.writes).where(tables.writes.c.kind == "create_contact")
    asked = (
        (tables.interactions, select(tables.interactions)),
        (tables.decisions, select(*columns)),
        (tables.writes, creating),
        (
            tables.participants,
            select(tables.participants).where(tables.participants.c.key.not_in(grown.OURS)),
        ),
    )
    with begin(engine) as tx:
        first = [(table, [dict(row._mapping) for row in tx.execute(query)]) for table, query in asked]
        for copy in range(1, copies):
            for table, rows in first:
                insert(tx, table, [_other(row, copy) for row in rows])


def _other(first: dict[str, Any], copy: int) -> dict[str, Any]:
    row = dict(first)
    for name, value in first.items():
        if isinstance(value, bytes):
            row[name] = _renamed(value, copy)
        elif isinstance(value, str):
            row[name] = _renamed(value.encode(), copy).decode()
        elif name == "at":
            row[name] = value - copy * 100_000_000_000
    if "state" in row:
        row["key"] = f"~{copy:03x}{row['key'][4:]}"
    return row


def _renamed(text: bytes, copy: int) -> bytes:
    """With everybody's number, address and id as those of the copy: all are as long as before."""

    def other(found: re.Match[bytes]) -> bytes:
        if found[2] == b"%d" % BASE:
            return found[1] + b"%d" % (BASE + copy)
        return found[1] + b"~%03x" % copy if found[1] in (b"new:", b"c-", b"v-") else found[0]

    return _OWN.sub(other, text)


# --- measuring -----------------------------------------------------------------------------------------


def _read(tx: Connection, most: int = 2**62) -> int:
    """Read and decode every row that a replay needs; how many there were."""
    count = 0
    for count, _ in enumerate(reading.decided(tx, 0, 2**62), 1):
        if count == most:
            break
    return count


def _replay(tx: Connection, settings: Mapping[str, Any], since: int = 0) -> ReplaySummary:
    run = Replay(tx, SettingsBook.from_mapping(TEAM, settings), since=since)
    for _ in run.differences():
        pass
    return run.summary()


def _replayed(
    tx: Connection, databases: Databases, name: str, settings: Mapping[str, Any], floor: float
) -> Figure:
    before, wall = _megabytes(), time.monotonic()
    summaries: list[ReplaySummary] = []
    value = databases.seconds(lambda: summaries.append(_replay(tx, settings)))
    (summary,) = summaries
    note = (
        f"{summary.interactions} interactions, {summary.differences} verdicts differ, "
        f"{time.monotonic() - wall:.0f} s of the wall, {_megabytes():.0f} MB at most ({before:.0f} before)"
    )
    return figure(f"replay_{databases.name}_{name}", "s", [(value, floor)], LIMIT, note)


def _megabytes() -> float:
    """The most resident memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Measure; `--database` one of both only."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("interactions", nargs="?", type=int, default=MANY)
    parser.add_argument("--database", choices=NAMES)
    options = parser.parse_args()
    return print_all(measure(options.interactions, (options.database,) if options.database else NAMES))


if __name__ == "__main__":
    sys.exit(main())
