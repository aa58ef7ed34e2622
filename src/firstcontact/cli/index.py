"""`firstcontact index`: our own copy of the CRM's address book, how far it is, and reading it now."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from firstcontact.cli.common import counted, json_option, moment, note, open_home, print_json, say

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.ledger.index import IndexState
    from firstcontact.settings_text import Home

    Tell = Callable[[IndexState], None]


@click.group(invoke_without_command=True, epilog="Example: firstcontact index sync")
@json_option
@click.pass_context
def index(ctx: click.Context, as_json: bool) -> None:
    """Our own copy of the CRM's address book: how far it has been read, and how old it is.

    Decisions look people up in it; right before a contact is created, the CRM itself is asked.
    """
    if ctx.invoked_subcommand is None:
        home, opened = open_home(ctx)
        _show(home, opened, as_json)


@index.command(epilog="Example: firstcontact index sync")
@json_option
@click.pass_context
def sync(ctx: click.Context, as_json: bool) -> None:
    """Read now what changed in the CRM; everything, the first time. Ctrl-C loses nothing."""
    home, opened = open_home(ctx)
    if opened.installation.indexed:
        with _progress(as_json) as tell:
            opened.installation.read_address_book(tell)
    _show(home, opened, as_json)


def _show(home: Home, opened: Opened, as_json: bool) -> None:
    from firstcontact.ledger import index as indexes

    installation = opened.installation
    crm = installation.crm
    title = crm.capabilities().title
    with opened.ledger.read() as tx:
        state = indexes.state(tx, crm.connection)
        held = indexes.counts(tx, crm.connection)
    now = installation.clock.now()
    if as_json:
        print_json(
            {
                "connection": crm.connection,
                "indexed": installation.indexed,
                "complete": state.complete_at is not None,
                "complete_since": moment(state.complete_at or 0, home),
                "read_at": moment(state.read_at, home),
                "seconds_old": seconds_old(state, now),
                "read": state.read,
                "total": state.total if state.total >= 0 else None,
                "records": held.records,
                "handles": held.handles,
                "accounts": held.accounts,
                "unreadable": held.unreadable,
            }
        )
    elif not installation.indexed:
        say(f"{title} needs no index: it is asked itself.")
    elif not state.begun_at:
        say(how_old(state, title, now))
    else:
        for line in _lines(home, title, state, held, now):
            say(line)


def _lines(home: Home, title: str, state: IndexState, held: Any, now: int) -> Iterator[str]:
    yield how_old(state, title, now)
    if state.complete_at is None:
        yield "`firstcontact index sync` goes on with it, and so does `firstcontact run`."
    yield (
        f"{counted(held.records, 'contact or lead', 'contacts and leads')} with "
        f"{counted(held.handles, 'address or number', 'addresses and numbers')}, "
        f"{counted(held.accounts, 'account')}."
    )
    if state.complete_at is not None:
        yield f"Whole since {moment(state.complete_at, home)}."
    if held.unreadable:
        yield (
            f"{counted(held.unreadable, 'record')} with a field that cannot be read: "
            "`firstcontact report unreadable`."
        )


def seconds_old(state: IndexState, now: int) -> int | None:
    """How long ago the CRM said that there was nothing more, in seconds; None: never."""
    return max(0, now - state.read_at) // 1_000_000 if state.read_at else None


def how_old(state: IndexState, title: str, now: int) -> str:
    """How far or how old the index is, as a sentence."""
    if not state.begun_at:
        return (
            f"The address book of {title} was never read: `firstcontact index sync`, or `firstcontact run`."
        )
    if state.complete_at is None:
        return f"The address book of {title} is being read for the first time: {state.share} so far."
    return f"The address book of {title} is known as it was {old(now - state.read_at)} ago."


def old(microseconds: int) -> str:
    """How long that is, roughly: `40 seconds`, `3 hours`."""
    seconds = max(0, microseconds // 1_000_000)
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return counted(seconds // length, unit)
    return counted(seconds, "second")


@contextmanager
def _progress(as_json: bool) -> Iterator[Tell]:
    """A bar on standard error where somebody is looking; else a line now and then."""
    if as_json or not sys.stderr.isatty():
        told = [0]

        def line(state: IndexState) -> None:
            if not as_json and state.complete_at is None and state.read - told[0] >= 10_000:
                told[0] = state.read
                note(f"{state.share} read")

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("reading"),
        BarColumn(),
        TextColumn("{task.completed:>9,.0f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("reading", total=None)

        def tell(state: IndexState) -> None:
            bars.update(task, completed=state.read, total=state.total if state.total > 0 else None)

        yield tell


# --- reports ------------------------------------------------------------------------------------------


def _in_csv(headers: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows(rows)
    click.echo(text.getvalue(), nl=False)


_csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print CSV, all of it.")
_limit_option = click.option("--limit", default=200, show_default=True, help="At most so many; 0: all.")


@click.command(epilog="Example: firstcontact report unreadable --csv > fields.csv")
@_limit_option
@_csv_option
@json_option
@click.pass_context
def unreadable(ctx: click.Context, limit: int, as_csv: bool, as_json: bool) -> None:
    """Phone and e-mail fields of the CRM in which there is no number and no address."""
    from itertools import islice

    _, opened = open_home(ctx)
    rows = islice(_unreadable(opened), (limit or None) if not as_csv else None)
    if as_csv:
        _in_csv(("record", "type", "name", "field"), rows)
    elif as_json:
        print_json([dict(zip(("record", "type", "name", "field"), row, strict=True)) for row in rows])
    else:
        count = 0
        for id, _, name, field in rows:
            count += 1
            say(f"{field}  –  {name or 'without a name'} ({id})")
        say(f"{counted(count, 'field')} shown." if count else "Every field can be read.")


def _unreadable(opened: Opened) -> Iterator[tuple[str, str, str, str]]:
    from firstcontact.ledger import index as indexes

    if opened.own is not None:
        pieces = opened.own.unreadable()
        there = opened.own.read(sorted({id for id, _ in pieces}))
        for id, text in pieces:
            record = there.get(id)
            yield id, getattr(record, "type", ""), getattr(record, "name", ""), text
        return
    after = ""
    while True:
        with opened.ledger.read() as tx:
            page = list(indexes.unreadable_fields(tx, opened.installation.crm.connection, after))
        if not page:
            return
        for record, text in page:
            yield record.id, record.type, record.name, text
        after = page[-1][0].id


@click.command(epilog="Example: firstcontact report shared --csv > shared.csv")
@_limit_option
@_csv_option
@json_option
@click.pass_context
def shared(ctx: click.Context, limit: int, as_csv: bool, as_json: bool) -> None:
    """Addresses and numbers that several contacts of the CRM bear; `duplicates` says who is one person."""
    from itertools import islice

    _, opened = open_home(ctx)
    groups = islice(_shared(opened), (limit or None) if not as_csv else None)
    if as_csv:
        headers = ("handle", "record", "name", "created_by_firstcontact")
        _in_csv(
            headers,
            (
                (key, record.id, record.name, "yes" if record.created_by_us else "no")
                for key, records in groups
                for record in records
            ),
        )
    elif as_json:
        print_json(
            [
                {
                    "handle": key,
                    "contacts": [
                        {"id": record.id, "name": record.name, "created_by_us": record.created_by_us}
                        for record in records
                    ],
                }
                for key, records in groups
            ]
        )
    else:
        count = 0
        for key, records in groups:
            count += 1
            names = ", ".join(f"{record.name or 'without a name'} ({record.id})" for record in records)
            say(f"{key}: {names}")
        say(
            f"{counted(count, 'handle')} with several contacts."
            if count
            else "No handle is on several contacts."
        )


def _shared(opened: Opened) -> Iterator[tuple[str, list[Any]]]:
    from firstcontact.interactions.model import Handle
    from firstcontact.ledger import index as indexes

    installation = opened.installation
    if not installation.indexed:
        installation.poll()
    after = ""
    while True:
        with opened.ledger.read() as tx:
            keys = indexes.shared_handles(tx, installation.crm.connection, after)
        if not keys:
            return
        handles = [Handle("email" if "@" in key else "phone", key, key) for key in keys]
        found = installation.known.find(handles)
        for key in keys:
            contacts = [record for record in found[key].records if record.type == "contact"]
            if len(contacts) > 1:
                yield key, contacts
        after = keys[-1]
