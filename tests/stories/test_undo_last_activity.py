"""Taking an activity back also takes back that it was the last one of who is on it."""

from __future__ import annotations

import pytest
from story import JO, World, at, call

from firstcontact.flow.undo import Chosen, remove
from firstcontact.identity.records import Record


@pytest.fixture
def called(world: World) -> World:
    """Jo called at nine and at eleven."""
    for id, hour in (("call-1", 9), ("call-2", 11)):
        world.clock.advance_to(at(0, hour))
        world.receive((call(id, at(0, hour), JO, seconds=130, name="DIAZ JO"),))
        world.settle()
    assert _last(world) == at(0, 11)
    return world


def test_the_last_activity_is_the_latest_that_remains(called: World) -> None:
    """The later call goes, then the other: the earlier one is the last, then there is none."""
    assert [_last_without(called, id) for id in ("call-2", "call-1")] == [at(0, 9), 0]


def test_an_earlier_one_changes_nothing(called: World) -> None:
    """Where an earlier activity goes, the last one is still the last."""
    assert _last_without(called, "call-1") == at(0, 11)


def _last_without(world: World, interaction: str) -> int:
    """The last activity once this one is taken back."""
    remove(world.installation, Chosen(activity=interaction), "ana")
    world.settle()
    return _last(world)


def _last(world: World) -> int:
    """When the last activity of Jo's contact was, as the address book tells it."""
    contact = world.contact(JO)
    assert contact is not None
    record = world.installation.crm.read([contact["id"]])[contact["id"]]
    assert isinstance(record, Record)
    return record.last_activity_at
