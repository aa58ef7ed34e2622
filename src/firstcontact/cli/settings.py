"""`firstcontact settings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    KINDS,
    home_folder,
    json_option,
    load_home,
    note,
    print_json,
    say,
    table,
    user_of,
)

if TYPE_CHECKING:
    from firstcontact.settings_text import Home


@click.group(epilog="Example: firstcontact settings show --for ana --kind call")
def settings() -> None:
    """Show the settings that apply, and where each comes from; set one."""


@settings.command(epilog="Example: firstcontact settings show --for ana --kind call")
@click.option("--for", "user", default="", metavar="USER", help="For this user; else for the organisation.")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only what concerns this kind.")
@json_option
@click.pass_context
def show(ctx: click.Context, user: str, kind: str | None, as_json: bool) -> None:
    """Every effective value, and the scope that it came from."""
    from firstcontact.policy.scopes import describe
    from firstcontact.settings_text import ADDRESS_BOOK

    home = load_home(ctx)
    user = user_of(home, user)
    connection = home.in_use.name if home.in_use is not None else ADDRESS_BOOK
    lines = describe(home.book, user, kind or "", connection)
    if as_json:
        print_json([line._asdict() for line in lines])
        return
    table(
        ("setting", "value", "from"),
        [tuple(line) for line in lines],
    )
    _warn(home)


@settings.command("set", epilog="Example: firstcontact settings set free_mail create --for ana")
@click.argument("key")
@click.argument("value")
@click.option("--for", "user", default="", metavar="USER", help="For this user only.")
@click.option("--profile", default="", help="For this profile only.")
@click.option("--connection", default="", help="For this CRM connection only.")
@json_option
@click.pass_context
def set_(
    ctx: click.Context, key: str, value: str, user: str, profile: str, connection: str, as_json: bool
) -> None:
    """Set one setting; for the organisation, if no other scope is named.

    VALUE is written as in the settings file, lists also without brackets: create, true, 30,
    '["a@x.example"]', 'a@x.example, *.gov'. An empty VALUE takes the key away. A
    change applies to new interactions; `firstcontact replay` shows what it would have done.
    """
    from firstcontact.config import set_key

    named = [(name, chosen) for name, chosen in _scopes(user, profile, connection) if chosen]
    if len(named) > 1:
        raise click.UsageError("one scope at a time: --for, --profile or --connection")
    folder = home_folder(ctx)
    scope = "organisation"
    for name, chosen in named:
        scope = f"{name}:{user_of(load_home(ctx), chosen) if name == 'user' else chosen}"
    read = _value(key, value) if value else None
    change = set_key(folder, scope, key, read)
    if as_json:
        print_json({"scope": scope, "key": key, "value": read})
    else:
        whom = "everybody" if scope == "organisation" else scope.replace(":", " ")
        say(f"{key} is now {value or 'not set'} for {whom}, in {change.home.path}.")
        say("New interactions follow it; `firstcontact replay` shows what it would have changed.")
    _warn(change.home)


def _value(key: str, text: str) -> object:
    """The typed value. A list may be written as in the settings file, or plainly: a@x.example, b@x.example.

    Raises click.UsageError for brackets and quotes that do not close.
    """
    import tomllib

    from firstcontact.policy.layers import read_text

    if not text.lstrip().startswith(("[", '"')):
        return read_text(key, text)
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise click.UsageError(f"{text}: this cannot be read ({error})") from None
    return value if isinstance(value, list) else read_text(key, str(value))


def _scopes(user: str, profile: str, connection: str) -> tuple[tuple[str, str], ...]:
    return ("user", user), ("profile", profile), ("connection", connection)


def _warn(home: Home) -> None:
    from firstcontact.connectors.kinds import capabilities
    from firstcontact.policy.warnings import warnings

    kinds = {name: each.kind for name, each in home.connections.items()} or {"address_book": "address_book"}
    found = warnings(home.book, {name: capabilities(kind) for name, kind in kinds.items()})
    for problem in home.place(found):
        note(f"Warning: {problem}")


@settings.command(epilog="Example: firstcontact settings check")
@json_option
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Read the settings file and say what is wrong or would lose data."""
    home = load_home(ctx)
    if as_json:
        print_json({"file": str(home.path), "valid": True})
    else:
        say(f"{home.path} can be read.")
    _warn(home)
