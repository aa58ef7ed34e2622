"""`firstcontact duplicates`: which contacts are one person, what would be merged, a person's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    NEEDS_A_PERSON,
    clean,
    confirmed,
    counted,
    json_option,
    moment,
    only_user,
    open_home,
    print_json,
    say,
    say_wrapped,
    user_of,
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.flow.dedupe import Outlook
    from firstcontact.flow.pairs import PairShown
    from firstcontact.settings_text import Home

ROUNDS = 5
"""Searches in one `run`: who was alike by way of another follows when that one has gone."""

SHOWN = 50

_OPEN = ("suggested", "asked")


@click.group(invoke_without_command=True, epilog="Example: firstcontact duplicates --state done")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(["suggested", "asked", "intended", "done", "refused", "undone", "gone"]),
    help="Pairs in this state; else those that wait for a person.",
)
@json_option
@click.pass_context
def duplicates(ctx: click.Context, states: tuple[str, ...], as_json: bool) -> None:
    """Contacts that may be one person, as the last search found them, with what speaks for it.

    Every day they are looked for, and merged where nothing is doubtful: only contacts that FirstContact made
    and no person has edited since disappear (settings `dedupe`, `dedupe_at`, `autonomy.merge`).
    """
    if ctx.invoked_subcommand is not None:
        return
    from firstcontact.flow.pairs import kept

    home, opened = open_home(ctx)
    pairs, count = kept(opened.ledger, opened.installation.crm, states or _OPEN)
    cannot = opened.installation.duplicates.cannot()
    if as_json:
        print_json({"pairs": pairs, "count": count, "cannot": cannot})
        return
    _say_pairs(home, pairs)
    if not pairs:
        say("No pair waits for a person." if not states else "There is none.")
    elif count > len(pairs):
        say(f"And {count - len(pairs):,} more.")
    if cannot:
        say_wrapped("", cannot)
    if pairs and not states:
        say("One person: `firstcontact duplicates merge A B`. Two: `firstcontact duplicates refuse A B`.")


@duplicates.command(epilog="Example: firstcontact duplicates preview")
@json_option
@click.pass_context
def preview(ctx: click.Context, as_json: bool) -> None:
    """What `run` would do now. Writes nothing."""
    home, opened = open_home(ctx)
    outlook = opened.installation.duplicates.preview()
    if as_json:
        print_json(_as_json(outlook))
        return
    _say_outlook(home, outlook)


@duplicates.command(epilog="Example: firstcontact duplicates run --yes")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@click.pass_context
def run(ctx: click.Context, yes: bool, as_json: bool) -> int:
    """Look for duplicates now, show what is to be merged, and merge it when you say so.

    Exits with 3 when nobody said yes.
    """
    home, opened = open_home(ctx)
    installation = opened.installation
    installation.drain()
    outlook = installation.duplicates.preview()
    if not as_json:
        _say_outlook(home, outlook)
    if outlook.counts[0] and not confirmed(f"Merge {counted(outlook.counts[0], 'pair')}?", yes=yes):
        return NEEDS_A_PERSON
    merged = _merged(opened)
    found = installation.dedupe()
    installation.drain()
    for _ in range(ROUNDS):
        if not found.counts[0]:
            break
        found = installation.dedupe()
        installation.drain()
    done = _merged(opened) - merged
    if as_json:
        print_json({"merged": done, "asked": found.counts[1], "suggested": found.counts[2],
                    "cannot": found.cannot})  # fmt: skip
        return 0
    say(f"{counted(done, 'contact')} merged into others.")
    if found.counts[1] or found.counts[2]:
        say("What waits for a person: `firstcontact duplicates`.")
    return 0


def _merged(opened: Opened) -> int:
    from firstcontact.ledger import duplicates as ledger_duplicates

    with opened.ledger.read() as tx:
        return len(ledger_duplicates.standing(tx, opened.installation.crm.connection, ("done",)))


@duplicates.command(epilog="Example: firstcontact duplicates merge 003A 003B")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--by", default="", metavar="USER", help="Who says so; else the team's one user.")
@json_option
@click.pass_context
def merge(ctx: click.Context, one: str, other: str, by: str, as_json: bool) -> None:
    """Contacts A and B are one person: A goes into B. Where only B may disappear, B goes into A.

    A contact that a person made or edited never disappears; two such are merged in the CRM.
    """
    home, opened = open_home(ctx)
    installation = opened.installation
    pair = installation.duplicates.merge(one, other, _who(home, by), installation.clock.now())
    installation.drain()
    goes, stays = pair.loser.id, pair.survivor.id
    state = _state(opened, goes, stays)
    if as_json:
        print_json({"goes": goes, "stays": stays, "state": state})
    elif state == "done":
        say(f"{goes} was merged into {stays}.")
    elif state == "intended":
        say(f"{goes} is to be merged into {stays}; `firstcontact status` says what it waits for.")
    else:
        say(f"{goes} was not merged into {stays}; `firstcontact duplicates` says why.")


def _state(opened: Opened, goes: str, stays: str) -> str:
    from firstcontact.ledger import duplicates as ledger_duplicates
    from firstcontact.planning.merges import merge_key

    key = merge_key(opened.installation.crm.connection, goes, stays)
    with opened.ledger.read() as tx:
        row = ledger_duplicates.pairs(tx, [key]).get(key)
    return row.state if row else ""


@duplicates.command(epilog="Example: firstcontact duplicates refuse 003A 003B")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--by", default="", metavar="USER", help="Who says so; else the team's one user.")
@json_option
@click.pass_context
def refuse(ctx: click.Context, one: str, other: str, by: str, as_json: bool) -> None:
    """Contacts A and B are two people: never merged, and never suggested again."""
    home, opened = open_home(ctx)
    installation = opened.installation
    installation.duplicates.refuse(one, other, _who(home, by), installation.clock.now())
    if as_json:
        print_json({"refused": [one, other]})
    else:
        say(f"{one} and {other} stay two.")


@duplicates.command(epilog="Example: firstcontact duplicates undo 003A")
@click.argument("goes", metavar="A")
@click.option("--by", default="", metavar="USER", help="Who says so; else the team's one user.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@click.pass_context
def undo(ctx: click.Context, goes: str, by: str, yes: bool, as_json: bool) -> int:
    """Take the merge of contact A back: it is made anew, with the activities and roles of ours that it had.

    What other programs and people had linked to it stays where the CRM moved it.
    """
    home, opened = open_home(ctx)
    installation = opened.installation
    if not confirmed(f"Make {goes} anew and give it back what was ours?", yes=yes):
        return NEEDS_A_PERSON
    row = installation.duplicates.undo(goes, _who(home, by), installation.clock.now())
    tally = installation.drain()
    if as_json:
        print_json({"undone": row.loser, "stays": row.survivor, "written": tally.written})
    else:
        say(f"Taken back, {counted(tally.written, 'write')} carried out. The two are never merged again.")
    return 0


@duplicates.command(epilog="Example: firstcontact duplicates suggest")
@json_option
@click.pass_context
def suggest(ctx: click.Context, as_json: bool) -> None:
    """Let a statistical model look for likely duplicates: those that share no address or number, or are spelt
    otherwise. They are only suggested.

    Needs `pip install 'firstcontact[duplicates]'`; reads all contacts.
    """
    _, opened = open_home(ctx)
    installation = opened.installation
    count = installation.duplicates.suggest_likely(installation.clock.now())
    if as_json:
        print_json({"suggested": count})
    else:
        say(f"{counted(count, 'pair')} suggested by the model: `firstcontact duplicates` has them.")


def _who(home: Home, by: str) -> str:
    return user_of(home, by, "--by") or only_user(home) or "person"


# --- in words ------------------------------------------------------------------------------------------


def _as_json(outlook: Outlook) -> dict[str, object]:
    from firstcontact.flow.pairs import found

    return {
        "merges": [found(each, "intended") for each in outlook.merges],
        "asked": [found(each, "asked") for each in outlook.asked],
        "suggestions": [found(each, "suggested") for each in outlook.suggestions],
        "counts": dict(zip(("merges", "asked", "suggestions"), outlook.counts, strict=True)),
        "handles": outlook.handles,
        "shared_by_many": [{"handle": key, "contacts": count} for key, count in outlook.many],
        "cannot": outlook.cannot,
    }


def _say_outlook(home: Home, outlook: Outlook) -> None:
    from firstcontact.flow.pairs import found

    merges, asked, suggestions = outlook.counts
    if merges:
        say(f"{counted(merges, 'contact')} would go into others:")
        _say_pairs(home, [found(each, "intended") for each in outlook.merges[:SHOWN]])
    if asked:
        say(f"{counted(asked, 'pair')} would wait for your word (`autonomy.merge` is `ask`):")
        _say_pairs(home, [found(each, "asked") for each in outlook.asked[:SHOWN]])
    if suggestions:
        say(f"{counted(suggestions, 'pair')} only suggested:")
        _say_pairs(home, [found(each, "suggested") for each in outlook.suggestions[:SHOWN]])
    if max(outlook.counts) > SHOWN:
        say(f"Of each sort the first {SHOWN} are shown; `--json` has up to 1,000.")
    if not any(outlook.counts):
        say("Nothing is there twice.")
    for key, count in outlook.many[:SHOWN]:
        say(f"{count:,} contacts share {clean(key)}: too many for one person, left alone.")
    if outlook.cannot:
        say_wrapped("", outlook.cannot)


def _say_pairs(home: Home, pairs: list[PairShown]) -> None:
    from firstcontact.flow.pairs import STATES

    for pair in pairs:
        goes, stays = (
            f"{name} ({id})" if name else id
            for name, id in zip(pair.names, (pair.goes, pair.stays), strict=True)
        )
        when = f", {moment(pair.at, home)}" if pair.at else ""
        say_wrapped("  ", f"{goes} → {stays}: {STATES[pair.state]}{when}")
        say_wrapped("      ", _reasons(pair))


def _reasons(pair: PairShown) -> str:
    parts = [pair.speaks_for, f"but {pair.speaks_against}" if pair.speaks_against else "", pair.why]
    return ". ".join(part[:1].upper() + part[1:] for part in parts if part) + "."
