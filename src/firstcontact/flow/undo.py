"""Undo: a person takes back what FirstContact wrote; first what that would be, then it is done (SPEC §10).

What is taken back is said in the ledger together with what does it: ordinary writes, carried out like all
others, so that a process that is killed half-way goes on where it was. What is removed leaves a tombstone in
the same transaction. `taking_back` has the last look before a write is sent, and what its answer comes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Moved
from firstcontact.flow.installation import Installation
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.taking_back import befores, on_contact
from firstcontact.identity.records import Record
from firstcontact.interactions.handles import read_handle
from firstcontact.ledger import engagement, intake, news, undoing, writing
from firstcontact.ledger.engagement import FOREVER, Wanted
from firstcontact.ledger.undoing import Undone
from firstcontact.planning.enrichment import subjects_of
from firstcontact.planning.undo import UNSENT, Facts, Standing, Step, of_contact, points_at, take_back
from firstcontact.planning.write import ActivityFields, CreatedBy, Existing, Write, WriteKind
from firstcontact.policy.decision import Decision

PORTION = 200
"""Writes that are looked at, and taken back, in one transaction."""

SHOWN = 50


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be taken back: exactly one of a contact (its id, an address or a number), an activity (of an
    interaction), all of one interaction, or all writes that a reason decided, of one of our users, by a
    version of the settings, intended in a span of time (these together narrow it down)."""

    contact: str = ""
    activity: str = ""
    interaction: str = ""
    rule: str = ""
    user: str = ""
    settings_version: str = ""
    since: int = 0
    until: int = FOREVER


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


