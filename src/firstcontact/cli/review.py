"""`firstcontact review` and `firstcontact brake`."""

from __future__ import annotations

from collections.abc import Mapping
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
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.flow.importing import Question
    from firstcontact.settings_text import Home


class _Review(click.Group):
    """`review` lists; `review NO` shows one question; the other words answer."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0].isdecimal():
            return super().resolve_command(ctx, ["show", *args])
        return super().resolve_command(ctx, args)


@click.group(cls=_Review, invoke_without_command=True, epilog="Example: firstcontact review choose 3 c12")
@json_option
@click.pass_context
def review(ctx: click.Context, as_json: bool) -> None:
    """Questions that wait for a person; without a command, lists them.

    One person is asked about once, however many interactions they are on; the answer settles all of them.
    Merges that wait (`autonomy.merge`) are counted here, and answered with `duplicates`.
    """
    from firstcontact.flow.importing import questions
    from firstcontact.flow.pairs import waiting

    if ctx.invoked_subcommand is not None:
        return
    home, opened = open_home(ctx)
    asked = questions(opened.installation)
    names = _names(opened, asked)
    if as_json:
        print_json([_as_json(question, names) for question in asked])
        return
    for question in asked:
        _say(home, opened, question, names)
    if asked:
        say(f"{counted(len(asked), 'question')}. Answer with one of:")
        say("  firstcontact review choose NO ID    it is this contact, lead or matter")
        say("  firstcontact review create NO       make a contact (--first, --last: its name), or the role")
        say("  firstcontact review accept NO       write what the mail says (--main: as the main address)")
        say("  firstcontact review ignore NO       leave it as it is, now and later")
    merges = waiting(opened.ledger, opened.installation.crm)
    if merges:
        say(f"{counted(merges, 'merge')} for you: `firstcontact duplicates`.")
    elif not asked:
        say("Nothing waits for you.")


@review.command(epilog="Example: firstcontact review show 3")
@click.argument("number", type=int, metavar="NO")
@json_option
@click.pass_context
def show(ctx: click.Context, number: int, as_json: bool) -> None:
    """Show question NO, with what could be chosen."""
    home, opened = open_home(ctx)
    question = _question(opened, number)
    names = _names(opened, (question,))
    if as_json:
        print_json(_as_json(question, names))
    else:
        _say(home, opened, question, names)


def _names(opened: Opened, asked: tuple[Question, ...]) -> Mapping[str, str]:
    """Name and company of every candidate that is a contact or lead."""
    from firstcontact.flow.story import records_of

    ids = {id for question in asked for id in question.candidates}
    found = records_of(opened.installation, ids)
    return {id: ", ".join(filter(None, (each.name, each.company))) for id, each in found.items()}


def _as_json(question: Question, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "no": question.no,
        "numbers": list(question.numbers),
        "about": question.about,
        "reasons": list(question.reasons),
        "candidates": [{"id": id, "name": names.get(id, "")} for id in question.candidates],
        "interactions": list(question.interactions),
        "opened_at": question.opened_at,
    }


def _say(home: Home, opened: Opened, question: Question, names: Mapping[str, str]) -> None:
    from firstcontact.flow.story import interaction_story

    about = question.about if not question.about.startswith("matter:") else ""
    story = interaction_story(opened.installation, question.interactions[-1])
    explained = [each for each in story.explained if each.about == about] if story else []
    title = explained[0].headline if explained else f"{about} waits for a person's answer."
    say_wrapped(f"{question.no:>4}  ", title)
    for each in explained:
        for line in each.because:
            say_wrapped("      why      ", line)
    for id in question.candidates:
        say_wrapped("      perhaps  ", f"{id}  {names.get(id, '')}".rstrip())
    if story:
        more = len(question.interactions) - 1
        others = f" and {counted(more, 'other')}" if more else ""
        what = f"{story.kind} {moment(story.at, home)} {story.subject} ({story.interaction}){others}"
        say_wrapped("      on       ", " ".join(what.split()))
    say()


def _question(opened: Opened, number: int) -> Question:
    from firstcontact.flow.importing import questions

    for question in questions(opened.installation):
        if number in question.numbers:
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
    accepts: bool = False,
) -> None:
    from firstcontact.flow.importing import questions
    from firstcontact.policy.contact_roles import ROLE
    from firstcontact.policy.enrichment import VALUES

    _, opened = open_home(ctx)
    installation = opened.installation
    question = _question(opened, number)
    if accepts != question.about.startswith(VALUES) and not ignore and not choose:
        word = "create" if accepts else "accept"
        raise click.UsageError(f"question {number} is answered with `firstcontact review {word} {number}`")
    if choose:
        _must_exist(opened, question, choose)
    installation.rule(
        question.interactions[0], question.about, choose=choose, create=create, ignore=ignore, by="cli"
    )
    tally = installation.drain()
    left = questions(installation)
    again = any(other.about == question.about for other in left if question.about)
    if as_json:
        print_json(
            {
                "answered": question.no,
                "about": question.about,
                "written": tally.written,
                "created": tally.created,
                "open": len(left),
            }
        )
        return
    about = question.about or question.interactions[0]
    if about.startswith(ROLE):
        made = "the role is made" if create is not None and tally.written else "no role is made"
        say(f"Remembered for {about}: {made}.")
    else:
        done = f"{counted(tally.created, 'contact')} created" if tally.created else "no contact created"
        say(f"Remembered for {about}: {done}, {tally.written} writes in all.")
    if again:
        say(f"Something else about {question.about} is asked now: `firstcontact review`.")
    say(f"{counted(len(left), 'question')} still open." if left else "No question is open any more.")


def _must_exist(opened: Opened, question: Question, id: str) -> None:
    """Raises click.UsageError for a record that is not there, so that a slip of the pen decides nothing."""
    from firstcontact.flow.story import records_of

    if id in question.candidates or records_of(opened.installation, [id]):
        return
    meant = f" Candidates: {', '.join(question.candidates)}." if question.candidates else ""
    raise click.UsageError(
        f"there is no contact, lead or matter {id}.{meant} `firstcontact contacts --search NAME` finds ids."
    )


@review.command(epilog="Example: firstcontact review choose 3 c12")
@click.argument("number", type=int, metavar="NO")
@click.argument("record", metavar="ID")
@json_option
@click.pass_context
def choose(ctx: click.Context, number: int, record: str, as_json: bool) -> None:
    """Link question NO to the contact, lead or matter ID."""
    _answer(ctx, number, as_json, choose=record)


@review.command(epilog="Example: firstcontact review create 3 --first Jo --last Diaz")
@click.argument("number", type=int, metavar="NO")
@click.option("--first", default="", help="First name, where the one observed is not right.")
@click.option("--last", default="", help="Last name.")
@click.option("--type", "type_", default="", help="Type of contact, where the CRM has types.")
@json_option
@click.pass_context
def create(ctx: click.Context, number: int, first: str, last: str, type_: str, as_json: bool) -> None:
    """Create a contact for question NO, or the contact role that it is about."""
    made = {"first_name": first, "last_name": last, "type": type_}
    _answer(ctx, number, as_json, create={name: value for name, value in made.items() if value})


@review.command(epilog="Example: firstcontact review accept 3")
@click.argument("number", type=int, metavar="NO")
@click.option("--main", "as_main", is_flag=True, help="A new address becomes the main one.")
@json_option
@click.pass_context
def accept(ctx: click.Context, number: int, as_main: bool, as_json: bool) -> None:
    """Write the values that question NO is about into the contact."""
    _answer(ctx, number, as_json, create={"main": "yes"} if as_main else {}, accepts=True)


@review.command(epilog="Example: firstcontact review ignore 3")
@click.argument("number", type=int, metavar="NO")
@json_option
@click.pass_context
def ignore(ctx: click.Context, number: int, as_json: bool) -> None:
    """Leave the person of question NO alone, make no contact role, or write none of the values, now and
    later."""
    _answer(ctx, number, as_json, ignore=True)


@review.command("list", epilog="Example: firstcontact review list --json")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the questions, as `review` alone does."""
    parent = ctx.parent
    assert parent is not None
    parent.invoked_subcommand = None
    parent.invoke(review.callback, as_json=as_json)  # type: ignore[arg-type]


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
    if not tally.written:
        say("Nothing was held. For a day the brake stops nothing.")
        return
    say(
        f"Released: {counted(tally.created, 'contact')} created, {counted(tally.written, 'write')} done. "
        "For a day the brake stops nothing."
    )
