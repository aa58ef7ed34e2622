"""`firstcontact log`: by hand."""

from __future__ import annotations

import click

from firstcontact.cli.common import json_option, open_home, print_json, say, user_of


@click.command(epilog="Example: firstcontact log call-17 --user ana --first Jo --last Diaz")
@click.argument("interaction")
@click.option("--user", default="", help="Who logs it; default: the only user.")
@click.option("--contact", default="", help="On this contact (an id).")
@click.option("--first", default="", help="First name of a contact made in the same step.")
@click.option("--last", default="", help="Last name of a contact made in the same step.")
@click.option("--type", "type_", default="", help="Type of the contact, where the CRM has types.")
@click.option("--learn", is_flag=True, help="The chosen contact also takes the number or address.")
@json_option
@click.pass_context
def log(
    ctx: click.Context,
    interaction: str,
    user: str,
    contact: str,
    first: str,
    last: str,
    type_: str,
    learn: bool,
    as_json: bool,
) -> None:
    """Log INTERACTION by hand: on a contact, on one made in the same step, or without."""
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
