"""`firstcontact doctor`: whether everything is there, before the first write."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    ANSWER_IS_NO,
    confirmed,
    counted,
    json_option,
    open_home,
    print_json,
    say,
    say_wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstcontact.connectors.contract import Diagnosis

MANY = 4
"""More of one sort than this are counted, not named."""
_SIGNS = {"ok": "ok       ", "warning": "warning  ", "error": "error    "}


@click.command(epilog="Example: firstcontact doctor --fix")
@click.option("--fix", is_flag=True, help="Make what is missing in the CRM, after a question.")
@click.option("--yes", is_flag=True, help="Without the question.")
@click.option("--each", is_flag=True, help="What is in order too, each in a line.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, fix: bool, yes: bool, each: bool, as_json: bool) -> int:
    """Look whether everything is there before the first write: the login and its permissions, required
    fields, duplicate rules and fields of ours in the CRM, users, settings and clocks. Writes nothing, but for
    --fix.

    Exits with 0 when nothing stands in the way, 1 when something does.
    """
    from firstcontact.flow.doctor import diagnose, prepare

    _, opened = open_home(ctx)
    installation, connector = opened.installation, opened.connector
    made: Sequence[str] = ()
    if fix:
        title = connector.capabilities().title
        if not confirmed(f"Make what is missing for FirstContact in {title}?", yes=yes):
            return ANSWER_IS_NO
        made = prepare(installation, connector)
    found = diagnose(installation, connector)
    errors = [one for one in found if one.state == "error"]
    if as_json:
        print_json({"connection": connector.connection, "made": list(made), "found": found})
        return ANSWER_IS_NO if errors else 0
    for sentence in made:
        say_wrapped("made     ", sentence)
    if fix and not made:
        say("Nothing was missing that could be made.")
    if not each:
        _say_in_order([one.about for one in found if one.state == "ok"])
    for one in found:
        if each or one.state != "ok":
            _say(one)
    warned = sum(1 for one in found if one.state == "warning")
    if errors:
        say(f"{counted(len(errors), 'thing')} to fix before anything is written.")
    else:
        say(f"Nothing stands in the way; {counted(warned, 'warning')}.")
    return ANSWER_IS_NO if errors else 0


def _say_in_order(abouts: Sequence[str]) -> None:
    """What is in order, by name in one paragraph; many of one sort only counted."""
    sorts = Counter(about.split()[0] for about in abouts)
    told: dict[str, None] = {}
    for about in abouts:
        sort = about.split()[0]
        told[f"{sorts[sort]} × {sort}" if sorts[sort] > MANY else about] = None
    if told:
        say_wrapped(_SIGNS["ok"], "; ".join(told))


def _say(diagnosis: Diagnosis) -> None:
    say_wrapped(_SIGNS[diagnosis.state], f"{diagnosis.about}: {diagnosis.sentence}")
    if diagnosis.remedy:
        say_wrapped("         → ", diagnosis.remedy)
