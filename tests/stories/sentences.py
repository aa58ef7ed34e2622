"""The four sentences of DESIGN §5, and that nothing is lost, checked against the CRM and the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from story import Step, World, deliver_again, left_behind

from firstcontact.ledger import reading
from firstcontact.ledger.tables import decisions, interactions, writes
from firstcontact.planning.write import ContactFields


def hold(world: World, steps: Sequence[Step]) -> None:
    """All sentences, about a world to which these steps were delivered and in which no work is due."""
    nobody_is_made_twice(world)
    nothing_is_logged_twice(world)
    everything_of_ours_is_explained(world)
    nothing_is_lost(world, [fact.id for step in steps for fact in step.facts])
    delivering_again_changes_nothing(world, steps)


def nobody_is_made_twice(world: World) -> None:
    """No handle has two contacts made by us: as we made them, since people merge and edit."""
    there = {contact["id"] for contact in world.people.list_contacts() if contact["created_by_us"]}
    with world.ledger.read() as tx:
        made = [row for id in tx.scalars(select(interactions.c.id)) for row in reading.writes_of(tx, id)]
    ours = [row.write for row in made if row.write.kind == "create_contact" and row.record in there]
    handles = [
        handle
        for write in ours
        if isinstance(write.fields, ContactFields)
        for handle in (*write.fields.emails, *write.fields.phones)
    ]
    leads = [each for each in world.people.dump()["leads"] if each.get("created_by_us")]
    assert _more_than_once(handle for each in leads for handle in (*each["emails"], *each["phones"])) == []
    assert len(ours) >= len(there)
    assert _more_than_once(handles) == []


def nothing_is_logged_twice(world: World) -> None:
    """No interaction is on two activities, nor has two time entries, nor any file of it two documents."""
    crm = world.people.dump()
    assert _more_than_once(id for one in crm["activities"] for id in one["interactions"]) == []
    assert _more_than_once(entry["interaction"] for entry in crm["time_entries"]) == []
    assert _more_than_once((each["interaction"], each["uri"]) for each in crm["documents"]) == []


def everything_of_ours_is_explained(world: World) -> None:
    """Every record of ours in the CRM has a line of the ledger that says which write made it, and for which
    interaction."""
    crm = world.people.dump()
    ours = {("create_contact", each["id"]) for each in crm["contacts"] if each["created_by_us"]}
    ours |= {("create_account", each["id"]) for each in crm["accounts"] if each["created_by_us"]}
    ours |= {("log_activity", each["id"]) for each in crm["activities"]}
    ours |= {("time_entry", each["id"]) for each in crm["time_entries"]}
    ours |= {("document", each["id"]) for each in crm["documents"]}
    with world.ledger.read() as tx:
        made = select(writes.c.kind, writes.c.record).where(writes.c.state == "done", writes.c.created == 1)
        explained = {tuple(row) for row in tx.execute(made)}
        known = set(tx.scalars(select(interactions.c.id)))
        # A merge of contacts is about no interaction.
        merge = writes.c.kind == "merge_contacts"
        caused = set(tx.scalars(select(writes.c.interaction).where(~merge)))
    assert ours - explained - _unclear(world) == set()
    assert caused <= known


def _unclear(world: World) -> set[tuple[str, str]]:
    """Records of writes of which nobody can say whether they arrived: the ledger asks a person. Ids that a
    vendor gives tell nothing, but an activity names its interaction."""
    asked = select(writes.c.kind, writes.c.key, writes.c.interaction).where(writes.c.state == "unclear")
    with world.ledger.read() as tx:
        rows = tx.execute(asked).all()
    prefix = {"log_activity": "v", "time_entry": "t", "document": "d", "create_contact": "c"}
    about = {interaction for kind, _, interaction in rows if kind == "log_activity"}
    named = [one["id"] for one in world.people.dump()["activities"] if about & {*one["interactions"]}]
    found = {(kind, f"{prefix[kind]}-{key[:20]}") for kind, key, _ in rows}
    return found | {("log_activity", id) for id in named}


def nothing_is_lost(world: World, delivered: Iterable[str]) -> None:
    """Every interaction is there and decided, and every write is done, or it says what it waits for."""
    with world.ledger.read() as tx:
        assert set(delivered) <= set(tx.scalars(select(interactions.c.id)))
        undecided = select(interactions.c.id).where(
            interactions.c.id.not_in(select(decisions.c.interaction)) | interactions.c.due_at.is_not(None)
        )
        assert tx.scalars(undecided).all() == []
        states = {row.key: (row.state, row.problem) for row in tx.execute(select(writes))}
    for key, (state, problem) in states.items():
        if state == "waiting":
            assert states[problem][0] in ("parked", "unclear", "waiting"), key
        else:
            assert state in ("done", "parked", "unclear", "dropped"), (key, state, problem)


def delivering_again_changes_nothing(world: World, steps: Sequence[Step]) -> None:
    """The same deliveries once more are known, and nothing is decided or written."""
    before = left_behind(world)
    tally = deliver_again(world, steps)
    delivered = sum(len(step.facts) for step in steps)
    assert {name: count for name, count in _counts(tally) if count} == (
        {"known_deliveries": delivered} if delivered else {}
    )
    assert left_behind(world) == before


def _counts(tally: Any) -> Iterable[tuple[str, int]]:
    return ((name, getattr(tally, name)) for name in tally.__struct_fields__)


def _more_than_once(values: Iterable[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]
