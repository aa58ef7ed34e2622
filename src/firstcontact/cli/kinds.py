"""`firstcontact kinds`: which kinds of CRM there are, built in and plugins, and what each offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from firstcontact.cli.common import ANSWER_IS_NO, json_option, note, print_json, say, say_wrapped, table

if TYPE_CHECKING:
    from firstcontact.connectors.contract import CrmKind
    from firstcontact.planning.capabilities import Capabilities

_TELLING = ("leads", "accounts", "opportunities", "matters", "time_entries", "change_feed")
"""Capabilities that the list names where they are there; `--json` has all."""


@click.command("kinds", epilog="Example: firstcontact kinds clio")
@click.argument("kind", default="")
@json_option
def kinds(kind: str, as_json: bool) -> int:
    """Which kinds of CRM there are, built in or brought by a plugin; of one KIND its logins and options, too.

    Exits with 1 where a plugin is installed that cannot be used; it says which and why.
    """
    from firstcontact.connectors import kinds as known

    found = [_told(each) for each in known.names() if kind in ("", each)]
    if not found:
        raise click.UsageError(str(known.UnknownKind(kind)))
    clashing = [each for each in known.plugins() if each.clash and kind in ("", each.name)]
    problems = [each["problem"] for each in found if each.get("problem")]
    problems += [
        str(known.BrokenPlugin(each, each.clash)) for each in clashing if each.name not in _named(found)
    ]
    if as_json:
        print_json({"kinds": found, "problems": problems})
        return ANSWER_IS_NO if problems else 0
    usable = [each for each in found if not each.get("problem")]
    if kind and usable:
        _say_one(usable[0])
    elif usable:
        table(("kind", "CRM", "from", "connects", "simulator", "has"), map(_row, usable))
    for problem in problems:
        note(f"{problem}.")
    return ANSWER_IS_NO if problems else 0


def _named(found: list[dict[str, Any]]) -> set[str]:
    return {each["kind"] for each in found if each.get("problem")}


def _told(name: str) -> dict[str, Any]:
    """Everything about a kind, as --json has it; of a plugin that cannot be used why."""
    from firstcontact.connectors import kinds as known

    origin = next((each.distribution for each in known.plugins() if each.name == name and not each.clash), "")
    origin = origin if name not in (*known.KINDS, *known.STANDARDS) else ""
    try:
        offered, crm_kind = known.capabilities(name), _connectable(name)
    except known.BrokenPlugin as error:
        return {"kind": name, "problem": str(error)}
    return {
        "kind": name,
        "title": offered.title,
        "plugin": origin,
        "connects": crm_kind is not None,
        "simulator": name in _simulators(),
        "logins": [_login(login) for login in crm_kind.logins] if crm_kind else [],
        "options": _options(crm_kind) if crm_kind else {},
        "capabilities": _plain(offered),
    }


def _connectable(name: str) -> CrmKind | None:
    from firstcontact.connectors import kinds as known

    try:
        return known.kind(name)
    except known.NotConnected:
        return None


def _simulators() -> tuple[str, ...]:
    from firstcontact.testing.simulators.base import simulators

    return simulators()


def _login(login: Any) -> dict[str, Any]:
    asks = {each.name: each.meaning for each in login.asks}
    return {"name": login.name, "meaning": login.meaning, "asks": asks, "browser": login.oauth is not None}


def _options(kind: CrmKind) -> dict[str, Any]:
    return {
        name: {
            "meaning": option.meaning,
            "default": option.default,
            "required": option.required,
            "choices": list(option.choices),
        }
        for name, option in kind.options.items()
    }


def _plain(offered: Capabilities) -> dict[str, Any]:
    """The capabilities as JSON has them, sets in a steady order."""
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name in offered.__struct_fields__
        for value in (getattr(offered, name),)
    }


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    has = [name.replace("_", " ") for name in _TELLING if told["capabilities"][name]]
    connects = "yes" if told["connects"] else "built in" if told["kind"] == "address_book" else "not yet"
    return (
        told["kind"],
        told["title"],
        told["plugin"] or "built in",
        connects,
        "yes" if told["simulator"] else "",
        ", ".join(has),
    )


def _say_one(told: dict[str, Any]) -> None:
    say(f"{told['title']}, {'a plugin: ' + told['plugin'] if told['plugin'] else 'built in'}.")
    for login in told["logins"]:
        asks = "; ".join(f"{name}: {meaning}" for name, meaning in login["asks"].items())
        say_wrapped("login    ", f"{login['name']}: {login['meaning']}{f' ({asks})' if asks else ''}")
    for name, option in told["options"].items():
        what = (
            "required"
            if option["required"]
            else f"default {option['default']!r}"
            if option["default"]
            else ""
        )
        say_wrapped("option   ", f"{name}: {option['meaning']}{f' ({what})' if what else ''}")
    offered = told["capabilities"]
    for word, wanted in (("yes", True), ("no", False)):
        names = [name.replace("_", " ") for name, value in offered.items() if value is wanted]
        say_wrapped(f"{word:9}", ", ".join(names))
    for name in ("logs", "contact_required_for", "files"):
        say_wrapped("         ", f"{name.replace('_', ' ')}: {', '.join(offered[name]) or 'nothing'}")
