"""`firstcontact doctor`: whether everything is there, before the first write."""

from __future__ import annotations

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

_SIGNS = {"ok": "ok       ", "warning": "warning  ", "error": "error    "}


@click.command(epilog="Example: firstcontact doctor --fix")
@click.option("--fix", is_flag=True, help="Make what is missing in the CRM, after a question.")
@click.option("--yes", is_flag=True, help="Without the question.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, fix: bool, yes: bool, as_json: bool) -> int:
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
    errors = [each for each in found if each.state == "error"]
    if as_json:
        print_json({"connection": connector.connection, "made": list(made), "found": found})
        return ANSWER_IS_NO if errors else 0
    for sentence in made:
        say_wrapped("made     ", sentence)
    if fix and not made:
        say("Nothing was missing that could be made.")
    for each in found:
        _say(each)
    warned = sum(1 for each in found if each.state == "warning")
    if errors:
        say(f"{counted(len(errors), 'thing')} to fix before anything is written.")
    else:
        say(f"Nothing stands in the way; {counted(warned, 'warning')}.")
    return ANSWER_IS_NO if errors else 0


def _say(diagnosis: Diagnosis) -> None:
    say_wrapped(_SIGNS[diagnosis.state], f"{diagnosis.about}: {diagnosis.sentence}")
    if diagnosis.remedy:
        say_wrapped("         → ", diagnosis.remedy)
