"""Undo: a person takes back what FirstContact wrote; first what that would be, then it is done (SPEC §10).

What is taken back is said in the ledger together with what does it: ordinary writes, carried out like all
others, so that a process that is killed half-way goes on where it was. What is removed leaves a tombstone in
the same transaction. `taking_back` has the last look before a write is sent, and what its answer comes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary
from firstcontact.flow.chosen import LAST, Portion, portions, read_records
from firstcontact.flow.chosen import Chosen as Chosen
from firstcontact.flow.installation import Installation
from firstcontact.flow.taking_back import befores, on_contact
from firstcontact.identity.records import Record
from firstcontact.ledger import news, undoing, writing
from firstcontact.ledger.undoing import Undone
from firstcontact.planning.enrichment import subjects_of
from firstcontact.planning.undo import UNSENT, Facts, Standing, Step, of_contact, take_back
from firstcontact.planning.write import ActivityFields, CreatedBy, Existing

SHOWN = 50


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken back, or would be. counts: steps by what is done and the kind of the write that it is
    about; left: how many are left, by kind and why; steps: the first of them. before: how many were taken
    back before."""

    counts: Mapping[str, Mapping[str, int]]
    left: Mapping[str, int]
    steps: tuple[Step, ...]
    before: int = 0

    @property
    def does(self) -> int:
        """How many writes are taken back."""
        return sum(sum(kinds.values()) for does, kinds in self.counts.items() if does != "leave")


def preview(installation: Installation, chosen: Chosen) -> Removal:
    """What would be taken back, and what is left and why; writes nothing. Raises FlowProblem where nothing is
    chosen, TryAgain, AuthLapsed."""
    return _removal(installation, chosen, None)


def remove(installation: Installation, chosen: Chosen, by: str) -> Removal:
    """Takes it back: the writes that do it are due when this returns. by: who says so. Raises as `preview`;
    what was said until then stays so, and the same again goes on."""
    return _removal(installation, chosen, by)


def _removal(installation: Installation, chosen: Chosen, by: str | None) -> Removal:
    counts: dict[str, Counter[str]] = {}
    left: Counter[str] = Counter()
    shown: list[Step] = []
    before = 0
    taken: set[str] = set()
    for portion in portions(installation, chosen):
        steps, again = _portion(installation, portion, taken, by)
        before += again
        for step in steps:
            counts.setdefault(step.does, Counter())[step.kind] += 1
            if step.does == "leave":
                left[f"{step.kind.replace('_', ' ')}: {step.sentence()}"] += 1
            else:
                taken.add(step.key)
        shown.extend(steps[: SHOWN - len(shown)])
    return Removal(counts=counts, left=dict(left.most_common()), steps=tuple(shown), before=before)


# --- what is done ----------------------------------------------------------------------------------------


def _records_in(found: Iterable[Standing]) -> set[str]:
    """Ids of the contacts that these writes made or changed."""
    ids: set[str] = set()
    for each in found:
        if each.write.kind == "create_contact" and each.created:
            ids.add(each.record)
        elif each.write.kind == "update_contact":
            target = each.write.target
            ids.add(target.id if isinstance(target, Existing) else each.record)
    return ids - {""}


def _portion(
    installation: Installation, portion: Portion, taken: Collection[str], by: str | None
) -> tuple[list[Step], int]:
    """The steps of a portion, and how many of its writes were taken back before."""
    ledger = installation.ledger
    with ledger.read() as tx:
        found = undoing.standing(tx, portion.keys)
    records = read_records(installation, _records_in(found.values()))
    if by is None:
        with ledger.read() as tx:
            steps, again = _steps(tx, installation, portion, records, taken)
        return steps, again
    now = installation.clock.now()
    with ledger.write(Boundary.TAKE_BACK) as tx:
        steps, again = _steps(tx, installation, portion, records, taken)
        _keep(tx, installation, steps, by, now)
    return steps, again


