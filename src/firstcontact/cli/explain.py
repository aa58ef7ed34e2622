"""`firstcontact explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from firstcontact.cli.common import (
    ANSWER_IS_NO,
    json_option,
    moment,
    note,
    open_home,
    print_json,
    say,
    say_wrapped,
)

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.explain.sentences import Explained
    from firstcontact.flow.story import InteractionStory, PersonStory
    from firstcontact.settings_text import Home


@click.command(epilog="Example: firstcontact explain jo@acme.example")
@click.argument("what")
@click.option("--limit", default=10, show_default=True, help="Interactions of a person, the newest first.")
@click.option("--history", is_flag=True, help="Of an interaction: every decision, not only the last one.")
@json_option
@click.pass_context
def explain(ctx: click.Context, what: str, limit: int, history: bool, as_json: bool) -> int:
    """Why: about a person (an address, a number, a contact's id or name) or an interaction (its id).

    For somebody who was not created it says which single change would create them.
    """
    from firstcontact.flow.story import interaction_story, person_story

    home, opened = open_home(ctx)
    interaction = interaction_story(opened.installation, what, every_decision=history)
    if interaction is not None:
        if as_json:
            print_json(interaction)
        else:
            _interaction(interaction, home)
        return 0
    keys = _keys(home, opened, what)
    person = person_story(opened.installation, keys, limit) if keys else None
    if person is None:
        note(
            f"{what}: there is no interaction with this id, and nobody with this address, number, contact id "
            "or name. `firstcontact activities` and `firstcontact contacts` list them."
        )
        return ANSWER_IS_NO
    if as_json:
        print_json(person)
    else:
        _person(person, home)
    return 0


def _keys(home: Home, opened: Opened, what: str) -> tuple[str, ...]:
    """The handles that are meant. Raises click.UsageError where several contacts have the name."""
    from firstcontact.connectors.address_book.people import People
    from firstcontact.flow.story import records_of
    from firstcontact.interactions.handles import read_handle

    handle = read_handle(what, home.book.team.region)
    record = records_of(opened.installation, [what]).get(what) if "@" not in what else None
    if record is not None:
        return tuple(each.key for each in record.handles)
    if handle is not None:
        return (handle.key,)
    if opened.own is not None and "@" not in what and " " in what.strip():
        wanted = what.casefold().split()
        named = People(opened.own).list_contacts(
            lambda contact: (contact["name"] or "").casefold().split() == wanted
        )
        if len(named) > 1:
            ids = ", ".join(each["id"] for each in named)
            raise click.UsageError(f"{len(named)} contacts have the name {what}; say which one: {ids}")
        if named:
            return _keys(home, opened, named[0]["id"])
    return (what,)


def _person(story: PersonStory, home: Home) -> None:
    say(story.headline)
    for line in story.facts:
        say(f"  {line}")
    if story.changes:
        say("Any one of these would have created them:")
        for change in story.changes:
            say_wrapped("  - ", change)
    elif story.held_by:
        say_wrapped("", f"No single change would have created them: {_listed(story.held_by)}.")
    for each in story.interactions:
        say()
        _interaction(each, home, story.keys)


def _listed(reasons: tuple[str, ...]) -> str:
    if len(reasons) == 1:
        return f"{reasons[0]} holds them back, and no setting lifts that"
    together = "both" if len(reasons) == 2 else "all"
    return f"{', '.join(reasons[:-1])} and {reasons[-1]} {together} hold them back"


def _interaction(story: InteractionStory, home: Home, about: tuple[str, ...] = ()) -> None:
    for one in story.earlier:
        say(f"Decided {moment(one.at, home, zone=True)}, with settings {one.settings_version[:12]}:")
        _subjects(one.explained, about)
        say()
    when = moment(story.at, home, zone=True)
    say(f"{story.kind} {story.interaction}  {when}  {' '.join(story.subject.split())}".rstrip())
    if not story.explained:
        say_wrapped("  ", f"Not decided yet: {_waiting(story, home)}.")
    _subjects(story.explained, about)
    for write in story.writes:
        say(f"    wrote    {write}")
    if story.decisions > 1 and not story.earlier and not about:
        say(f"    decided {story.decisions} times; --history shows every decision")


def _waiting(story: InteractionStory, home: Home) -> str:
    """What the decision waits for."""
    if story.undecided == "later":
        return f"the CRM could not be asked, and is asked again at {moment(story.due_at, home, zone=True)}"
    if story.undecided == "paused":
        return "the CRM connection is paused (`firstcontact stuck`)"
    if story.undecided == "aside":
        return "the program failed at it (`firstcontact stuck`)"
    return "`firstcontact run --once` does it"


def _subjects(explained: tuple[Explained, ...], about: tuple[str, ...]) -> None:
    for each in explained:
        if about and each.about and each.about not in about:
            continue
        say_wrapped("  ", each.headline)
        for line in each.because:
            say_wrapped("    because  ", line)
        for line in each.also:
            say_wrapped("    also     ", line)
        for line in each.next_steps:
            say_wrapped("    you can  ", line)
