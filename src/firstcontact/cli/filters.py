"""`firstcontact filters`: a pattern is tried before it is on the blocked or the allowed list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import counted, day, json_option, moment, note, open_home, print_json, say, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from firstcontact.flow.filter_trial import ListName, Trial
    from firstcontact.settings_text import Home


@click.group(epilog="Example: firstcontact filters try '*@news.example'")
def filters() -> None:
    """What a pattern on the blocked or the allowed list would have done."""


@filters.command("try", epilog="Example: firstcontact filters try '*.gov' '+1900*' --since 2026-01-01")
@click.argument("pattern", nargs=-1)
@click.option(
    "--file",
    "file",
    default=None,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Patterns from a file, one a line; # begins a comment.",
)
@click.option("--allowed", is_flag=True, help="As on the allowed list; else on the blocked one.")
@click.option("--since", default="", metavar="DATE", help="Only interactions from this day on.")
@click.option("--until", default="", metavar="DATE", help="Only interactions before this day.")
@click.option(
    "--examples", default=10, show_default=True, type=click.IntRange(0), help="Differing verdicts to show."
)
@json_option
@click.pass_context
def try_(
    ctx: click.Context,
    pattern: tuple[str, ...],
    file: Path | None,
    allowed: bool,
    since: str,
    until: str,
    examples: int,
    as_json: bool,
) -> None:
    """Whom patterns would have hit, and what would have come of it. Nothing is written.

    A pattern is an address, a domain, a number, the start of a number, or `subject:TEXT`, as on the lists.
    """
    from firstcontact.flow.filter_trial import patterns_in, readable, try_patterns

    named = [(each, f"pattern {place}") for place, each in enumerate(pattern, 1)]
    if file is not None:
        named += patterns_in(file)
    if not named:
        raise click.UsageError("name at least one pattern, or a --file of them.")
    to: ListName = "allowed" if allowed else "blocked"
    home, opened = open_home(ctx)
    trial = try_patterns(
        opened.ledger,
        opened.installation.book,
        readable(named, to, home.book.team.region),
        to,
        since=day(since, home, 0),
        until=day(until, home, 2**62),
        most=None if as_json else examples,
        progress=_progress(),
    )
    if as_json:
        print_json(trial)
    else:
        _show(trial, home)


def _progress() -> Callable[[int], None]:
    done = 0

    def line(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        if before // 100_000 != done // 100_000:
            note(f"{done:,} interactions gone through")

    return line


def _show(trial: Trial, home: Home) -> None:
    from firstcontact.explain.would import would

    for hit in trial.hits:
        say(_hit_sentence(hit.pattern, hit.interactions, hit.people))
        table(
            ("when", "kind", "about"),
            [(moment(one.at, home), one.kind, one.about) for one in hit.examples],
        )
    if len(trial.hits) > 1:
        say(_hit_sentence("All together", trial.interactions, trial.people, quoted=False))
    if not trial.interactions:
        return
    say()
    if not trial.changed:
        say(f"On the {trial.list} list nothing would be otherwise. Nothing was written.")
        return
    say(
        f"On the {trial.list} list {counted(trial.changed, 'verdict')} would be "
        f"{'another' if trial.changed == 1 else 'others'}. Nothing was written. "
        "Of these interactions, and those that hang together with them, it"
    )
    for sentence in would(trial.now, trial.then):
        say(f"  {sentence}")
    say()
    from firstcontact.cli.replay import show_differences

    show_differences(trial.differences, home)
    if trial.changed > len(trial.differences):
        say(f"{len(trial.differences):,} of {trial.changed:,} shown; --examples {trial.changed} shows all.")


def _hit_sentence(what: str, interactions: int, people: int, *, quoted: bool = True) -> str:
    shown = f"`{what}`" if quoted else what
    return (
        f"{shown} would have hit {counted(interactions, 'interaction')} of "
        f"{counted(people, 'person', 'people')}."
    )
