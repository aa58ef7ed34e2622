"""`firstcontact status`, `report`, `rejected`, `stuck`, `run`."""

from __future__ import annotations

import click

from firstcontact.cli.common import json_option, moment, open_home, print_json, say, table


@click.command(epilog="Example: firstcontact status")
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """What is going on: due work, open questions, things that are stuck."""
    from firstcontact.flow.importing import snapshot

    home, opened = open_home(ctx)
    report = snapshot(opened.installation)
    if as_json:
        print_json(
            {
                "home": str(home.folder),
                "due": report.due,
                "waiting": report.waiting,
                "parked": report.parked,
                "held": report.held,
                "contacts": report.contacts,
                "interactions": report.interactions,
            }
        )
        return
    say(f"Home: {home.folder}")
    say(f"{report.interactions} interactions; {report.contacts} contacts in the address book.")
    for count, sentence in (
        (report.due, "interactions are due to be decided: `firstcontact run` does it."),
        (report.waiting, "questions wait for a person: `firstcontact review`."),
        (report.parked, "writes were refused by the CRM: `firstcontact stuck`."),
        (report.held, "writes are held by a brake: `firstcontact brake release`."),
    ):
        if count:
            say(f"{count} {sentence}")
    if not (report.due or report.waiting or report.parked or report.held):
        say("Nothing is due, nothing waits.")


@click.command(epilog="Example: firstcontact report --json")
@json_option
@click.pass_context
def report(ctx: click.Context, as_json: bool) -> None:
    """Counts over everything: who was created, who was not, and why."""
    from firstcontact.explain.summary import held_back
    from firstcontact.flow.importing import snapshot

    _, opened = open_home(ctx)
    counts = snapshot(opened.installation)
    if as_json:
        print_json(counts)
        return
    say(
        f"{counts.deliveries} deliveries, {counts.rejected} not readable, {counts.interactions} "
        f"interactions, {counts.activities} activities."
    )
    say(f"{counts.contacts} contacts, {counts.created} of them made by us; {counts.waiting} questions open.")
    table(("people", "times"), counts.verdicts.items())
    table(("interactions", "times"), counts.activity_verdicts.items())
    table(("reason", "times"), counts.reasons.items())
    reasons = held_back(counts.decisive)
    if reasons:
        say("Why people were not created:")
        table(
            ("times", "reason", "what it means", "what you can do"),
            [(each.times, each.reason, each.meaning, each.next_step) for each in reasons],
        )


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
    table(("where", "reason", "what it means"), [(row.place, row.reason, row.detail) for row in rows])


@click.command(epilog="Example: firstcontact stuck --json")
@json_option
@click.pass_context
def stuck(ctx: click.Context, as_json: bool) -> None:
    """Writes that cannot go on by themselves, each with the CRM's words."""
    from firstcontact.ledger.reading import stuck as rows_of

    _, opened = open_home(ctx)
    with opened.ledger.read() as tx:
        rows = rows_of(tx)
    if as_json:
        print_json(
            [
                {"kind": r.write.kind, "about": r.write.subject, "interaction": r.write.interaction,
                 "state": r.state, "problem": r.problem, "key": r.write.key}
                for r in rows
            ]
        )  # fmt: skip
        return
    table(
        ("since", "kind", "about", "state", "why"),
        [(moment(r.at), r.write.kind, r.write.subject, r.state, r.problem) for r in rows],
    )
    say("Nothing is stuck." if not rows else f"{len(rows)} writes are stuck.")


@click.command(epilog="Example: firstcontact run")
@json_option
@click.pass_context
def run(ctx: click.Context, as_json: bool) -> None:
    """Do the work that is due now: decisions, writes, retries whose time has come."""
    _, opened = open_home(ctx)
    tally = opened.installation.drain()
    if as_json:
        print_json(tally)
        return
    say(
        f"{tally.decided} interactions decided, {tally.written} writes carried out, {tally.created} contacts "
        f"created, {tally.later} to be tried again later."
    )
