"""`firstcontact resume`: a person says that the CRM's permission is back."""

from __future__ import annotations

import click

from firstcontact.cli.common import json_option, open_home, print_json, say


@click.command(epilog="Example: firstcontact resume")
@json_option
@click.pass_context
def resume(ctx: click.Context, as_json: bool) -> None:
    """Let a CRM connection go on that was paused because its permission had lapsed.

    Grant access in the CRM first: where it still refuses, the connection is paused again.
    """
    _, opened = open_home(ctx)
    name = opened.installation.crm.connection
    was_paused = opened.installation.resume()
    if as_json:
        print_json({"connection": name, "was_paused": was_paused})
    elif was_paused:
        say(f"{name} goes on; `firstcontact run` does what waited.")
    else:
        say(f"{name} is not paused.")
