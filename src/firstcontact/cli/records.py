"""`firstcontact contacts` and `firstcontact activities`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from firstcontact.cli.common import (
    KINDS,
    counted,
    day,
    json_option,
    moment,
    open_home,
    print_json,
    say,
    table,
    user_of,
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened


@click.command(epilog="Example: firstcontact contacts --created-by-us --search diaz")
@click.option(
    "--search", default="", help="Only contacts whose name, address, number, title or company has this text."
)
@click.option("--created-by-us", "ours", is_flag=True, help="Only contacts that FirstContact created.")
@click.option("--placeholder", is_flag=True, help="Only contacts without a real name.")
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1), help="At most so many.")
@json_option
@click.pass_context
def contacts(
    ctx: click.Context, search: str, ours: bool, placeholder: bool, limit: int, as_json: bool
) -> None:
    """List the contacts of the address book."""
    from firstcontact.connectors.address_book.people import People

    home, opened = open_home(ctx)
    digits = "".join(filter(str.isdigit, search))

    def wanted(contact: dict[str, Any]) -> bool:
        if ours and not contact["created_by_us"]:
            return False
        if placeholder and not contact["placeholder"]:
            return False
        return not search or search.casefold() in _text(contact) or _has_number(contact, digits)

    found = People(opened.address_book).list_contacts(wanted)
    if as_json:
        print_json(found[:limit])
        return
    table(
        ("id", "name", "company", "e-mail", "phone", "made by us", "last activity"),
        [
            (
                contact["id"],
                contact["name"],
                contact["company"],
                ", ".join(contact["emails"] or ()),
                ", ".join(contact["phones"] or ()),
                _made(contact),
                moment(contact["last_activity_at"] or 0, home),
            )
            for contact in found[:limit]
        ],
    )
    _rest(len(found), limit, "contact", "contacts")


def _made(contact: dict[str, Any]) -> str:
    if not contact["created_by_us"]:
        return ""
    return "yes, no name yet" if contact["placeholder"] else "yes"


def _text(contact: dict[str, Any]) -> str:
    parts = [contact[name] or "" for name in ("id", "name", "first_name", "last_name", "title", "company")]
    return " ".join((*parts, *(contact["emails"] or ()), *(contact["phones"] or ()))).casefold()


def _has_number(contact: dict[str, Any], digits: str) -> bool:
    """Whether one of the numbers has these digits, however either is written; from four digits on."""
    numbers = ("".join(filter(str.isdigit, phone)) for phone in contact["phones"] or ())
    return len(digits) >= 4 and any(digits in number for number in numbers)


def _rest(count: int, limit: int, one: str, many: str) -> None:
    if count > limit:
        say(f"{limit:,} of {count:,} {many}; --limit {count} shows all.")
    else:
        say(f"{counted(count, one, many)}.")


@click.command(epilog="Example: firstcontact activities --kind call --since 2026-03-01 --contact c12")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only this kind.")
@click.option("--contact", default="", metavar="ID", help="Only those linked to this contact.")
@click.option("--user", default="", help="Only those of this user of ours.")
@click.option("--since", default="", metavar="DATE", help="Only from this day on.")
@click.option("--until", default="", metavar="DATE", help="Only before this day.")
@click.option("--search", default="", help="Only those whose subject has this text.")
@click.option("--unlinked", is_flag=True, help="Only those without a contact or lead.")
@click.option(
    "--limit",
    default=200,
    show_default=True,
    type=click.IntRange(1),
    help="At most so many, the newest first.",
)
@json_option
@click.pass_context
def activities(
    ctx: click.Context,
    kind: str | None,
    contact: str,
    user: str,
    since: str,
    until: str,
    search: str,
    unlinked: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List what was logged."""
    from firstcontact.connectors.address_book.people import People

    home, opened = open_home(ctx)
    user = user_of(home, user, "--user")
    first, last = day(since, home, -(2**62)), day(until, home, 2**62)

    def wanted(activity: dict[str, Any]) -> bool:
        people = [*activity["contacts"], *activity["leads"]]
        return (
            (not kind or activity["kind"] == kind)
            and (not contact or contact in people)
            and (not user or activity["user"] == user)
            and first <= (activity["at"] or 0) < last
            and search.casefold() in (activity["subject"] or "").casefold()
            and not (unlinked and people)
        )

    found = People(opened.address_book).list_activities(wanted)
    found.sort(key=lambda activity: activity["at"] or 0, reverse=True)
    shown = found[:limit]
    if as_json:
        print_json(shown)
        return
    names = _names(opened, shown)
    table(
        ("when", "kind", "direction", "subject", "people", "user", "interaction"),
        [
            (
                moment(activity["at"] or 0, home),
                activity["kind"],
                activity["direction"],
                activity["subject"],
                ", ".join(names.get(id) or id for id in (*activity["contacts"], *activity["leads"])),
                activity["user"],
                _several(activity["interactions"]),
            )
            for activity in shown
        ],
    )
    _rest(len(found), limit, "activity", "activities")


def _names(opened: Opened, activities: list[dict[str, Any]]) -> dict[str, str]:
    from firstcontact.flow.story import records_of

    ids = {id for each in activities for id in (*each["contacts"], *each["leads"])}
    return {id: each.name for id, each in records_of(opened.installation, ids).items()}


def _several(interactions: list[str]) -> str:
    more = len(interactions) - 1
    return interactions[0] + (f" and {more} more" if more else "") if interactions else ""
