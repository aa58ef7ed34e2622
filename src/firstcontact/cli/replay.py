"""`firstcontact replay`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import json_option, moment, open_home, print_json, say, table

if TYPE_CHECKING:
    from firstcontact.flow.replay import Difference


@click.command(epilog="Example: firstcontact replay --with stricter.toml --since 2026-01-01")
@click.option(
    "--with",
    "file",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A settings file to try.",
)
@click.option("--since", default="", metavar="DATE", help="Only interactions from this day on (UTC).")
@click.option("--until", default="", metavar="DATE", help="Only interactions before this day (UTC).")
@click.option("--examples", default=20, show_default=True, help="Differing verdicts to show.")
@json_option
@click.pass_context
def replay(ctx: click.Context, file: Path, since: str, until: str, examples: int, as_json: bool) -> None:
    """What would change with other settings: stored interactions, decided again. Nothing is written."""
    from firstcontact.config import load_other
    from firstcontact.flow.replay import Replay

    home, opened = open_home(ctx)
    other = load_other(file, like=home)
    shown: list[Difference] = []
    total = 0
    with opened.ledger.read() as tx:
        run = Replay(tx, other.book, since=_day(since, 0), until=_day(until, 2**62))
        for difference in run.differences():
            total += 1
            if as_json or len(shown) < examples:
                shown.append(difference)
    summary = run.summary()
    if as_json:
        print_json({"summary": summary, "differences": shown})
        return
    say(f"{summary.interactions} interactions decided again; {total} verdicts differ.")
    names = sorted({*summary.before, *summary.after})
    table(
        ("verdict", "now", "then"),
        [(name, summary.before.get(name, 0), summary.after.get(name, 0)) for name in names],
    )
    if shown:
        table(
            ("when (UTC)", "kind", "about", "now", "then", "because"),
            [
                (moment(d.at), d.kind, d.about or "(activity)", d.before, d.after, ", ".join(d.because))
                for d in shown
            ],
        )
    if total > len(shown):
        say(f"{len(shown)} of {total} shown; --examples {total} shows all.")
    if summary.erased:
        say(f"{summary.erased} cannot be replayed: a person on them was erased.")


def _day(text: str, default: int) -> int:
    if not text:
        return default
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is no date; write 2026-03-01") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return int(when.timestamp() * 1_000_000)
