"""`firstcontact enrichment`: where the values of a contact came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    ANSWER_IS_NO,
    counted,
    json_option,
    moment,
    note,
    open_home,
    print_json,
    say,
    table,
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.flow.origins import Origin
    from firstcontact.settings_text import Home


@click.command(epilog="Example: firstcontact enrichment jo@acme.example")
@click.argument("what")
@json_option
@click.pass_context
def enrichment(ctx: click.Context, what: str, as_json: bool) -> int:
    """Where the values of a contact came from: an id, an address or a number.

    Per value: which interaction said it and when, when it was written, what stood there before, and whether
    the contact still has it.
    """
    from firstcontact.flow.origins import origins

    home, opened = open_home(ctx)
    ids = _ids(home, opened, what)
    if not ids:
        note(f"{what}: no contact has this id, address or number. `firstcontact contacts` lists them.")
        return ANSWER_IS_NO
    found = origins(opened.installation, ids)
    if as_json:
        print_json(found)
        return 0
    if not found:
        say(f"Beside name and handle, FirstContact has written nothing into {', '.join(ids)}.")
        return 0
    table(
        ("contact", "field", "value", "before", "said by", "of", "written", "because", "now"),
        [
            (
                each.record,
                each.field,
                each.value,
                each.before or "nothing",
                f"{each.interaction} ({each.source})",
                moment(each.said_at, home),
                moment(each.written_at, home),
                each.mode,
                _now(each),
            )
            for each in found
        ],
    )
    say(f"{counted(len(found), 'value')}.")
    return 0


def _now(origin: Origin) -> str:
    if origin.state != "done":
        return "not written" if origin.state == "dropped" else "about to be written"
    if origin.stands is None:
        return "the CRM cannot be asked"
    return "stands" if origin.stands else "changed since"


def _ids(home: Home, opened: Opened, what: str) -> tuple[str, ...]:
    """Ids of the contacts that are meant."""
    from firstcontact.flow.story import records_bearing, records_of
    from firstcontact.interactions.handles import read_handle

    if "@" not in what and what in records_of(opened.installation, [what]):
        return (what,)
    handle = read_handle(what, home.book.team.region)
    if handle is None:
        return ()
    found = records_bearing(opened.installation, (handle.key,))
    return tuple(record.id for record in found if record.type == "contact")
