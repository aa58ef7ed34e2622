"""A ledger that comes back from a backup finds in the CRM what was written since, and writes none again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sentences
from sqlalchemy import Engine
from story import STORY, World, at, call, deliver_again, take

from firstcontact.flow.clock import DAY
from firstcontact.ledger import writing
from firstcontact.ledger.history import HISTORY
from firstcontact.ledger.restored import mark
from firstcontact.store.archive import Archive, open_restored, restore_side, write
from firstcontact.store.engine import open_engine
from firstcontact.store.migrations import Side
from firstcontact.testing.postgres import Server

NEW = "+14155550160"


def quiet(_: str, __: int) -> None:
    return None


def ours(world: World) -> dict[str, Any]:
    """What of ours is in the CRM."""
    crm = world.people.dump()
    return {
        "contacts": sorted(each["id"] for each in crm["contacts"] if each["created_by_us"]),
        "activities": sorted(each["id"] for each in crm["activities"]),
        "time_entries": sorted(each["id"] for each in crm["time_entries"]),
        "documents": sorted(each["id"] for each in crm["documents"]),
    }


def back_up(ledger: Engine, file: Path, now: int) -> None:
    """The ledger alone, in a file."""
    side = Side(HISTORY, ledger)
    write(file, [side], {}, at=now, installation="0" * 32, program="test", progress=quiet)


def bring_back(file: Path, target: Engine, now: int) -> None:
    """The ledger of a file in an empty database, marked as restored."""
    archive, side = Archive(file), Side(HISTORY, target)
    restore_side(archive, side, quiet)
    open_restored(archive, side, lambda tx: mark(tx, now))
    archive.close()


# A contact that a person deleted in between is not remembered by a CRM that can't be asked for write keys
# (clio_grow), so there the backup is never from before the contact was made.
CASES = [
    *((kind, after, "sqlite") for kind in ("address_book", "clio") for after in (0, 6, 13, 20)),
    *(("clio_grow", after, "sqlite") for after in (6, 13, 20)),
    ("clio", 13, "postgresql"),
]


@pytest.mark.parametrize(("kind", "after", "database"), CASES)
def test_the_crm_has_moved_on_since(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, after: int, database: str
) -> None:
    """With a CRM that takes a contact or an activity twice, the rest of the story delivered again to a ledger
    that does not know it adds nothing to the CRM, and what comes new is written once."""
    crm, ledger, back = (open_engine(tmp_path / f"{name}.db") for name in ("crm", "ledger", "back"))
    if database == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        ledger, back = open_engine(server.database()), open_engine(server.database())
    world = World((crm, ledger), kind)
    world.seed()
    for step in STORY[:after]:
        take(world, step)
    back_up(ledger, tmp_path / "ledger.backup", world.clock.now())
    for step in STORY[after:]:
        take(world, step)
    before, now = ours(world), world.clock.now()
    bring_back(tmp_path / "ledger.backup", back, now)
    again = World((crm, back), kind, now)
    deliver_again(again, STORY)
    assert ours(again) == before
    sentences.nothing_is_logged_twice(again)
    again.clock.advance_to(now + 2 * DAY)
    again.receive([call("call-new", now + 2 * DAY, NEW, seconds=20, name="NEW NEIL")])
    again.settle()
    assert len(ours(again)["activities"]) == len(before["activities"]) + 1
    for engine in (crm, ledger, back):
        engine.dispose()


def test_what_happened_later_is_not_looked_for(tmp_path: Path) -> None:
    """Only what can have been sent before the restore counts as sent; a meeting may have been known ahead."""
    world = World((open_engine(":memory:"), open_engine(tmp_path / "ledger.db")), "address_book")
    world.seed()
    with world.ledger.write() as tx:
        mark(tx, at(1, 8))
    for when, state in ((at(0, 9), "sent"), (at(1, 9), "sent"), (at(3, 9), "intended")):
        world.clock.advance_to(when)
        world.receive([call(f"call-{when}", when, NEW, seconds=20, name="NEW NEIL")])
        world.installation.decide_due()
        with world.ledger.read() as tx:
            due = writing.due_writes(tx, "address_book", when, 100)
        assert {each.state for each in due} == {state}
        world.settle()
