"""`firstcontact init`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from firstcontact.cli.common import home_folder, json_option, print_json, say
from firstcontact.cli.move import STORE_HELP

if TYPE_CHECKING:
    from pathlib import Path

    from firstcontact.policy.setting import Problem
    from firstcontact.settings_text import StoreAt

_USER = re.compile(r"^\s*(?P<name>[^<]*?)\s*<(?P<mail>[^>]+)>\s*(?P<number>\S.*)?$")


@click.command(
    epilog="Example: firstcontact init --domain ruizlaw.example --region US --preset call-connector "
    "--user 'Ana Ruiz <ana@ruizlaw.example> +1 415 555 0100'"
)
@click.option("--domain", "domains", multiple=True, help="A domain whose addresses are all ours (repeat).")
@click.option(
    "--user", "users", multiple=True, metavar='"NAME <MAIL> [NUMBER]"', help="One of ours (repeat)."
)
@click.option("--line", "lines", multiple=True, help="A shared number of the team (repeat).")
@click.option("--region", default="", help="Country of numbers without a country code, as US or GB.")
@click.option("--timezone", default="", help="Time zone of the team, as Europe/Berlin.")
@click.option("--preset", default="", help="standard, call-connector, app-connect or backstory.")
@click.option("--store", default="", metavar="PLACE", help=STORE_HELP)
@json_option
@click.pass_context
def init(
    ctx: click.Context,
    domains: tuple[str, ...],
    users: tuple[str, ...],
    lines: tuple[str, ...],
    region: str,
    timezone: str,
    preset: str,
    store: str,
    as_json: bool,
) -> None:
    """Make a home folder: team, settings, ledger and address book.

    No question is asked where everything is given.
    """
    from firstcontact.bootstrap import open_installation
    from firstcontact.config import named_store, write_initial
    from firstcontact.policy.presets import PRESETS
    from firstcontact.policy.setting import SettingsProblem
    from firstcontact.settings_text import FILE_NAME

    folder = home_folder(ctx)
    if preset and preset not in PRESETS:
        raise click.UsageError(f"--preset {preset}: there is no such preset; there are {', '.join(PRESETS)}.")
    asking = not users and sys.stdin.isatty()
    if not users and not asking:
        raise click.UsageError(
            "who is in the team? Give --user 'Ana Ruiz <ana@ruizlaw.example> +1 415 555 0100' for each."
        )
    if asking:
        users = (click.prompt("Who are you? Name <mail> [number]", type=str),)
        region = region or click.prompt("In which country are you, as US or GB?", default="US")
    parsed = [_user(text) for text in users]
    if not domains:
        hosts = dict.fromkeys(user["emails"][0].rpartition("@")[2] for user in parsed)
        domains = tuple(hosts)
    team: dict[str, Any] = {"region": (region or "US").upper(), "domains": list(domains), "users": parsed}
    if timezone:
        team["timezone"] = timezone
    if lines:
        team["lines"] = list(lines)
    at, password = named_store(folder, store or "files")
    _refuse_store(folder, at, password)
    try:
        home = write_initial(folder, team, preset or "standard", at, password)
    except SettingsProblem as refused:
        if (folder / FILE_NAME).exists():
            raise
        # The file that the problems name was never written.
        raise click.UsageError("; ".join(_without_place(each) for each in refused.problems)) from None
    open_installation(home)
    if as_json:
        print_json({"home": str(folder), "settings": str(home.path), "users": [u["name"] for u in parsed]})
        return
    say(f"Made {folder} with settings, an empty ledger and an empty address book.")
    names = ", ".join(home.book.team.domains) or "none"
    say(f"Ours: {', '.join(user['name'] for user in parsed)}; every address at {names}.")
    say(
        f"Numbers without a country code are read as in {home.book.team.region}, times as in "
        f"{home.book.team.timezone}."
    )
    say(f"All of it is in {home.path}: change it there or with `firstcontact settings set`.")
    say("Next: firstcontact import PATH... (a mailbox, a calendar, a call log; your Sent folder too)")


def _refuse_store(folder: Path, at: StoreAt, password: str) -> None:
    """A database that cannot be used, or is another installation's, is refused before anything is written."""
    from firstcontact.bootstrap import sides
    from firstcontact.homes import refuse_another

    if at.url:
        refuse_another(sides(folder, at, (lambda: password) if password else None))


def _without_place(problem: Problem) -> str:
    option = problem.key.rpartition(".")[2]
    return f"--{option}: {problem.sentence}" if option in ("region", "timezone") else problem.sentence


def _user(text: str) -> dict[str, Any]:
    match = _USER.match(text)
    if match is None or "@" not in match["mail"]:
        raise click.UsageError(f'{text!r} is no user; write "Ana Ruiz <ana@ruizlaw.example> +1 415 555 0100"')
    user: dict[str, Any] = {
        "name": match["name"].strip().strip("\"'") or match["mail"],
        "emails": [match["mail"].strip()],
    }
    if match["number"]:
        user["phones"] = [match["number"].strip()]
    return user
