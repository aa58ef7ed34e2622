"""`firstcontact replay`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from firstcontact.cli.common import (
    counted,
    day,
    home_folder,
    json_option,
    load_home,
    moment,
    note,
    open_home,
    print_json,
    say,
    table,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from firstcontact.flow.replay import Difference, ReplaySummary
    from firstcontact.settings_text import Home


@click.command(epilog="Example: firstcontact replay --with stricter.toml --since 2026-01-01")
@click.option(
    "--with",
    "file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings to try: a whole settings file, or one that says only what differs.",
)
@click.option("--since", default="", metavar="DATE", help="Only interactions from this day on.")
@click.option("--until", default="", metavar="DATE", help="Only interactions before this day.")
@click.option(
    "--examples", default=20, show_default=True, type=click.IntRange(0), help="Differing verdicts to show."
)
@click.option(
    "--processes", default=1, show_default=True, type=click.IntRange(1, 64), help="Several, to be quicker."
)
@click.option(
    "--temporal", "address", default="", metavar="HOST:PORT", help="Have the workers do it (`worker`)."
)
@click.option(
    "--parts",
    default=8,
    show_default=True,
    type=click.IntRange(1, 256),
    help="With --temporal: in so many parts.",
)
@json_option
@click.pass_context
def replay(
    ctx: click.Context,
    file: Path,
    since: str,
    until: str,
    examples: int,
    processes: int,
    address: str,
    parts: int,
    as_json: bool,
) -> None:
    """What would change with other settings: stored interactions, decided again. Nothing is written."""
    home = load_home(ctx)
    first, last = day(since, home, 0), day(until, home, 2**62)
    if address:
        from firstcontact.cli.worker import replay_by_workers

        shown, summary = replay_by_workers(ctx, file, address, first, last, parts, examples)
    elif processes > 1:
        shown, summary = _replay_in_processes(ctx, file, first, last, processes)
        shown = shown if as_json else shown[:examples]
    else:
        shown, summary = _replay_here(ctx, file, first, last, None if as_json else examples)
    from msgspec import to_builtins

    from firstcontact.explain.would import would

    total = summary.differences
    if as_json:
        told = {**to_builtins(summary), "would": would(summary.before, summary.after)}
        print_json({"summary": told, "differences": shown})
        return
    say(
        f"{counted(summary.interactions, 'interaction')} decided again; {counted(total, 'verdict')} "
        f"{'differs' if total == 1 else 'differ'}. Nothing was written."
    )
    if total:
        say()
        for sentence in would(summary.before, summary.after):
            say(sentence)
        say()
        _totals(summary)
    if shown:
        say()
        show_differences(shown, home)
    if total > len(shown):
        say(f"{len(shown):,} of {total:,} shown; --examples {total} shows all.")
    if summary.erased:
        say(f"{summary.erased:,} cannot be replayed: a person on them was erased.")


def _replay_here(
    ctx: click.Context, file: Path, since: int, until: int, most: int | None
) -> tuple[list[Difference], ReplaySummary]:
    """A replay in this process; at most so many differences, None: all."""
    from firstcontact.config import load_other
    from firstcontact.flow.replay import Replay

    home, opened = open_home(ctx)
    other = load_other(file, like=home)
    shown: list[Difference] = []
    with opened.ledger.read() as tx, going_through(tx, since, until) as progress:
        run = Replay(tx, other.book, since=since, until=until, progress=progress)
        for difference in run.differences():
            if most is None or len(shown) < most:
                shown.append(difference)
    return shown, run.summary()


@contextmanager
def going_through(tx: Connection, since: int, until: int) -> Iterator[Callable[[int], None]]:
    """Tells on standard error how far a replay is: a bar where somebody is looking, else a line now and
    then. What is yielded is told how many more interactions were decided."""
    from firstcontact.ledger import reading

    total = reading.count(tx, since, until)
    done = 0
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("deciding"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("deciding", total=total)
            yield lambda more: bars.advance(task, more)
        return

    def line(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        if before // 100_000 != done // 100_000:
            note(f"{done:,} of {total:,} interactions decided")

    yield line


def show_differences(differences: Sequence[Difference], home: Home) -> None:
    """A line for each verdict that differs."""
    table(
        ("when", "kind", "about", "now", "then", "because"),
        [
            (
                moment(one.at, home),
                one.kind,
                one.about or "the interaction",
                one.before,
                one.after,
                ", ".join(one.because),
            )
            for one in differences
        ],
    )


class _Part(NamedTuple):
    """One process's share of a replay; all of it can be handed to another process."""

    home: Path
    file: Path
    since: int
    until: int
    part: int
    parts: int


def _replay_in_processes(
    ctx: click.Context, file: Path, since: int, until: int, processes: int
) -> tuple[list[Difference], ReplaySummary]:
    """The same by several processes, each with interactions that share nobody with the others'."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from firstcontact.config import load_other
    from firstcontact.flow.replay_parts import together

    load_other(file, like=load_home(ctx))  # what is wrong with it is said here, once
    count = 2 * processes  # so that nobody waits long for who has got the most
    parts = [_Part(home_folder(ctx), file, since, until, part, count) for part in range(count)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        differences, summary, newest = together(list(pool.map(_replay_part, parts)))
    if newest < 0:
        note("Interactions were decided while this ran: the counts may be a few off.")
    return differences, summary


def _replay_part(one: _Part) -> tuple[list[Difference], ReplaySummary, int]:
    from firstcontact.bootstrap import open_installation
    from firstcontact.config import load, load_other
    from firstcontact.flow.replay_parts import replay_part

    home = load(one.home)
    book = load_other(one.file, like=home).book
    with open_installation(home).ledger.read() as tx:
        return replay_part(tx, book, one.since, one.until, one.part, one.parts)


def _totals(summary: ReplaySummary) -> None:
    from firstcontact.flow.story import in_words

    names = sorted({*summary.before, *summary.after}, key=lambda name: (name.startswith("activity:"), name))
    rows = []
    for name in names:
        if name.startswith(("role:", "field:")):
            continue
        of_activity = name.startswith("activity:")
        verdict = name.removeprefix("activity:")
        what = "interactions" if of_activity else "people"
        words = in_words(verdict, activity=of_activity)
        rows.append((what, verdict, summary.before.get(name, 0), summary.after.get(name, 0), words))
    table(("of", "verdict", "now", "then", "which means"), rows)
