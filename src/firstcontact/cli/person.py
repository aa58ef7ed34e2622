"""`firstcontact person`: what is held of somebody, and erasing it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    ANSWER_IS_NO,
    NEEDS_A_PERSON,
    confirmed,
    counted,
    json_option,
    note,
    open_home,
    print_json,
    say,
    say_wrapped,
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.flow.erasing import Done, ToDo
    from firstcontact.settings_text import Home

_WHO = click.argument("who", nargs=-1, required=True, metavar="WHO...")


@click.group(epilog="Example: firstcontact person erase jo@acme.example")
def person() -> None:
    """What is held of a person: export it, erase it.

    WHO is an address, a number or the id of a contact or lead; several are one person.
    """


@person.command(epilog="Example: firstcontact person export jo@acme.example --out jo.json")
@_WHO
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File; default: print.")
@json_option
@click.pass_context
def export(ctx: click.Context, who: tuple[str, ...], out: Path | None, as_json: bool) -> None:  # noqa: ARG001
    """Everything that is held of the person, as JSON, with where it is from."""
    import json

    from firstcontact.cli.export import write_file
    from firstcontact.flow.held_of import held_of
    from firstcontact.flow.whom import whom

    _, opened = open_home(ctx)
    held = held_of(opened.installation, whom(opened.installation, *who))
    if out is None:
        print_json(held)
        return
    write_file(out, json.dumps(held, ensure_ascii=False, indent=2) + "\n")
    note(f"{counted(sum(map(len, held['held'].values())), 'row')} written to {out}.")


@person.command(epilog="Example: firstcontact person erase jo@acme.example +14155550123 --yes")
@_WHO
@click.option("--yes", is_flag=True, help="Do it. Without this, it is only said what would be done.")
@click.option(
    "--also-in-crm/--not-in-crm",
    "in_crm",
    default=True,
    show_default=True,
    help="Ask the CRM to delete what FirstContact made of them.",
)
@json_option
@click.pass_context
def erase(ctx: click.Context, who: tuple[str, ...], yes: bool, in_crm: bool, as_json: bool) -> int:
    """Erase the person. Only a keyed hash of their handles is kept, so that they are not captured again."""
    from firstcontact.flow import erasing
    from firstcontact.flow.problems import FlowProblem
    from firstcontact.flow.whom import whom

    home, opened = open_home(ctx)
    installation = opened.installation
    try:
        found = whom(installation, *who)
    except FlowProblem:
        if not yes or not erasing.unfinished(installation):
            raise
        return _finished(home, opened, None, as_json=as_json)
    if not yes:
        plan = erasing.to_do(installation, found, in_crm=in_crm)
        if as_json:
            print_json(plan)
        else:
            _plan(plan, opened, in_crm=in_crm)
        return 0 if plan.held.interactions or plan.delete or plan.by_hand else ANSWER_IS_NO
    done = erasing.erase(installation, found, in_crm=in_crm)
    by_hand = erasing.to_do(installation, found, in_crm=in_crm).by_hand if not done.asked else ()
    return _finished(home, opened, done, as_json=as_json, by_hand=by_hand)


@person.command("lost-key", epilog="Example: firstcontact person lost-key --yes")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def lost_key(ctx: click.Context, yes: bool, as_json: bool) -> int:
    """The key ring is lost: go on without knowing who was erased. They may be captured again."""
    from firstcontact.config import key_file
    from firstcontact.lanes.credentials import KeptCredentials
    from firstcontact.ledger.erased import SEALED_AS

    home, opened = open_home(ctx)
    if not confirmed("Nobody who was erased will be known any more. Go on?", yes=yes):
        return ANSWER_IS_NO
    forgotten = KeptCredentials(opened.ledger, key_file(home.folder), SEALED_AS).forget()
    if as_json:
        print_json({"forgotten": forgotten})
    else:
        say("Erase those people again as they come." if forgotten else "Nobody was erased.")
    return 0


def _plan(plan: ToDo, opened: Opened, *, in_crm: bool) -> None:
    title = opened.installation.crm.capabilities().title
    named = f" ({', '.join(plan.names)})" if plan.names else ""
    say_wrapped("", f"{', '.join(plan.keys)}{named}")
    held = plan.held
    say_wrapped(
        "  ",
        f"held here: {counted(held.interactions, 'interaction')}, {plan.alone} of them with nobody else; "
        f"{counted(held.writes, 'write')}, {counted(held.questions, 'question')}",
    )
    if plan.delete:
        say_wrapped("  ", f"{title} will be asked to delete {', '.join(plan.delete)}, if nobody edited it")
    if in_crm:
        say_wrapped("  ", f"{title} will be asked to take away what was logged with nobody else on it")
    for id in plan.by_hand:
        say_wrapped("  ", f"{id} is not deleted by FirstContact: delete it in {title} yourself")
    for key, others in sorted(plan.left.items()):
        say_wrapped("  ", f"{key} stays, since {', '.join(others)} bears it, too; name it to erase it")
    for name in plan.common:
        say_wrapped("  ", f"others are called {name}, too: it stays where only the name stands")
    if not plan.asked:
        say_wrapped("  ", f"{title} could not be asked now who bears these")
    if plan.in_settings:
        say_wrapped("  ", "the settings, or an earlier version that is kept, name them: take it out by hand")
    say("Nothing was changed. --yes erases them; that cannot be taken back.")


def _set_aside(home: Home) -> list[str]:
    """Databases that a restore has put aside: they are as they were before."""
    return sorted(str(path) for path in (home.folder / home.store.folder).glob("*.before-*"))


def _finished(
    home: Home, opened: Opened, done: Done | None, *, as_json: bool, by_hand: tuple[str, ...] = ()
) -> int:
    from firstcontact.connectors.address_book.forgetting import forget_gone
    from firstcontact.flow import erasing

    own = opened.own
    beside = (own.engine,) if own is not None else ()
    forget = partial(forget_gone, own) if own is not None else None
    wiped = erasing.finish(opened.installation, forget, *beside)
    needs = bool(done is not None and (done.refused or done.waiting or done.unknown))
    if as_json:
        print_json({"erased": done, "by_hand": by_hand, "files_wiped": wiped, "set_aside": _set_aside(home)})
        return NEEDS_A_PERSON if needs else 0
    title = opened.installation.crm.capabilities().title
    if done is not None:
        say(f"Erased: {counted(done.rows, 'row')}, {counted(done.deliveries, 'delivery', 'deliveries')}.")
        for kind, count in sorted(done.asked.items()):
            say(f"  {title}: {counted(count, kind.replace('_', ' '), kind.replace('_', ' '))}")
        for words in done.refused:
            say_wrapped("  ", f"{title} refused: {words} (`firstcontact stuck`)")
        if done.waiting:
            say(f"  {done.waiting} of these go out when {title} can be asked again.")
        if done.unknown:
            say(f"  {done.unknown} writes about them were never answered: look in {title} for them.")
    for id in by_hand:
        say_wrapped("  ", f"{id} was not made by FirstContact: delete it in {title} yourself")
    if not wiped:
        say_wrapped("", _NOT_WIPED[opened.ledger.engine.dialect.name])
    for path in _set_aside(home):
        say_wrapped("", f"{path} was put aside by a restore and still has them: remove it.")
    say_wrapped("", "Backups and exports that you keep still have them: docs/how-to/erase-a-person.md.")
    return NEEDS_A_PERSON if needs else 0


_NOT_WIPED = {
    "sqlite": "Others read the database, so its files still have the old bytes: give the same command again.",
    "postgresql": "PostgreSQL keeps the old bytes in its files until VACUUM FULL, and in archived logs.",
}
