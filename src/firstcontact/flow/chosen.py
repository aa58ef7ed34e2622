"""Which writes a person means who takes something back: portion by portion, so that there may be many."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Moved
from firstcontact.flow.installation import Installation
from firstcontact.flow.problems import FlowProblem
from firstcontact.identity.records import Record
from firstcontact.interactions.handles import read_handle
from firstcontact.ledger import engagement, intake, undoing, writing
from firstcontact.ledger.engagement import FOREVER, Wanted
from firstcontact.planning.undo import Standing, points_at
from firstcontact.planning.write import ActivityFields, CreatedBy, Write, WriteKind
from firstcontact.policy.decision import Decision

PORTION = 200
"""Writes that are looked at, and taken back, in one transaction."""


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


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Writes that are looked at together. contact: id of one that goes with all that is on it, and key of the
    write that made it. only: ids of interactions, beside whose texts no others may be on an activity."""

    keys: tuple[str, ...]
    contact: tuple[str, str] | None = None
    only: frozenset[str] | None = None


def portions(installation: Installation, chosen: Chosen) -> Iterator[Portion]:
    """The writes that are meant, some at a time. Raises FlowProblem, TryAgain, AuthLapsed."""
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
        for kinds in (_FIRST, LAST):
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
LAST: tuple[WriteKind, ...] = ("create_contact", "create_account")
"""Contacts come after what is on them: what is not taken back with them keeps them."""


def _of_contact(installation: Installation, what: str) -> Portion:
    connection = installation.crm.connection
    record = read_records(installation, [what]).get(what) if "@" not in what else None
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
    return Portion(keys=(made, *(key for key in keys if key != made)), contact=(standing.record, made))


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


def _of_activity(installation: Installation, interaction: str) -> Portion:
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
    return Portion(keys=(key, *belongings))


def _of_interaction(installation: Installation, interaction: str) -> Portion:
    with installation.ledger.read() as tx:
        _there(tx, interaction)
        found = undoing.standing_of(tx, installation.crm.connection, [interaction])
    found = tuple(each for each in found if each.state != "dropped")
    found = tuple(each for each in found if not each.write.subject.startswith("undo "))
    if not found:
        raise FlowProblem(f"FirstContact has written nothing because of {interaction}")
    order = sorted(found, key=lambda each: (*_FIRST, *LAST).index(each.write.kind))
    return Portion(keys=tuple(each.write.key for each in order), only=frozenset({interaction}))


def _there(tx: Connection, interaction: str) -> None:
    if interaction not in intake.load(tx, [interaction]):
        raise FlowProblem(f"there is no interaction {interaction}; `firstcontact log` lists them")


def _of_many(installation: Installation, chosen: Chosen, kinds: Sequence[WriteKind]) -> Iterator[Portion]:
    """Pages of writes: by time where a span is said, else by the interactions that can be meant."""
    by_time = chosen.since > 0 or chosen.until != FOREVER
    for keys in _by_time(installation, chosen, kinds) if by_time else _by_log(installation, chosen, kinds):
        with installation.ledger.read() as tx:
            meant = _meant(tx, undoing.standing(tx, keys), chosen)
        if meant:
            yield Portion(keys=meant)


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
    """The decisive reasons of a write: of the person it is about, or of the activity; where nothing decided
    on that by itself, of those who are made with it."""
    if write.kind == "create_contact":
        return _decisive(decision, {write.subject})
    if write.kind in ("update_contact", "contact_role", "create_account"):
        return _decisive(decision, _people(decision, "link", "create"))
    return _decisive(decision, {""}) or _decisive(decision, _people(decision, "create"))


def _people(decision: Decision, *verdicts: str) -> frozenset[str]:
    return frozenset(person.about for person in decision.people if person.verdict in verdicts)


def _decisive(decision: Decision, abouts: Collection[str]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(reason.name for reason in decision.trace if reason.decisive and reason.about in abouts)
    )


def read_records(installation: Installation, ids: Collection[str]) -> dict[str, Record | str]:
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
