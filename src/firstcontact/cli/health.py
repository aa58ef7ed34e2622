"""`firstcontact health`: whether all is well, for people, monitoring and containers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import clean, home_folder, json_option, print_json, say, say_wrapped

if TYPE_CHECKING:
    from firstcontact.config import Home
    from firstcontact.operating.health import Check, Limits

WAIT = 5.0
"""Seconds to wait for a database that another program writes to at the moment."""

_SIGNS = {"ok": "ok", "broken": "BROKEN", "person": "waits"}


@click.command(epilog="Example: firstcontact health --age 600 --backup-age 48")
@click.option("--age", default=900.0, show_default=True, type=click.FloatRange(1), metavar="SECONDS",
              help="How long due work may wait.")  # fmt: skip
@click.option("--free", default=500, show_default=True, type=click.IntRange(0), metavar="MB",
              help="What the disk must have left.")  # fmt: skip
@click.option("--backup-age", default=0.0, type=click.FloatRange(0), metavar="HOURS",
              help="How old the last backup may be; 0: nobody asks.  [default: 0]")  # fmt: skip
@json_option
@click.pass_context
def health(ctx: click.Context, age: float, free: int, backup_age: float, as_json: bool) -> int:
    """Whether all is well: databases, due work, workers, connections, disk, clock.

    One line for each check; one that fails says what to do next. Opens nothing anew and upgrades nothing.

    Exits with 0 where all is well, 1 where something is broken, 3 where everything works and something waits
    for a person.
    """
    from firstcontact.operating.health import Limits, status

    limits = Limits(age=age, free=free * 1_000_000, backup_age=backup_age * 3600)
    checks = list(_checks(ctx, limits))
    result = status(checks)
    if as_json:
        print_json({"status": result, "healthy": result == 0, "checks": checks})
        return result
    width = max(len(check.name) for check in checks)
    for check in checks:
        say_wrapped(f"{_SIGNS[check.finding]:<6}  {clean(check.name):<{width}}  ", check.says)
        if check.next_step:
            say_wrapped(f"{'':<6}  {'':<{width}}  → ", check.next_step)
    say({0: "All is well.", 1: "Something is broken.", 3: "All works; something waits for a person."}[result])
    return result


def _checks(ctx: click.Context, limits: Limits) -> Iterator[Check]:
    from firstcontact.config import load
    from firstcontact.operating.health import Check, check_disk
    from firstcontact.policy.schema import SettingsProblem

    folder = home_folder(ctx)
    try:
        home = load(folder)
    except SettingsProblem as problem:
        yield Check("settings", "broken", str(problem), "correct the file; the line is in the sentence")
    else:
        yield Check("settings", "ok", "read")
        yield from _of_stores(home, limits)
    yield check_disk(folder, limits)


def _of_stores(home: Home, limits: Limits) -> Iterator[Check]:
    from firstcontact.bootstrap import ADDRESS_BOOK_FILE, LEDGER_FILE
    from firstcontact.connectors.address_book.tables import HISTORY as ADDRESS_BOOK
    from firstcontact.ledger.history import HISTORY as LEDGER
    from firstcontact.operating.health import Check, check_store
    from firstcontact.store.engine import open_engine

    for name, file, history in (
        ("ledger", LEDGER_FILE, LEDGER),
        ("address book", ADDRESS_BOOK_FILE, ADDRESS_BOOK),
    ):
        path = home.folder / file
        if not path.exists():
            says = f"there is no {path}"
            yield Check(name, "broken", says, "`firstcontact status` makes it; or restore a backup")
            continue
        engine = open_engine(path, busy_seconds=WAIT)
        try:
            check = check_store(name, engine, history)
            yield check
            if history is LEDGER and check.finding == "ok":
                yield from _of_ledger(engine, limits)
        finally:
            engine.dispose()


def _of_ledger(engine: object, limits: Limits) -> Iterator[Check]:
    from firstcontact.flow.clock import SystemClock
    from firstcontact.ledger import deciding
    from firstcontact.operating.health import Check, check_backup, check_state
    from firstcontact.operating.state import state
    from firstcontact.store.engine import read
    from firstcontact.store.problems import StoreProblem

    now = SystemClock().now()
    made_at = 0
    try:
        with read(engine) as tx:  # type: ignore[arg-type]
            found = state(tx, "address_book", now)
            with suppress(ValueError):
                made_at = int(deciding.fact(tx, "backup_made_at") or 0)
    except StoreProblem as problem:
        yield Check("ledger state", "broken", str(problem), "try again; then see the log of the database")
        return
    yield from check_state(found, limits)
    yield check_backup(made_at, now, limits)
