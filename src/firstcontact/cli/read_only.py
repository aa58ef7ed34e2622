"""`firstcontact read-only`: decide and show without writing, or begin to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    NEEDS_A_PERSON,
    confirmed,
    counted,
    json_option,
    load_home,
    open_home,
    print_json,
    say,
)

if TYPE_CHECKING:
    from firstcontact.settings_text import Connection, Home


@click.group("read-only", epilog="Example: firstcontact read-only off")
def read_only() -> None:
    """Decide and show without writing to the CRM; or begin to write."""


@read_only.command(epilog="Example: firstcontact read-only on")
@json_option
@click.pass_context
def on(ctx: click.Context, as_json: bool) -> None:
    """From here on no worker writes to the CRM: what would be written is held and can be looked at."""
    from firstcontact.bootstrap import open_installation

    home = load_home(ctx)
    connection = _connection(home)
    opened = open_installation(_set(home, connection, read_only=True))
    if as_json:
        print_json({"connection": connection.name, "read_only": True})
        return
    title = opened.connector.capabilities().title
    say(f"Nothing is written to {title} from here on; running workers stop writing, too.")
    say("`firstcontact explain` and `report` show what would be. `firstcontact read-only off` ends it.")


@read_only.command(epilog="Example: firstcontact read-only off")
@click.option("--yes", is_flag=True, help="Without the question.")
@json_option
@click.pass_context
def off(ctx: click.Context, yes: bool, as_json: bool) -> int:
    """Say what has gathered and, after a question, write it to the CRM and whatever comes after it."""
    from firstcontact.bootstrap import open_installation
    from firstcontact.ledger import writing

    home, opened = open_home(ctx)
    connection = _connection(home)
    with opened.ledger.read() as tx:
        held = writing.held(tx)
    creates, writes = held.get("create_contact", 0), sum(held.values())
    title = opened.connector.capabilities().title
    question = f"{_gathered(creates, writes, title)} Write it, and whatever comes from here on?"
    if not confirmed(question, yes=yes):
        return NEEDS_A_PERSON
    opened = open_installation(_set(home, connection, read_only=False))
    opened.installation.release_brake("cli")
    tally = opened.installation.drain()
    if as_json:
        print_json(
            {
                "connection": connection.name,
                "read_only": False,
                "released": writes,
                "written": tally.written,
                "created": tally.created,
            }
        )
        return 0
    say(f"{counted(tally.created, 'contact')} created, {counted(tally.written, 'write')} done.")
    if tally.written < writes:
        say("The rest goes on with `firstcontact run`.")
    return 0


def _gathered(creates: int, writes: int, title: str) -> str:
    if not writes:
        return f"Nothing waits to be written to {title}."
    return f"{counted(writes, 'write')} to {title} wait, {counted(creates, 'new contact')} among them."


def _connection(home: Home) -> Connection:
    from firstcontact.bootstrap import the_connection

    connection = the_connection(home)
    if connection is None:
        raise click.UsageError("no CRM is connected; `firstcontact connect KIND` does that")
    return connection


def _set(home: Home, connection: Connection, *, read_only: bool) -> Home:
    import msgspec

    from firstcontact.config import set_connection

    if connection.read_only == read_only:
        return home
    return set_connection(home.folder, msgspec.structs.replace(connection, read_only=read_only))
