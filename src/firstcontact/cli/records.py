"""`firstcontact contacts` and `firstcontact activities`."""

from __future__ import annotations

from typing import Any

import click

from firstcontact.cli.common import json_option, moment, open_home, print_json, say, table


@click.command(epilog="Example: firstcontact contacts --created-by-us --search diaz")
@click.option(
    "--search", default="", help="Only contacts whose name, address, number or title has this text."
)
@click.option("--created-by-us", "ours", is_flag=True, help="Only contacts that FirstContact created.")
@click.option("--placeholder", is_flag=True, help="Only contacts without a real name.")
@click.option("--limit", default=200, show_default=True, help="At most so many.")
@json_option
@click.pass_context
def contacts(
    ctx: click.Context, search: str, ours: bool, placeholder: bool, limit: int, as_json: bool
) -> None:
    """List the contacts of the address book."""
    from firstcontact.connectors.address_book.people import People

    _, opened = open_home(ctx)

    def wanted(contact: dict[str, Any]) -> bool:
        if ours and not contact["created_by_us"]:
            return False
        if placeholder and not contact["placeholder"]:
            return False
        return not search or search.casefold() in _text(contact)

    found = People(opened.address_book).list_contacts(wanted)
    if as_json:
        print_json(found[:limit])
        return
    table(
        ("id", "name", "e-mail", "phone", "account", "made by us", "last activity"),
        [
            (
                contact["id"],
                contact["name"] or "",
                ", ".join(contact["emails"] or ()),
                ", ".join(contact["phones"] or ()),
                contact["account"] or "",
                _made(contact),
                moment(contact["last_activity_at"] or 0),
            )
            for contact in found[:limit]
        ],
    )
    _rest(len(found), limit, "contacts")


def _made(contact: dict[str, Any]) -> str:
    if not contact["created_by_us"]:
        return ""
    return "yes, placeholder" if contact["placeholder"] else "yes"


def _text(contact: dict[str, Any]) -> str:
    parts = [contact[name] or "" for name in ("name", "first_name", "last_name", "title", "company")]
    return " ".join((*parts, *(contact["emails"] or ()), *(contact["phones"] or ()))).casefold()


def _rest(count: int, limit: int, what: str) -> None:
    if count > limit:
        say(f"{limit} of {count} {what}; --limit {count} shows all.")
    else:
        say(f"{count} {what}.")


@click.command(epilog="Example: firstcontact activities --kind call --contact contact-1")
@click.option("--kind", default="", help="Only this kind: call, voicemail, sms, fax, email, meeting.")
@click.option("--contact", default="", help="Only those linked to this contact id.")
@click.option("--unlinked", is_flag=True, help="Only those without a contact or lead.")
@click.option("--limit", default=200, show_default=True, help="At most so many, the newest first.")
@json_option
@click.pass_context
def activities(
    ctx: click.Context, kind: str, contact: str, unlinked: bool, limit: int, as_json: bool
) -> None:
    """List what was logged."""
    from firstcontact.connectors.address_book.people import People

    _, opened = open_home(ctx)

    def wanted(activity: dict[str, Any]) -> bool:
        people = [*activity["contacts"], *activity["leads"]]
        if kind and activity["kind"] != kind:
            return False
        if contact and contact not in people:
            return False
        return not (unlinked and people)

    people = People(opened.address_book)
    found = sorted(people.list_activities(wanted), key=lambda activity: activity["at"] or 0, reverse=True)
    if as_json:
        print_json(found[:limit])
        return
    names = {each["id"]: each["name"] for each in people.list_contacts()}
    table(
        ("when (UTC)", "kind", "direction", "subject", "people", "user", "interaction"),
        [
            (
                moment(activity["at"] or 0),
                activity["kind"],
                activity["direction"] or "",
                activity["subject"] or "",
                ", ".join(names.get(id) or id for id in (*activity["contacts"], *activity["leads"])),
                activity["user"] or "",
                ", ".join(activity["interactions"]),
            )
            for activity in found[:limit]
        ],
    )
    _rest(len(found), limit, "activities")
