"""`firstcontact move`: the installation to another database, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from firstcontact.cli.common import counted, json_option, load_home, note, print_json, say

STORE_HELP = "postgresql://USER@HOST/DATABASE, a folder for files, or `files`: in the home itself."


@click.command(
    epilog="Example: firstcontact move --to postgresql://firstcontact@db.ruizlaw.example/firstcontact"
)
@click.option("--to", "to", default="", metavar="PLACE", help=STORE_HELP)
@click.option("--anyway", is_flag=True, help="Also while workers are running: they stop at their next write.")
@click.option(
    "--cancel", is_flag=True, help="Give up a move that was interrupted: the old database is in use."
)
@json_option
@click.pass_context
def move(ctx: click.Context, to: str, anyway: bool, cancel: bool, as_json: bool) -> None:
    """Take the installation to another database: every row, compared at the end.

    Nothing can be written while it moves. Interrupted, the same command goes on where it was. The settings
    name the new database as the last step; the old one stays as it was, and takes no more writes.
    """
    from firstcontact import homes
    from firstcontact.bootstrap import sides
    from firstcontact.config import keep_password, make_folder, named_store

    home = load_home(ctx)
    if cancel == bool(to):
        raise click.UsageError("give either --to PLACE or --cancel.")
    source = sides(home.folder, home.store)
    if cancel:
        was = homes.give_up_move(source)
        if as_json:
            print_json({"cancelled": was})
            return
        say("The old database is in use again." if was else "Nothing was being moved.")
        return
    at, password = named_store(home.folder, to)
    if password:
        keep_password(home.folder, password)
    if at.folder:
        make_folder(home.folder / at.folder)
    target = sides(home.folder, at)
    with counting(as_json) as progress:
        done = homes.move(home, source, target, at, progress, workers_too=anyway)
    if as_json:
        print_json(done)
        return
    say(f"Moved {counted(done.rows, 'row')} from {done.source} to {done.target}; both were compared.")
    if done.replaced:
        note(f"In {counted(done.replaced, 'row')} a NUL, which PostgreSQL cannot hold, became U+FFFD.")
    say(f"{home.path} names the new place. {done.source} is as it was, and takes no more writes.")


@contextmanager
def counting(as_json: bool) -> Iterator[Callable[[str, int], None]]:
    """A counter of rows by table on standard error, where somebody is looking."""
    if as_json or not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.completed:>13,.0f} rows  {task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(table: str, count: int) -> None:
            bar.update(task, advance=count, description=table)

        yield tell
