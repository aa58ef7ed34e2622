"""`firstcontact remove`: take back what FirstContact wrote; first what that would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from firstcontact.cli.common import (
    NEEDS_A_PERSON,
    confirmed,
    counted,
    day,
    json_option,
    moment,
    open_home,
    print_json,
    say,
    say_wrapped,
    table,
    user_of,
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.flow.undo import Chosen, Removal
    from firstcontact.settings_text import Home

_yes = click.option("--yes", is_flag=True, help="Do it, without asking.")
_by = click.option("--by", default="", metavar="NAME", help="Who says so; kept with what is removed.")

_WHAT = {
    "create_contact": "contact",
    "create_account": "account",
    "update_contact": "change of a contact",
    "log_activity": "activity",
    "update_activity": "change of an activity",
    "time_entry": "time entry",
    "document": "file",
    "contact_role": "role on an opportunity",
    "merge_contacts": "merge",
}
_DOES = {
    "delete": "to be taken away",
    "restore": "to be as it was before",
    "drop": "not sent yet, and not to be sent",
    "leave": "left as it is",
}
SHOWN = 12


@click.group(epilog="Example: firstcontact remove contact jo@acme.example")
def remove() -> None:
    """Take back what FirstContact wrote: first what that would be, then it is done.

    Only what is ours and untouched goes; what a person has edited since stays, and each thing that stays is
    said with why. What was removed is not made again. A removal itself is not undone.
    """


@remove.command(epilog="Example: firstcontact remove contact +14155550123 --yes")
@click.argument("who", metavar="ID|HANDLE")
@_by
@_yes
@json_option
@click.pass_context
def contact(ctx: click.Context, who: str, by: str, yes: bool, as_json: bool) -> int:
    """A contact that FirstContact made, by its id, address or number, with its activities and roles."""
    return _remove(ctx, by, yes=yes, as_json=as_json, contact=who)


@remove.command(epilog="Example: firstcontact remove activity call-17")
@click.argument("interaction")
@_by
@_yes
@json_option
@click.pass_context
def activity(ctx: click.Context, interaction: str, by: str, yes: bool, as_json: bool) -> int:
    """The activity of an INTERACTION; of a text, the whole conversation's day."""
    return _remove(ctx, by, yes=yes, as_json=as_json, activity=interaction)


@remove.command(epilog="Example: firstcontact remove interaction call-17")
@click.argument("interaction")
@_by
@_yes
@json_option
@click.pass_context
def interaction(ctx: click.Context, interaction: str, by: str, yes: bool, as_json: bool) -> int:
    """All that was written because of one INTERACTION."""
    return _remove(ctx, by, yes=yes, as_json=as_json, interaction=interaction)


@remove.command(epilog="Example: firstcontact remove writes --rule unknown_contact --since 2026-03-02")
@click.option("--rule", default="", metavar="REASON", help="Decided by this reason (`explain` names them).")
@click.option("--user", default="", help="Of this user of ours.")
@click.option("--settings", default="", metavar="VERSION", help="Decided by this version of the settings.")
@click.option("--since", default="", metavar="DAY", help="Written on this day or later.")
@click.option("--until", default="", metavar="DAY", help="Written before this day.")
@_by
@_yes
@json_option
@click.pass_context
def writes(
    ctx: click.Context,
    rule: str,
    user: str,
    settings: str,
    since: str,
    until: str,
    by: str,
    yes: bool,
    as_json: bool,
) -> int:
    """Everything that a reason, a version of the settings, one of us or a span of time brought about; what is
    given together narrows it down."""
    if not any((rule, user, settings, since, until)):
        raise click.UsageError("say which: --rule, --user, --settings, --since or --until")
    chosen = {"rule": known_rule(rule), "settings_version": settings}
    return _remove(ctx, by, yes=yes, as_json=as_json, user=user, since=since, until=until, **chosen)


def _remove(ctx: click.Context, by: str, *, yes: bool, as_json: bool, **chosen: str) -> int:
    from firstcontact.flow.undo import preview
    from firstcontact.flow.undo import remove as take_back

    home, opened = open_home(ctx)
    wanted = _chosen(home, opened, chosen)
    foreseen = preview(opened.installation, wanted)
    if not foreseen.does:
        return _nothing(foreseen, as_json=as_json)
    if not yes and not as_json:
        _say(foreseen)
    if not (yes or (not as_json and confirmed("Take this back?", yes=False))):
        if as_json:
            print_json({"done": False, **_plain(foreseen)})
        return NEEDS_A_PERSON
    done = take_back(opened.installation, wanted, by)
    opened.installation.drain()
    return _told(opened, done, as_json=as_json)


def _chosen(home: Home, opened: Opened, given: dict[str, str]) -> Chosen:
    from firstcontact.flow.undo import Chosen
    from firstcontact.ledger.engagement import FOREVER

    values: dict[str, Any] = {**given}
    if "since" in given:
        values["since"] = day(given["since"], home, 0)
        values["until"] = day(given["until"], home, FOREVER)
        values["user"] = user_of(home, given["user"], "--user")
        values["settings_version"] = settings_version(opened, given["settings_version"])
    return Chosen(**values)