class _Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Writes that are looked at together. contact: id of one that goes with all that is on it, and key of the
    write that made it. only: ids of interactions, beside whose texts no others may be on an activity."""

    keys: tuple[str, ...]
    contact: tuple[str, str] | None = None
    only: frozenset[str] | None = None


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
    for portion in _portions(installation, chosen):
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


# --- what is chosen -----------------------------------------------------------------------------------------


def _portions(installation: Installation, chosen: Chosen) -> Iterator[_Portion]:
    one = [bool(chosen.contact), bool(chosen.activity), bool(chosen.interaction)]
    many = bool(chosen.rule or chosen.user or chosen.settings_version or chosen.since)
    many = many or chosen.until != FOREVER
    if sum((*one, many)) != 1:
        raise FlowProblem(
            "say what is to be removed: a contact, an activity, an interaction, or which writes"
        )
    if chosen.contact:
        yield _of_contact(installation, chosen.contact)
    elif chosen.activity:
        yield _of_activity(installation, chosen.activity)
    elif chosen.interaction:
        yield _of_interaction(installation, chosen.interaction)
    else:
        for kinds in (_FIRST, _LAST):
            yield from _of_many(installation, chosen, kinds)


_FIRST: tuple[WriteKind, ...] = (
    "contact_role",
    "update_contact",
    "log_activity",
    "update_activity",
    "time_entry",
    "document",
    "merge_contacts",
)
_LAST: tuple[WriteKind, ...] = ("create_contact", "create_account")
"""Contacts come after what is on them: what is not taken back with them keeps them."""


def _of_contact(installation: Installation, what: str) -> _Portion:
    connection = installation.crm.connection
    record = _read(installation, [what]).get(what) if "@" not in what else None
    handle = read_handle(what, installation.book.team.region)
    with installation.ledger.read() as tx:
        if isinstance(record, Record):
            handles = {each.key for each in record.handles} | undoing.handles_of(tx, connection, what)
            made = undoing.creation_of(tx, connection, what, handles)
        elif handle is not None:
            made = next((key for key, _ in writing.reserved(tx, connection, [handle.key]).values()), "")
        else:
            made = undoing.creation_of(tx, connection, what, undoing.handles_of(tx, connection, what))
        if not made:
            raise FlowProblem(
                f"FirstContact made no contact {what}, or it was removed before; `firstcontact report "
                "created --list` lists what it made"
            )
        standing = undoing.standing(tx, [made])[made]
        linked = undoing.linked_to(tx, [standing.record] if standing.record else [], made)
        ids = dict.fromkeys((standing.write.interaction, *linked))
        of_it = undoing.standing_of(tx, connection, list(ids))
        logs = undoing.activities_now(tx, connection, [each.write for each in of_it])
    keys = [each.write.key for each in of_it if _is_on(each, logs, standing.record, made)]
    keys += [each.write.key for each in of_it if _belongs(each, keys)]
    return _Portion(keys=(made, *(key for key in keys if key != made)), contact=(standing.record, made))


def _belongs(each: Standing, logs: Collection[str]) -> bool:
    """Whether it is a time entry or a document of one of these activities."""
    activity = getattr(each.write.fields, "activity", None)
    return isinstance(activity, CreatedBy) and activity.write_key in logs and each.state != "dropped"


def _is_on(each: Standing, logs: Mapping[str, ActivityFields], record: str, made: str) -> bool:
    write = each.write
    if write.kind == "log_activity" and write.key in logs:
        write = msgspec.structs.replace(write, fields=logs[write.key])
    of_kind = write.kind in ("log_activity", "contact_role", "update_contact")
    return of_kind and points_at(write, record, made) and each.state != "dropped"


def _of_activity(installation: Installation, interaction: str) -> _Portion:
    with installation.ledger.read() as tx:
        _there(tx, interaction)
        key = undoing.log_of(tx, installation.crm.connection, interaction)
        if not key:
            raise FlowProblem(f"FirstContact has logged no activity of {interaction}")
        made_by = undoing.standing(tx, [key])[key].write.interaction
        belongings = [
            each.write.key
            for each in undoing.standing_of(tx, installation.crm.connection, [made_by])
            if each.write.kind in ("time_entry", "document") and each.state != "dropped"
        ]
    return _Portion(keys=(key, *belongings))


def _of_interaction(installation: Installation, interaction: str) -> _Portion:
    with installation.ledger.read() as tx:
        _there(tx, interaction)
        found = undoing.standing_of(tx, installation.crm.connection, [interaction])
    found = tuple(each for each in found if each.state != "dropped")
    found = tuple(each for each in found if not each.write.subject.startswith("undo "))
    if not found:
        raise FlowProblem(f"FirstContact has written nothing because of {interaction}")
    order = sorted(found, key=lambda each: (*_FIRST, *_LAST).index(each.write.kind))
    return _Portion(keys=tuple(each.write.key for each in order), only=frozenset({interaction}))


def _there(tx: Connection, interaction: str) -> None:
    if interaction not in intake.load(tx, [interaction]):
        raise FlowProblem(f"there is no interaction {interaction}; `firstcontact log` lists them")


def _of_many(installation: Installation, chosen: Chosen, kinds: Sequence[WriteKind]) -> Iterator[_Portion]:
    """Pages of writes: by time where a span is said, else by the interactions that can be meant."""
    by_time = chosen.since > 0 or chosen.until != FOREVER
    for keys in _by_time(installation, chosen, kinds) if by_time else _by_log(installation, chosen, kinds):
        with installation.ledger.read() as tx:
            meant = _meant(tx, undoing.standing(tx, keys), chosen)
        if meant:
            yield _Portion(keys=meant)


def _by_time(
    installation: Installation, chosen: Chosen, kinds: Sequence[WriteKind]
) -> Iterator[Sequence[str]]:
    for kind in kinds:
        after = (0, "")
        while True:
            with installation.ledger.read() as tx:
                connection = installation.crm.connection
                rows = undoing.written_in(tx, connection, kind, chosen.since, chosen.until, after, PORTION)
            if not rows:
                break
            yield [key for _, key in rows]
            after = rows[-1]


def _by_log(
    installation: Installation, chosen: Chosen, kinds: Sequence[WriteKind]
) -> Iterator[Sequence[str]]:
    wanted = Wanted(
        rule=chosen.rule, user=chosen.user, settings_version=chosen.settings_version, earlier=True
    )
    after: tuple[int, str] | None = None
    while True:
        with installation.ledger.read() as tx:
            found = engagement.search(tx, wanted, PORTION, after)
            ids = [each.interaction for each in found]
            of_them = undoing.standing_of(tx, installation.crm.connection, ids)
        if not found:
            return
        after = found[-1].at, found[-1].interaction
        yield [each.write.key for each in of_them if each.write.kind in kinds]


def _meant(tx: Connection, found: Mapping[str, Standing], chosen: Chosen) -> tuple[str, ...]:
    """Those of the writes whose own decision is the one that is meant."""
    alive = {
        key: each
        for key, each in found.items()
        if each.state != "dropped" and not each.write.subject.startswith("undo ")
    }
    if not (chosen.rule or chosen.user or chosen.settings_version):
        return tuple(alive)
    decided = undoing.decisions_on(tx, {each.write.interaction for each in alive.values()})
    times = undoing.times_of(tx, list(alive))
    return tuple(
        key
        for key, each in alive.items()
        if (made := undoing.made_by(decided.get(each.write.interaction, ()), times[key])) is not None
        and _fits(each.write, made, chosen)
    )


def _fits(write: Write, decision: Decision, chosen: Chosen) -> bool:
    if chosen.user and decision.user != chosen.user:
        return False
    if chosen.settings_version and not decision.settings_version.startswith(chosen.settings_version):
        return False
    if not chosen.rule:
        return True
    return any(engagement.is_rule(name, chosen.rule) for name in reasons_of(write, decision))


def reasons_of(write: Write, decision: Decision) -> tuple[str, ...]:
    """The decisive reasons of a write: of the person it is about, or of the activity."""
    abouts = {write.subject} if write.kind == "create_contact" else {""}
    if write.kind in ("update_contact", "contact_role", "create_account"):
        abouts = {person.about for person in decision.people if person.verdict in ("link", "create")}
    return tuple(
        dict.fromkeys(reason.name for reason in decision.trace if reason.decisive and reason.about in abouts)
    )


# --- what is done ----------------------------------------------------------------------------------------


def _read(installation: Installation, ids: Collection[str]) -> dict[str, Record | str]:
    """Contacts and leads by id; one that was merged is the id of what it was merged into."""
    if not ids:
        return {}
    with crossing(Boundary.READ_TO_TAKE_BACK):
        found = installation.crm.read(sorted(ids))
    return {
        id: each.into if isinstance(each, Moved) else each
        for id, each in found.items()
        if isinstance(each, Record | Moved)
    }


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
    installation: Installation, portion: _Portion, taken: Collection[str], by: str | None
) -> tuple[list[Step], int]:
    """The steps of a portion, and how many of its writes were taken back before."""
    ledger = installation.ledger
    with ledger.read() as tx:
        found = undoing.standing(tx, portion.keys)
    records = _read(installation, _records_in(found.values()))
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
    portion: _Portion,
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
    return standing.write.kind in _LAST


def _with_all(found: Mapping[str, Standing], portion: _Portion, facts: Facts) -> list[Step]:
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
