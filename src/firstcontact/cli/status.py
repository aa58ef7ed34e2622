"""`firstcontact status`, `report`, `rejected`, `stuck`, `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    contacts_are_in,
    counted,
    held_sentence,
    json_option,
    open_home,
    print_json,
    say,
    say_wrapped,
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened


class _Report(click.Group):
    """The further reports, imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return ["unreadable", "shared", "created"]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        from firstcontact.cli import created, index

        command: click.Command = getattr(created if name == "created" else index, name)
        return command


def _contacts(count: int, opened: Opened) -> str:
    where = contacts_are_in(opened)
    return f"{counted(count, 'contact')} in {where}" if count >= 0 else f"{where} cannot be asked now"


@click.command(epilog="Example: firstcontact status")
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """What is going on: due work, open questions, things that are stuck."""
    from firstcontact.cli.importing import unfinished_lines
    from firstcontact.cli.index import how_old, seconds_old
    from firstcontact.flow.importing import snapshot, unfinished
    from firstcontact.flow.pairs import waiting
    from firstcontact.ledger import connecting
    from firstcontact.store.engine import place

    home, opened = open_home(ctx)
    report = snapshot(opened.installation)
    later = unfinished(opened.installation)
    read = opened.installation.index_state() if opened.installation.indexed else None
    merges = waiting(opened.ledger, opened.installation.crm)
    now = opened.installation.clock.now()
    with opened.ledger.read() as tx:
        paused = connecting.state(tx, opened.installation.crm.connection).why
    if as_json:
        print_json(
            {
                "home": str(home.folder),
                "store": place(opened.ledger.engine),
                "due": report.due,
                "pending": later.writes,
                "waiting": report.waiting,
                "merges_waiting": merges,
                "parked": report.parked,
                "held": report.held,
                "read_only": opened.installation.read_only(),
                "paused": paused,
                "contacts": report.contacts,
                "interactions": report.interactions,
                **({"index_seconds_old": seconds_old(read, now)} if read is not None else {}),
            }
        )
        return
    say(f"Home: {home.folder}")
    say(f"Databases: {place(opened.ledger.engine)}")
    say(f"{counted(report.interactions, 'interaction')} so far; {_contacts(report.contacts, opened)}.")
    if paused:
        say(f"The connection is paused: {paused} `firstcontact connect` logs in again; what waits goes on.")
    if read is not None:
        say(how_old(read, opened.installation.crm.capabilities().title, now))
    for line in unfinished_lines(report.due, later.writes, later.why):
        say(line)
    for count, what, sentence in (
        (report.waiting, "question", "for you: `firstcontact review`."),
        (merges, "merge", "for you: `firstcontact duplicates`."),
        (report.parked, "write", "refused by the CRM: `firstcontact stuck` says why."),
        (report.held, "write", held_sentence(opened)),
    ):
        if count:
            say(f"{counted(count, what)} {sentence}")
    if not (report.due or later.writes or report.waiting or merges or report.parked or report.held):
        say("Nothing is due, nothing waits.")


@click.group(cls=_Report, invoke_without_command=True, epilog="Example: firstcontact report --json")
@json_option
@click.pass_context
def report(ctx: click.Context, as_json: bool) -> None:
    """Counts over everything: who was created, who was not, and why."""
    if ctx.invoked_subcommand is None:
        _report(ctx, as_json)


def _report(ctx: click.Context, as_json: bool) -> None:
    import msgspec

    from firstcontact.explain.summary import held_back
    from firstcontact.flow.importing import people_kept, snapshot
    from firstcontact.flow.story import in_words

    _, opened = open_home(ctx)
    counts = snapshot(opened.installation)
    kept = people_kept(opened.installation)
    if as_json:
        print_json({**msgspec.to_builtins(counts), "people_not_created": kept})
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.kinds.items()))
    say(f"{counted(counts.interactions, 'interaction')}{f' ({kinds})' if kinds else ''}.")
    say(
        f"{_contacts(counts.contacts, opened)}; "
        f"{counted(counts.created, 'contact')} made by FirstContact so far; "
        f"{counted(counts.activities, 'activity', 'activities')} logged; "
        f"{counted(counts.waiting, 'question')} open."
    )
    if counts.rejected:
        say(f"{counts.rejected:,} of what was delivered could not be read: `firstcontact rejected`.")
    if counts.held:
        say(f"{counted(counts.held, 'write')} {held_sentence(opened)}")
    if counts.verdicts:
        say()
        say("Each person on each interaction:")
        _counts((count, verdict, in_words(verdict)) for verdict, count in counts.verdicts.items())
    if counts.activity_verdicts:
        say()
        say("Each interaction:")
        _counts(
            (count, verdict, in_words(verdict, activity=True))
            for verdict, count in counts.activity_verdicts.items()
        )
    reasons = held_back(kept, most=1000)
    if reasons:
        say()
        say(f"People who are not in {contacts_are_in(opened)}, by what keeps them (some by several):")
        for each in reasons:
            say_wrapped(f"  {each.people:>6,}  ", f"{each.reason}: {each.meaning}")
            if each.next_step:
                say_wrapped("          → ", each.next_step)
    if not counts.interactions:
        say("Nothing was imported yet: `firstcontact import PATH...`")


def _counts(rows: object) -> None:
    for count, name, words in rows:  # type: ignore[attr-defined]
        say(f"  {count:>6,}  {name}: {words}")


@click.command(epilog="Example: firstcontact rejected --limit 20")
@click.option("--limit", default=200, show_default=True, help="At most so many, the newest first.")
@json_option
@click.pass_context
def rejected(ctx: click.Context, limit: int, as_json: bool) -> None:
    """What was delivered and could not be read, each with why."""
    from firstcontact.ledger.reading import rejected as rows_of

    _, opened = open_home(ctx)
    with opened.ledger.read() as tx:
        rows = rows_of(tx, limit)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        say(row.place)
        say_wrapped("    ", f"{row.reason}: {row.detail}")
    say(f"{counted(len(rows), 'rejection')}." if rows else "Everything could be read.")