def known_rule(name: str) -> str:
    """The reason as it is given; "" for "". Raises click.UsageError for a name that no reason has."""
    from difflib import get_close_matches

    from firstcontact.policy.rules import RULE_NAMES

    if not name or name.partition(":")[0] in RULE_NAMES:
        return name
    near = get_close_matches(name.partition(":")[0], RULE_NAMES, n=1)
    hint = f"; did you mean `{near[0]}`?" if near else "; `firstcontact explain` names them."
    raise click.UsageError(f"--rule {name}: there is no such reason{hint}")


def settings_version(opened: Opened, begins: str) -> str:
    """The version of the settings whose name begins so; "" for "". Raises click.UsageError where it is not
    exactly one that decisions were taken by."""
    from firstcontact.ledger.undoing import settings_named

    if not begins:
        return ""
    with opened.ledger.read() as tx:
        versions = settings_named(tx, begins)
    if len(versions) != 1:
        shown = ", ".join(each[:16] for each in versions) or "none"
        raise click.UsageError(f"--settings {begins}: versions that begin so: {shown}")
    return versions[0]


def _nothing(foreseen: Removal, *, as_json: bool) -> int:
    if as_json:
        print_json({"done": not foreseen.left, **_plain(foreseen)})
        return 0
    before = f"; {counted(foreseen.before, 'write')} of it {_was(foreseen.before)} removed before"
    say(f"Nothing is there that could be removed{before if foreseen.before else ''}.")
    _say_left(foreseen)
    return 0


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _say(foreseen: Removal) -> None:
    for does in ("delete", "restore", "drop"):
        kinds = foreseen.counts.get(does, {})
        for kind, count in kinds.items():
            say(f"  {count:>6,}  {_WHAT.get(kind, kind)}: {_DOES[does]}")
    shown = [step for step in foreseen.steps if step.does != "leave"][:SHOWN]
    table(
        ("what", "about", "because of", "record"),
        [(_WHAT.get(each.kind, each.kind), _about(each), each.interaction, each.record) for each in shown],
    )
    if foreseen.does > len(shown):
        say(f"and {foreseen.does - len(shown):,} more.")
    _say_left(foreseen)


def _about(step: Any) -> str:
    if step.fields:
        return ", ".join(step.fields)
    return str(step.subject) if step.kind == "create_contact" else ""


def _say_left(foreseen: Removal) -> None:
    if foreseen.left:
        say("Left as it is:")
    for why, count in foreseen.left.items():
        say_wrapped(f"  {count:>6,}  ", why)


def _plain(removal: Removal) -> dict[str, Any]:
    import msgspec

    steps = [
        {
            "kind": each.kind,
            "interaction": each.interaction,
            "subject": each.subject,
            "record": each.record,
            "does": each.does,
            "fields": list(each.fields),
            "why": each.sentence(),
        }
        for each in removal.steps
    ]
    plain = {"counts": removal.counts, "left": removal.left, "removed_before": removal.before, "steps": steps}
    return msgspec.to_builtins(plain)  # type: ignore[no-any-return]


def _told(opened: Opened, done: Removal, *, as_json: bool) -> int:
    from firstcontact.ledger.undoing import still_intended

    with opened.ledger.read() as tx:
        later = still_intended(tx)
    if as_json:
        print_json({"done": True, **_plain(done), "later": later})
        return 0
    say(f"{counted(done.does, 'write')} taken back.")
    if later:
        on = f"{counted(later, 'write')} of it not carried out yet; `firstcontact run --once` goes on"
        say(f"{on}, and `firstcontact remove list` says how it stands.")
    _say_left(done)
    return 0


@remove.command("list", epilog="Example: firstcontact remove list --limit 20")
@click.option("--limit", default=50, show_default=True, help="At most so many, the newest first.")
@json_option
@click.pass_context
def list_(ctx: click.Context, limit: int, as_json: bool) -> None:
    """What was removed, by whom, and what was left and why."""
    from firstcontact.ledger.undoing import newest

    home, opened = open_home(ctx)
    with opened.ledger.read() as tx:
        rows = newest(tx, limit)
    if as_json:
        print_json(
            [
                {"kind": kind, "interaction": interaction, "record": record, "state": row.state,
                 "why": row.why, "by": row.by, "at": row.at}
                for row, kind, interaction, record in rows
            ]
        )  # fmt: skip
        return
    if not rows:
        say("Nothing was removed yet.")
        return
    state = {"done": "removed", "intended": "being removed", "left": "left"}
    table(
        ("when", "what", "because of", "record", "", "by", "why"),
        [
            (
                moment(row.at, home),
                _WHAT.get(kind, kind),
                interaction,
                record,
                state[row.state],
                row.by,
                row.why,
            )
            for row, kind, interaction, record in rows
        ],
    )
