"""`firstcontact log`: by hand."""

from __future__ import annotations

import click

from firstcontact.cli.common import json_option, open_home, print_json, say


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
    home, opened = open_home(ctx)
    users = [each.id for each in home.book.team.users]
    if not user:
        if len(users) != 1:
            raise click.UsageError(f"--user: say who logs it; the team has {', '.join(users)}")
        user = users[0]
    if contact and (first or last):
        raise click.UsageError("either --contact or --first/--last, not both")
    create = {"first_name": first, "last_name": last, "type": type_} if first or last else None
    installation = opened.installation
    installation.log_by_hand(interaction, user, contact=contact, create=create, learn=learn)
    tally = installation.drain()
    decision = installation.decision(interaction)
    activity = decision.activity if decision else "not decided"
    if as_json:
        print_json({"interaction": interaction, "activity": activity, "created": tally.created})
        return
    say(f"{interaction}: {activity}; {tally.created} contacts created, {tally.written} writes.")
