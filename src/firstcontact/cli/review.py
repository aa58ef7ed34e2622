"""`firstcontact review` and `firstcontact brake`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import json_option, moment, open_home, print_json, say, table

if TYPE_CHECKING:
    from firstcontact.ledger.reviewing import Review


@click.group(invoke_without_command=True, epilog="Example: firstcontact review choose 3 contact-12")
@json_option
@click.pass_context
def review(ctx: click.Context, as_json: bool) -> None:
    """Questions that wait for a person; without a command, lists them."""
    if ctx.invoked_subcommand is not None:
        return
    _, opened = open_home(ctx)
    questions = opened.installation.open_reviews()
    if as_json:
        print_json(questions)
        return
    table(
        ("no.", "about", "why", "candidates", "interaction", "since (UTC)"),
        [
            (q.id, q.about, q.reason, " ".join(q.candidates), q.interaction, moment(q.opened_at))
            for q in questions
        ],
    )
    if questions:
        say("Answer with: firstcontact review choose NO RECORD | create NO | ignore NO")
    else:
        say("Nothing waits for you.")


def _question(ctx: click.Context, number: int) -> Review:
    _, opened = open_home(ctx)
    for question in opened.installation.open_reviews():
        if question.id == number:
            return question
    raise click.UsageError(f"there is no open question {number}; `firstcontact review` lists them")


def _answer(
    ctx: click.Context,
    number: int,
    as_json: bool,
    *,
    choose: str = "",
    create: dict[str, str] | None = None,
    ignore: bool = False,
) -> None:
    question = _question(ctx, number)
    _, opened = open_home(ctx)
    opened.installation.rule(
        question.interaction, question.about, choose=choose, create=create, ignore=ignore, by="cli"
    )
    tally = opened.installation.drain()
    left = len(opened.installation.open_reviews())
    if as_json:
        print_json({"answered": number, "written": tally.written, "created": tally.created, "open": left})
        return
    say(
        f"Remembered for {question.about}: {tally.created} contacts created, {tally.written} writes. "
        f"{left} questions are open."
    )


@review.command(epilog="Example: firstcontact review choose 3 contact-12")
@click.argument("number", type=int)
@click.argument("record")
@json_option
@click.pass_context
def choose(ctx: click.Context, number: int, record: str, as_json: bool) -> None:
    """Link question NUMBER to the contact, lead or matter RECORD (an id)."""
    _answer(ctx, number, as_json, choose=record)


@review.command(epilog="Example: firstcontact review create 3 --first Jo --last Diaz")
@click.argument("number", type=int)
@click.option("--first", default="", help="First name, where the one observed is not right.")
@click.option("--last", default="", help="Last name.")
@click.option("--type", "type_", default="", help="Type of contact, where the CRM has types.")
@json_option
@click.pass_context
def create(ctx: click.Context, number: int, first: str, last: str, type_: str, as_json: bool) -> None:
    """Create a contact for question NUMBER."""
    made = {"first_name": first, "last_name": last, "type": type_}
    _answer(ctx, number, as_json, create={name: value for name, value in made.items() if value})


@review.command(epilog="Example: firstcontact review ignore 3")
@click.argument("number", type=int)
@json_option
@click.pass_context
def ignore(ctx: click.Context, number: int, as_json: bool) -> None:
    """Leave the person of question NUMBER alone, now and later."""
    _answer(ctx, number, as_json, ignore=True)


@click.group(epilog="Example: firstcontact brake release")
def brake() -> None:
    """Let go on what a brake has stopped."""


@brake.command(epilog="Example: firstcontact brake release")
@json_option
@click.pass_context
def release(ctx: click.Context, as_json: bool) -> None:
    """Carry out what is held, and let creations go on for a day."""
    _, opened = open_home(ctx)
    opened.installation.release_brake("cli")
    tally = opened.installation.drain()
    if as_json:
        print_json(tally)
        return
    say(f"Released: {tally.created} contacts created, {tally.written} writes carried out.")
