"""`firstcontact stuck`: what can't go on by itself, by cause, and how it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    counted,
    json_option,
    moment,
    open_home,
    print_json,
    say,
    say_wrapped,
    table,
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.ledger.connecting import ConnectionState
    from firstcontact.ledger.stuck import Stuck
    from firstcontact.settings_text import Home

_CAUSES: dict[str, tuple[str, str]] = {
    "refused": (
        "refused by the CRM",
        "Change the record or the rule there, then `firstcontact stuck retry --cause refused`.",
    ),
    "unclear": (
        "sent without an answer, and the CRM can't be asked whether it arrived",
        "Look in the CRM; then `firstcontact stuck settle KEY --record ID`, or with `--not-there`.",
    ),
    "held": ("held by a brake", "Look with `firstcontact report`, then `firstcontact brake release`."),
    "fault": (
        "the program itself fails at it; everything else goes on",
        "Report it, upgrade, then `firstcontact stuck retry --cause fault`. Nothing of it is lost.",
    ),
    "failing": (
        "tried for hours in vain, and still tried by itself",
        "See whether the CRM works; `firstcontact stuck retry --cause failing` tries at once.",
    ),
}
"""Each cause in words, and what to do next."""

CAUSES = tuple(_CAUSES)
SHOWN = 5


@click.group(invoke_without_command=True, epilog="Example: firstcontact stuck --each")
@click.option("--each", is_flag=True, help="Every one, not only the causes.")
@click.option(
    "--cause",
    default="",
    type=click.Choice(["", *CAUSES]),
    metavar="CAUSE",
    help=f"Only of this cause: {', '.join(CAUSES)}.",
)
@json_option
@click.pass_context
def stuck(ctx: click.Context, each: bool, cause: str, as_json: bool) -> None:
    """What can't go on by itself, by cause, with what to do about it. Nothing here is lost."""
    if ctx.invoked_subcommand is not None:
        return
    from firstcontact.ledger import connecting
    from firstcontact.ledger.stuck import stuck as all_stuck

    home, opened = open_home(ctx)
    with opened.ledger.read() as tx:
        found = [one for one in all_stuck(tx) if cause in ("", one.cause)]
        paused = [one for one in connecting.states(tx) if one.paused_at is not None]
    if as_json:
        print_json(found)
        return
    _say_paused(home, paused)
    if not found:
        say("Nothing is stuck." if not paused else "Nothing else is stuck.")
    elif each or cause:
        _say_each(home, found)
    else:
        _say_causes(home, found)


def _say_paused(home: Home, paused: list[ConnectionState]) -> None:
    for one in paused:
        say(f"The connection {one.connection} is paused since {moment(one.paused_at or 0, home)}: {one.why}")
        say("    Give FirstContact access again there, then `firstcontact stuck resume`.")


def _say_causes(home: Home, found: list[Stuck]) -> None:
    for cause, (words, next_step) in _CAUSES.items():
        rows = [one for one in found if one.cause == cause]
        if not rows:
            continue
        waiting = sum(one.waiting for one in rows)
        more = f", and {counted(waiting, 'write')} that build on them" if waiting else ""
        say(f"{counted(len(rows), 'thing')} {words}{more}; the oldest since {moment(rows[0].since, home)}:")
        problems: dict[tuple[str, str], int] = {}
        for one in rows:
            problems[(one.what, one.problem)] = problems.get((one.what, one.problem), 0) + 1
        for (what, problem), count in sorted(problems.items(), key=lambda item: -item[1])[:SHOWN]:
            say_wrapped(f"  {count:>6,}  ", f"{what.replace('_', ' ')}{f': {problem}' if problem else ''}")
        if len(problems) > SHOWN:
            say(f"          and {counted(len(problems) - SHOWN, 'other problem')}")
        say_wrapped("          → ", next_step)
    say("Every one, with its key: `firstcontact stuck --each`.")


def _say_each(home: Home, found: list[Stuck]) -> None:
    rows = [
        (moment(one.since, home), one.cause, one.what.replace("_", " "), one.about, one.problem, one.key)
        for one in found
    ]
    table(("since", "cause", "what", "about", "why", "key"), rows)
    say(f"{counted(len(found), 'thing')}.")


@stuck.command(epilog="Example: firstcontact stuck retry --cause refused")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--all", "everything", is_flag=True, help="All that is stuck.")
@click.option(
    "--cause", default="", type=click.Choice(["", *CAUSES]), metavar="CAUSE", help="All of this cause."
)
@json_option
@click.pass_context
def retry(ctx: click.Context, keys: tuple[str, ...], everything: bool, cause: str, as_json: bool) -> int:
    """Try again: these KEYs, all of a cause, or all. What may have been sent is looked for first."""
    if sum((bool(keys), everything, bool(cause))) != 1:
        raise click.UsageError(
            "say what: KEYs, --cause CAUSE or --all (`firstcontact stuck --each` has the keys)"
        )
    _, opened = open_home(ctx)
    again = opened.installation.try_stuck_again(keys, cause)
    tally = opened.installation.drain()
    left = _left(opened)
    if as_json:
        print_json({"tried": again, "written": tally.written, "stuck": left})
        return 0
    done = f"{counted(tally.written, 'write')} carried out, {counted(tally.decided, 'interaction')} decided"
    say(f"{counted(again, 'thing')} tried again: {done}; {left:,} stuck now.")
    if not again:
        say("What a brake holds goes on with `brake release`; what is unclear, with `stuck settle`.")
    return 0


def _left(opened: Opened) -> int:
    from firstcontact.ledger.stuck import stuck as all_stuck

    with opened.ledger.read() as tx:
        return len(all_stuck(tx))


@stuck.command(epilog="Example: firstcontact stuck settle 4f1c… --record 003xx")
@click.argument("key", metavar="KEY")
@click.option("--record", default="", metavar="ID", help="The CRM has it, under this id.")
@click.option("--not-there", is_flag=True, help="The CRM does not have it: send it again.")
@json_option
@click.pass_context
def settle(ctx: click.Context, key: str, record: str, not_there: bool, as_json: bool) -> None:
    """Say what became of a write that nobody can tell the fate of but you."""
    if bool(record) == not_there:
        raise click.UsageError("say either --record ID or --not-there")
    _, opened = open_home(ctx)
    opened.installation.answer_stuck(key, record=record)
    tally = opened.installation.drain()
    if as_json:
        print_json({"written": tally.written})
    else:
        say("Settled." if record else f"{counted(tally.written, 'write')} carried out.")


@stuck.command(epilog="Example: firstcontact stuck resume")
@json_option
@click.pass_context
def resume(ctx: click.Context, as_json: bool) -> None:
    """Go on with a CRM connection that was paused, now that its permission is back."""
    _, opened = open_home(ctx)
    was_paused = opened.installation.resume()
    tally = opened.installation.drain()
    if as_json:
        print_json({"resumed": was_paused, "written": tally.written, "decided": tally.decided})
        return
    if not was_paused:
        say("It was not paused.")
    say(f"{counted(tally.decided, 'interaction')} decided, {counted(tally.written, 'write')} carried out.")
