"""`firstcontact explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from firstcontact.cli.common import json_option, moment, open_home, print_json, say

if TYPE_CHECKING:
    from firstcontact.bootstrap import Opened
    from firstcontact.config import Home
    from firstcontact.flow.story import InteractionStory, PersonStory


@click.command(epilog="Example: firstcontact explain jo@acme.example")
@click.argument("what")
@click.option("--limit", default=10, show_default=True, help="Interactions of a person, the newest first.")
@json_option
@click.pass_context
def explain(ctx: click.Context, what: str, limit: int, as_json: bool) -> int:
    """Why: about a person (an address, a number, a contact id) or an interaction (its id).

    For somebody who was not created it says which single change would create them.
    """
    from firstcontact.flow.story import interaction_story, person_story

    home, opened = open_home(ctx)
    story: Any = interaction_story(opened.installation, what)
    if story is None:
        story = person_story(opened.installation, _keys(home, opened, what), limit)
    if story is None:
        click.echo(
            f"{what}: no interaction has this id, and nobody with this address, number or contact id was on "
            "one. `firstcontact activities` lists interactions.",
            err=True,
        )
        return 1
    if as_json:
        print_json(story)
    elif hasattr(story, "interactions"):
        _person(story)
    else:
        _interaction(story)
    return 0


def _keys(home: Home, opened: Opened, what: str) -> tuple[str, ...]:
    from firstcontact.identity.records import Record
    from firstcontact.interactions.handles import read_handle

    handle = read_handle(what, home.book.team.region)
    if handle is not None:
        return (handle.key,)
    record = opened.address_book.read([what]).get(what)
    if isinstance(record, Record):
        return tuple(each.key for each in record.handles)
    return (what,)


def _person(story: PersonStory) -> None:
    say(story.headline)
    for line in story.facts:
        say(f"  {line}")
    if story.changes:
        say("One of these alone would create them:")
        for change in story.changes:
            say(f"  - {change}")
    for each in story.interactions:
        say()
        _interaction(each, story.keys)


def _interaction(story: InteractionStory, about: tuple[str, ...] = ()) -> None:
    say(f"{story.kind} {story.interaction}  {moment(story.at)} UTC  {story.subject}".rstrip())
    for each in story.explained:
        if about and each.about and each.about not in about:
            continue
        say(f"  {each.headline}")
        for line in each.because:
            say(f"    because  {line}")
        for line in each.also:
            say(f"    also     {line}")
        for line in each.next_steps:
            say(f"    you can  {line}")
    for write in story.writes:
        say(f"  wrote      {write}")