def _steps(
    tx: Connection,
    installation: Installation,
    portion: Portion,
    records: Mapping[str, Record | str],
    taken: Collection[str],
) -> tuple[list[Step], int]:
    connection = installation.crm.connection
    undone = undoing.of(tx, portion.keys)
    again = {key for key, row in undone.items() if row.state != "left"}
    found = undoing.standing(tx, [key for key in portion.keys if key not in again])
    contacts = [each for each in found.values() if each.write.kind == "create_contact"]
    facts = Facts(
        connection=connection,
        capabilities=installation.crm.capabilities(),
        records=records,
        on_it={each.write.key: on_contact(tx, connection, each) for each in contacts},
        activities=undoing.activities_now(tx, connection, [each.write for each in found.values()]),
        before=befores(tx, connection, list(found.values())),
        taken=taken,
        interactions=portion.only,
        whole=portion.contact is not None,
    )
    if portion.contact is not None:
        return _with_all(found, portion, facts), len(again)
    going = {*taken, *again}
    steps: list[Step] = []
    for key in sorted((key for key in portion.keys if key in found), key=lambda key: _last(found[key])):
        step = take_back(found[key], msgspec.structs.replace(facts, taken=going))
        if step.does != "leave":
            going.add(key)
        steps.append(step)
    return _without_echo(steps, found, going), len(again)


def _last(standing: Standing) -> bool:
    """Contacts come after what is on them."""
    return standing.write.kind in LAST


def _with_all(found: Mapping[str, Standing], portion: Portion, facts: Facts) -> list[Step]:
    """A contact and all of ours on it, the contact last; where it stays, so does everything."""
    assert portion.contact is not None
    record, made = portion.contact
    if made not in found:
        return []
    last = take_back(found[made], facts)
    if last.does == "leave":
        return [last]
    on_it = [found[key] for key in portion.keys if key in found and key != made]
    # What was written into its fields goes with it.
    gone = [each for each in on_it if each.write.kind != "update_contact" or each.state in UNSENT]
    steps = [of_contact(each, record, made, facts) for each in gone]
    going = {step.key for step in steps if step.does != "leave"}
    return [*_without_echo(steps, found, going), last]


def _without_echo(steps: Sequence[Step], found: Mapping[str, Standing], going: Collection[str]) -> list[Step]:
    """Without changes of activities that go themselves, and what belongs to activities that stay."""
    kept: list[Step] = []
    for step in steps:
        write = found[step.key].write
        activity = write.target if step.why == "changed_activity" else getattr(write.fields, "activity", None)
        goes = isinstance(activity, CreatedBy) and activity.write_key in going
        if step.why not in ("changed_activity", "belongs") or goes == (step.why == "belongs"):
            kept.append(step)
    return kept


def _keep(tx: Connection, installation: Installation, steps: Sequence[Step], by: str, now: int) -> None:
    """What is taken back, what does it, and the tombstones, in the ledger."""
    connection = installation.crm.connection
    undoing.keep(
        tx,
        [
            Undone(
                write_key=step.key,
                by_write=step.write.key if step.write is not None else "",
                state={"leave": "left", "drop": "done"}.get(step.does, "intended"),
                why=step.sentence(),
                by=by,
                at=now,
            )
            for step in steps
        ],
    )
    doing = [step for step in steps if step.does != "leave"]
    if not doing:
        return
    undoing.next_turn(tx)
    standing = undoing.standing(tx, [step.key for step in doing])
    dropped = [standing[step.key].write for step in doing if step.does == "drop"]
    undoing.drop(tx, [write.key for write in dropped], f"removed by {by or 'a person'}")
    again: set[str] = set()
    for step in doing:
        again |= _bury(tx, connection, standing[step.key], step, now)
    undoing.free(tx, connection, dropped)
    writing.intend(tx, connection, [step.write for step in doing if step.write is not None], now)
    news.tell(tx, (), again, now)


def _bury(tx: Connection, connection: str, standing: Standing, step: Step, now: int) -> set[str]:
    """The tombstones of a step; the interactions that are decided again for it."""
    write, fields = standing.write, standing.write.fields
    if write.kind == "create_contact":
        handles = set(subjects_of(write))
        if standing.record:
            handles |= undoing.handles_of(tx, connection, standing.record)
        undoing.bury(tx, connection, sorted(handles), standing.record, now)
        return {write.interaction} if step.does == "drop" else set()
    if write.kind == "log_activity":
        logged = undoing.activities_now(tx, connection, [write]).get(write.key, fields)
        assert isinstance(logged, ActivityFields)
        undoing.bury(
            tx, connection, undoing.activity_keys(logged.interactions, write.subject), standing.record, now
        )
        changes = undoing.unsent_changes(tx, connection, logged.interactions, write.key)
        undoing.drop(tx, changes, "the activity was removed")
        return set(logged.interactions)
    if write.kind == "update_contact":
        of = befores(tx, connection, [standing]).get(write.key, ())
        target = write.target
        record = target.id if isinstance(target, Existing) else standing.record
        keys = [undoing.value_key(record, each.field, each.value) for each in of]
        undoing.bury(tx, connection, keys, record, now)
    return set()
