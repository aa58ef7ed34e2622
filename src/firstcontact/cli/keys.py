"""`firstcontact keys`: the key ring that seals what connections log in with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import counted, json_option, load_home, note, print_json, say, table

if TYPE_CHECKING:
    from firstcontact.ledger.book import Ledger


@click.group(epilog="Example: firstcontact keys rotate")
def keys() -> None:
    """The key ring that seals what connections log in with; change the key."""


@keys.command("list", epilog="Example: firstcontact keys list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """The keys of the ring: when each was made, and how many logins it seals. Never the keys themselves."""
    from firstcontact import keyring
    from firstcontact.config import key_file
    from firstcontact.ledger import credentials

    home = load_home(ctx)
    path = key_file(home.folder)
    ring = keyring.load(path)
    with _ledger(ctx).read() as tx:
        in_use = credentials.keys_in_use(tx)
    made = ring.made if ring is not None else {}
    current = ring.current if ring is not None else ""
    rows = [
        {"id": id, "made": made.get(id, ""), "current": id == current, "logins": in_use.get(id, 0)}
        for id in dict.fromkeys((*made, *in_use))
    ]
    if as_json:
        print_json({"file": str(path), "keys": rows})
        return
    say(f"Key ring: {path}" if ring is not None else f"There is no key ring at {path}.")
    shown = [
        (row["id"], row["made"] or "not here", "yes" if row["current"] else "", row["logins"]) for row in rows
    ]
    table(("key", "made", "current", "logins"), shown)
    if ring is not None and keyring.readable_by_others(path):
        note(f"Warning: others on this machine can read {path}; chmod 600 it.")


@keys.command(epilog="Example: firstcontact keys rotate --forget-old")
@click.option("--forget-old", is_flag=True, help="Keep no earlier key: old backups' logins cannot be opened.")
@json_option
@click.pass_context
def rotate(ctx: click.Context, forget_old: bool, as_json: bool) -> None:
    """Make a new key and seal every login with it. Workers go on meanwhile, and see it by themselves.

    On several machines, copy the ring to each of them: until then, those without the new key wait.
    """
    from firstcontact import keyring
    from firstcontact.config import key_file
    from firstcontact.lanes.credentials import check, seal_anew
    from firstcontact.ledger import credentials

    home = load_home(ctx)
    path = key_file(home.folder)
    ledger = _ledger(ctx)
    with keyring.turn(path):
        with ledger.read() as tx:
            kept = credentials.rows(tx)
        for row in kept:
            check(ledger, path, row.connection)  # before there is another key
        ring = keyring.add_key(path)
        count = seal_anew(ledger, ring)
        if forget_old:
            ring = keyring.forget_others(path)
    if as_json:
        print_json({"file": str(path), "current": ring.current, "keys": len(ring.made), "logins": count})
        return
    say(f"The key {ring.current} seals {counted(count, 'login')} now; it is in {path}.")
    if not forget_old:
        say("Earlier keys stay in the ring for logins in old backups; --forget-old takes them out.")


def _ledger(ctx: click.Context) -> Ledger:
    from firstcontact.bootstrap import sides
    from firstcontact.ledger.history import open_ledger

    home = load_home(ctx)
    return open_ledger(sides(home.folder, home.store)[0].engine)
