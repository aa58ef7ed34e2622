"""`firstcontact log`: the engagement log, and logging by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from firstcontact.cli.common import (
    KINDS,
    clean,
    day,
    json_option,
    moment,
    open_home,
    print_json,
    say,
    say_wrapped,
    user_of,
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.flow.engagements import Entry
    from firstcontact.ledger.engagement import Wanted
    from firstcontact.settings_text import Home

_OUTCOMES: dict[str, tuple[str, ...]] = {
    "activity": ("log", "log_unlinked", "skip", "ask"),
    "verdict": ("create", "link", "link_lead", "leave"),
    "state": ("done", "intended", "sent", "waiting", "held", "parked", "unclear", "dropped"),
}
"""Of the activity, of somebody on it, of a write of it."""


@click.command(epilog="Example: firstcontact log --person jo@acme.example --since 2026-03-01")
@click.argument("interaction", required=False, default="")
@click.option("--person", default="", metavar="WHO", help="With this address, number, name or record's id.")
@click.option("--rule", default="", metavar="REASON", help="Where this reason had something to say.")
@click.option(
    "--settings", default="", metavar="VERSION", help="Last decided by this version of the settings."
)
@click.option("--user", default="", help="Of this user of ours; by hand: who logs it.")
@click.option("--since", default="", metavar="DAY", help="That took place on this day or later.")
@click.option("--until", default="", metavar="DAY", help="That took place before this day.")
@click.option(
    "--kind", default="", type=click.Choice(["", *KINDS]), metavar="KIND", help=f"{', '.join(KINDS)}."
)
@click.option(
    "--outcome",
    default="",
    type=click.Choice(["", *(each for some in _OUTCOMES.values() for each in some)]),
    metavar="OUTCOME",
    help="What was decided (log, skip, create, link …), or the state of a write (done, parked …).",
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="So many at once.")
@click.option(
    "--after", default="", metavar="PLACE", help="Go on behind this place; each page ends with one."
)
@click.option("--contact", default="", help="By hand: on this contact (an id).")
@click.option("--first", default="", help="By hand: first name of a contact made in the same step.")
@click.option("--last", default="", help="By hand: last name of a contact made in the same step.")
@click.option("--type", "type_", default="", help="By hand: type of the contact, where the CRM has types.")
@click.option("--learn", is_flag=True, help="By hand: the chosen contact also takes the number or address.")
@json_option
@click.pass_context
def log(ctx: click.Context, /, interaction: str, as_json: bool, **given: Any) -> None:
    """The engagement log, newest first: every interaction with what was decided, written and answered.

    With an INTERACTION, log that one by hand: on a contact, on one made in the same step, or without.
    """
    hand = ("contact", "first", "last", "type_", "learn")
    search = ("person", "rule", "settings", "since", "until", "kind", "outcome", "after")
    if interaction and any(given[name] for name in search):
        raise click.UsageError("either an INTERACTION to log by hand, or what to search for; not both")
    if not interaction and any(given[name] for name in hand):
        raise click.UsageError("which INTERACTION is to be logged by hand?")
    if interaction:
        by_hand = {name: given[name] for name in (*hand, "user")}
        _by_hand(ctx, interaction, as_json=as_json, **by_hand)
    else:
        _search(ctx, given, as_json=as_json)


# --- searching ------------------------------------------------------------------------------------------


def _search(ctx: click.Context, given: dict[str, Any], *, as_json: bool) -> None:
    from firstcontact.flow.engagements import page

    home, opened = open_home(ctx)
    found = page(opened.installation, _wanted(home, opened, given), given["limit"], given["after"])
    if as_json:
        print_json(found)
        return
    for each in found.entries:
        _say(each, home)
    if not found.entries:
        say("Nothing like that was decided." if not given["after"] else "There is nothing more.")
    elif found.next:
        say(f"More with --after {found.next}")


def _wanted(home: Home, opened: Opened, given: dict[str, Any]) -> Wanted:
    from firstcontact.cli.remove import known_rule, settings_version
    from firstcontact.flow.engagements import keys_of
    from firstcontact.ledger.engagement import FOREVER, Wanted

    outcome = {name: given["outcome"] for name, some in _OUTCOMES.items() if given["outcome"] in some}
    return Wanted(
        keys=keys_of(opened.installation, given["person"]) if given["person"] else None,
        rule=known_rule(given["rule"]),
        user=user_of(home, given["user"], "--user"),
        settings_version=settings_version(opened, given["settings"]),
        kind=given["kind"],
        since=day(given["since"], home, 0),
        until=day(given["until"], home, FOREVER),
        **outcome,
    )


def _say(entry: Entry, home: Home) -> None:
    of = f", {entry.user}" if entry.user else ""
    subject = f"  {' '.join(entry.subject.split())}" if entry.subject else ""
    say(f"{moment(entry.at, home)}  {entry.kind} {entry.interaction}{of}{subject}")
    reasons = f" ({', '.join(entry.reasons)})" if entry.reasons else ""
    say_wrapped("    ", f"{entry.activity}{reasons}")
    for each in entry.people:
        who = " ".join(filter(None, (each.name, each.about if each.about != each.name else "")))
        record = f" {each.record}" if each.record and not each.record.startswith("new:") else ""
        reasons = f" ({', '.join(each.reasons)})" if each.reasons else ""
        say_wrapped("    ", f"{clean(who)}: {each.verdict}{record}{reasons}")
    for one in entry.writes:
        record = f" {one.record}" if one.record else ""
        why = f", {one.problem}" if one.problem and one.state not in ("waiting", "done") else ""
        gone = {"done": "removed", "intended": "being removed", "left": "left by a removal"}.get(
            one.removed, ""
        )
        by = f"; {gone}{f' by {one.removed_by}' if one.removed_by else ''}" if gone else ""
        say_wrapped("    → ", f"{one.kind.replace('_', ' ')}{record}: {one.state}{why}{by}")


# --- by hand ---------------------------------------------------------------------------------------------


def _by_hand(
    ctx: click.Context,
    interaction: str,
    *,
    user: str,
    contact: str,
    first: str,
    last: str,
    type_: str,
    learn: bool,
    as_json: bool,
) -> None:
    from firstcontact.flow.story import in_words, records_of

    home, opened = open_home(ctx)
    users = home.book.team.users
    if not user and len(users) != 1:
        raise click.UsageError(
            f"--user: say who logs it; the team has {', '.join(each.id for each in users)}"
        )
    user = user_of(home, user, "--user") or users[0].id
    if contact and (first or last or type_):
        raise click.UsageError("either --contact, or --first, --last and --type for a new one; not both")
    if learn and not contact:
        raise click.UsageError("--learn goes with --contact: a contact made now has the number anyway")
    if contact and not records_of(opened.installation, [contact]):
        raise click.UsageError(
            f"there is no contact {contact}; `firstcontact contacts --search NAME` finds ids"
        )
    made = {"first_name": first, "last_name": last, "type": type_}
    create = made if any(made.values()) else None
    installation = opened.installation
    installation.log_by_hand(interaction, user, contact=contact, create=create, learn=learn)
    tally = installation.drain()
    decision = installation.decision(interaction)
    activity = decision.activity if decision else ""
    if as_json:
        print_json({"interaction": interaction, "activity": activity, "created": tally.created})
        return
    done = " One contact was created." if tally.created else ""
    say(f"{interaction} is {in_words(activity, activity=True) or 'not decided yet'}.{done}")
    if activity not in ("log", "log_unlinked"):
        say(f"`firstcontact explain {interaction}` says why.")
