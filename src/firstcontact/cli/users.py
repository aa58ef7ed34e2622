"""`firstcontact users`: who of us is who in the CRM."""

from __future__ import annotations

import click

from firstcontact.cli.common import ANSWER_IS_NO, counted, json_option, load_home, print_json, say, table


@click.group(invoke_without_command=True, epilog="Example: firstcontact users")
@json_option
@click.pass_context
def users(ctx: click.Context, as_json: bool) -> int:
    """Each of our users and the CRM's user who is the same person: by the map in the settings, else by e-mail
    address, and who is missing.

    Exits with 1 where somebody is missing, or the map names an id that nobody has.
    """
    from firstcontact.cli.common import open_home
    from firstcontact.flow.context import who_is_who

    if ctx.invoked_subcommand is not None:
        return 0
    home, opened = open_home(ctx)
    matches = who_is_who(opened.installation.crm, opened.installation.book.team)
    missing = [each for each in matches if not each.crm_user or not each.active]
    unknown = any(each.unknown for each in matches)
    crm = opened.installation.crm
    title = crm.capabilities().title
    if not crm.capabilities().owners and not as_json:
        say(f"In {title} everything is of the one who is logged in; nobody of ours need be a user.")
        return 0
    if as_json:
        print_json({"connection": crm.connection, "users": matches})
        return ANSWER_IS_NO if crm.capabilities().owners and (missing or unknown) else 0
    table(
        ("ours", "name", "by", f"in {title}", "name there"),
        [(each.user, each.name, each.by or "nobody", each.crm_user, each.crm_name) for each in matches],
    )
    for each in matches:
        if each.unknown:
            say(f"The settings say that {each.user} is {each.unknown}, and nobody in {title} has that id.")
    for each in missing:
        if each.crm_user:
            say(f"{each.name} ({each.user}) is {each.crm_user} in {title}, who is not active there.")
        else:
            say(f"{each.name} ({each.user}) is nobody in {title}: no e-mail address of theirs is there.")
    if missing:
        owners = ", ".join(home.book.effective("", crm.connection).owner)
        say("What they do is logged without a user of the CRM.")
        say(f"Their contacts go to the next of `owner` ({owners}) who is there, else to whom we log in as.")
    else:
        say(f"{counted(len(matches), 'user')}; nobody is missing.")
    if missing or unknown:
        say("Who is who by hand: firstcontact users map OURS=ID")
    return ANSWER_IS_NO if missing or unknown else 0


@users.command("map", epilog="Example: firstcontact users map ana-ruiz=0055e000001XyZ")
@click.argument("pairs", nargs=-1, required=True, metavar="OURS=ID...")
@json_option
@click.pass_context
def map_(ctx: click.Context, pairs: tuple[str, ...], as_json: bool) -> None:
    """Say who of us is which user of the CRM. An empty ID takes what was said away."""
    import msgspec

    from firstcontact.bootstrap import the_connection
    from firstcontact.cli.common import user_of
    from firstcontact.config import set_connection

    home = load_home(ctx)
    connection = the_connection(home)
    if connection is None:
        raise click.UsageError("no CRM is connected; `firstcontact connect KIND` does that")
    said = dict(connection.users)
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals:
            raise click.UsageError(f"{pair}: write OURS=ID, as ana-ruiz=3581")
        user = user_of(home, ours, "OURS")
        said.pop(user, None)
        if theirs.strip():
            said[user] = theirs.strip()
    after = set_connection(home.folder, msgspec.structs.replace(connection, users=said))
    if as_json:
        print_json({"connection": connection.name, "users": said})
        return
    say(f"{counted(len(said), 'user')} by hand, in [connection.{connection.name}] of {after.path}.")
    say("New decisions follow it; running workers do when they are started again.")
