"""`firstcontact health`: whether all is well, for people, monitoring and containers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import clean, home_folder, json_option, print_json, say, say_wrapped

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from firstcontact.operating.health import Check, Limits
    from firstcontact.settings_text import Home

_SIGNS = {"ok": "ok", "broken": "BROKEN", "person": "waits"}


@click.command(epilog="Example: firstcontact health --age 600 --backup-age 48")
@click.option("--age", default=900.0, show_default=True, type=click.FloatRange(1), metavar="SECONDS",
              help="How long due work may wait.")  # fmt: skip
@click.option("--free", default=500, show_default=True, type=click.IntRange(0), metavar="MB",
              help="What the disk must have left.")  # fmt: skip
@click.option("--backup-age", default=0.0, type=click.FloatRange(0), metavar="HOURS",
              help="How old the last backup may be; 0: nobody asks.  [default: 0]")  # fmt: skip
@click.option("--wait", default=5.0, show_default=True, type=click.FloatRange(0), metavar="SECONDS",
              help="How long to wait for a database that is being written to.")  # fmt: skip
@json_option
@click.pass_context
def health(ctx: click.Context, age: float, free: int, backup_age: float, wait: float, as_json: bool) -> int:
    """Whether all is well: databases, due work, workers, connections, disk, clock.

    One line for each check; one that fails says what to do next. Opens nothing anew and upgrades nothing.

    Exits with 0 where all is well, 1 where something is broken, 3 where everything works and something waits
    for a person, or for a CRM that does not answer.
    """
    from firstcontact.operating.health import Limits, status

    limits = Limits(age=age, free=free * 1_000_000, backup_age=backup_age * 3600)
    checks = list(_checks(ctx, limits, wait))
    result = status(checks)
    if as_json:
        print_json({"status": result, "healthy": result == 0, "checks": checks})
        return result
    width = max(len(check.name) for check in checks)
    for check in checks:
        say_wrapped(f"{_SIGNS[check.finding]:<6}  {clean(check.name):<{width}}  ", check.says)
        if check.next_step:
            say_wrapped(f"{'':<6}  {'':<{width}}  → ", check.next_step)
    say({0: "All is well.", 1: "Something is broken.", 3: "All works here; something waits."}[result])
    return result


def _checks(ctx: click.Context, limits: Limits, wait: float) -> Iterator[Check]:
    from firstcontact.config import load
    from firstcontact.operating.health import Check, check_disk
    from firstcontact.policy.setting import SettingsProblem

    folder = home_folder(ctx)
    try:
        home = load(folder)
    except SettingsProblem as problem:
        yield Check("settings", "broken", str(problem), "correct the file; the line is in the sentence")
    else:
        yield Check("settings", "ok", "read")
        yield from _of_stores(home, limits, wait)
    yield check_disk(folder, limits)


def _of_stores(home: Home, limits: Limits, wait: float) -> Iterator[Check]:
    from firstcontact.bootstrap import sides
    from firstcontact.operating.health import Check, check_store, hurry, of_problem
    from firstcontact.settings_text import ADDRESS_BOOK
    from firstcontact.store.problems import StoreProblem

    try:
        both = sides(home.folder, home.store)
    except StoreProblem as problem:
        yield of_problem("databases", problem)
        return
    for side in both:
        name = side.history.name.replace("_", " ")
        file = side.engine.url.database if side.engine.dialect.name == "sqlite" else None
        if home.in_use is not None and name == "address book":
            continue  # nobody writes to it
        if file is not None and not Path(file).exists():
            step = "`firstcontact status` makes it; or restore a backup"
            yield Check(name, "broken", f"there is no {file}", step)
            continue
        hurry(side.engine, wait)
        try:
            check = check_store(name, side.engine, side.history)
            yield check
            if side.history.name == "ledger" and check.finding == "ok":
                yield _whose(home, side.engine)
                connection = home.in_use.name if home.in_use is not None else ADDRESS_BOOK
                yield from _of_ledger(side.engine, connection, limits)
        finally:
            side.engine.dispose()


def _whose(home: Home, ledger: Engine) -> Check:
    from firstcontact.homes import claim
    from firstcontact.operating.health import Check, of_problem
    from firstcontact.store.problems import StoreProblem

    try:
        claim(home.folder, ledger, shared=bool(home.store.url))
    except StoreProblem as problem:
        return of_problem("installation", problem)
    return Check("installation", "ok", "home and ledger are of the same one")


def _of_ledger(engine: Engine, connection: str, limits: Limits) -> Iterator[Check]:
    from firstcontact.flow.clock import SystemClock
    from firstcontact.homes import BACKUP_MADE_AT
    from firstcontact.ledger import deciding
    from firstcontact.operating.health import check_backup, check_state, of_problem
    from firstcontact.operating.state import state
    from firstcontact.store.engine import read
    from firstcontact.store.problems import StoreProblem

    now = SystemClock().now()
    made_at = 0
    try:
        with read(engine) as tx:
            found = state(tx, connection, now)
            with suppress(ValueError):
                made_at = int(deciding.fact(tx, BACKUP_MADE_AT) or 0)
    except StoreProblem as problem:
        yield of_problem("ledger state", problem)
        return
    yield from check_state(found, limits)
    yield check_backup(made_at, now, limits)
