"""The story of an interaction or a person, gathered from the ledger for `explain` to tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.explain.sentences import ACTIVITIES, VERDICTS, Explained, explain
from firstcontact.explain.what_if import single_changes
from firstcontact.flow import read_only
from firstcontact.flow.books import settings_for
from firstcontact.flow.installation import Installation
from firstcontact.identity.records import Finding, Record
from firstcontact.interactions.model import Handle, Interaction, kind_of
from firstcontact.ledger import connecting, deciding, duplicates, intake, reading
from firstcontact.ledger.people import interactions_about
from firstcontact.ledger.reading import Undecided, WriteRow
from firstcontact.planning.plan import NEW
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import Known
from firstcontact.policy.rules.said import day


class Earlier(msgspec.Struct, frozen=True):
    """A decision that a later one took the place of."""

    at: int
    settings_version: str
    activity: str
    verdicts: dict[str, str]
    explained: tuple[Explained, ...]


class InteractionStory(msgspec.Struct, frozen=True, kw_only=True):
    """One interaction: what it was, what was decided and why, what was written.

    decisions: how many times it was decided; earlier: the decisions but for the last, oldest first, where
    they were asked for. undecided: where nothing is decided yet, what that waits for: it is `due`; the CRM
    could not be asked and is tried again `later`, at `due_at`; the connection is `paused`; it was set
    `aside`, since the program failed at it.
    """

    interaction: str
    kind: str
    at: int
    subject: str
    people: tuple[str, ...]
    decided_at: int
    settings_version: str
    decisions: int
    activity: str
    verdicts: dict[str, str]
    explained: tuple[Explained, ...]
    writes: tuple[str, ...]
    earlier: tuple[Earlier, ...] = ()
    undecided: Literal["", "due", "later", "paused", "aside"] = ""
    due_at: int = 0


class PersonStory(msgspec.Struct, frozen=True, kw_only=True):
    """One person: who they are in the CRM, what would create them, and their interactions, newest first.

    contact: the id where exactly one contact bears the handle. changes: single changes, each of which alone
    would create them. held_by: the reasons that keep somebody who is no contact.
    """

    keys: tuple[str, ...]
    headline: str
    contact: str
    facts: tuple[str, ...]
    changes: tuple[str, ...]
    held_by: tuple[str, ...]
    interactions: tuple[InteractionStory, ...]


_RECORDS = frozenset({"contact", "lead"})
"""Values of a reason that are the id of a record."""


class _Names:
    """Records by the names that people know, where a reason's values are their ids."""

    def __init__(self, tx: Connection, installation: Installation, decisions: Iterable[Decision]) -> None:
        ids = {
            value
            for decision in decisions
            for reason in decision.trace
            for name, value in reason.values
            if name in _RECORDS and value
        }
        keys = sorted(id.removeprefix(NEW) for id in ids if id.startswith(NEW))
        self._made = reading.record_of_write(tx, keys)
        self.read_only = read_only.since(tx, installation.crm.connection) > 0
        self.made = "lead" if installation.crm.capabilities().creates_leads else "contact"
        wanted = {id for id in ids if not id.startswith(NEW)} | {id for id in self._made.values() if id}
        self._into = duplicates.into(tx, installation.crm.connection, wanted, ("done",))
        self._shown = _shown(installation, sorted({self._into.get(id, id) for id in wanted}))

    def named(self, decision: Decision) -> Decision:
        """The decision with `Jo Diaz (c12)` for `c12` or `new:KEY` in its reasons."""
        trace = tuple(
            msgspec.structs.replace(
                reason,
                values=tuple(
                    (name, self._name(value) if name in _RECORDS else value) for name, value in reason.values
                ),
            )
            for reason in decision.trace
        )
        return msgspec.structs.replace(decision, trace=trace)

    def _name(self, id: str) -> str:
        if id.startswith(NEW):
            id = self._made.get(id.removeprefix(NEW), "")
        if id in self._into:
            return f"{self._shown.get(self._into[id], self._into[id])}, into which {id} was merged"
        return self._shown.get(id, id) or "that an earlier interaction makes"


def records_of(installation: Installation, ids: Collection[str]) -> Mapping[str, Record]:
    """Contacts and leads by id, as far as they are there and the CRM can be asked now."""
    try:
        with crossing(Boundary.READ_TO_EXPLAIN):
            found = installation.crm.read(sorted(ids)) if ids else {}
    except (TryAgain, AuthLapsed):  # what is known here is told all the same
        return {}
    return {id: each for id, each in found.items() if isinstance(each, Record)}


def _shown(installation: Installation, ids: list[str]) -> Mapping[str, str]:
    found = records_of(installation, ids)
    return {id: f"{each.name} ({id})" for id, each in found.items() if each.name}


def interaction_story(
    installation: Installation, id: str, *, every_decision: bool = False
) -> InteractionStory | None:
    """The story of one interaction; None where there is none of that id.

    every_decision: with the decisions that the last one took the place of.
    """
    with installation.ledger.read() as tx:
        fact = intake.load(tx, [id]).get(id)
        if fact is None:
            return None
        decisions = deciding.history(tx, id)
        writes = reading.writes_of(tx, id)
        names = _Names(tx, installation, decisions if every_decision else decisions[-1:])
        undecided = None if decisions else reading.undecided(tx, id)
        paused = connecting.state(tx, installation.crm.connection).paused_at is not None
    story = _story(fact, decisions, writes, names)
    if undecided is not None:
        due_at = undecided.due_at or 0
        story = msgspec.structs.replace(story, undecided=_waits_for(undecided, paused=paused), due_at=due_at)
    if not every_decision:
        return story
    return msgspec.structs.replace(story, earlier=tuple(_earlier(each, names) for each in decisions[:-1]))


def _waits_for(stands: Undecided, *, paused: bool) -> Literal["due", "later", "paused", "aside"]:
    if stands.due_at is None:
        return "aside"
    if paused:
        return "paused"
    return "later" if stands.attempts else "due"


def _earlier(decision: Decision, names: _Names) -> Earlier:
    return Earlier(
        decision.at,
        decision.settings_version,
        decision.activity,
        {person.about: person.verdict for person in decision.people},
        explain(names.named(decision)),
    )


def _story(
    fact: Interaction, decisions: tuple[Decision, ...], writes: tuple[WriteRow, ...], names: _Names
) -> InteractionStory:
    last = decisions[-1] if decisions else None
    people = tuple(
        " ".join(filter(None, (p.role, p.raw or (p.handles[0].value if p.handles else ""), p.name)))
        for p in fact.participants
    )
    return InteractionStory(
        interaction=fact.id,
        kind=kind_of(fact),
        at=fact.at,
        subject=fact.subject,
        people=people,
        decided_at=last.at if last else 0,
        settings_version=last.settings_version if last else "",
        decisions=len(decisions),
        activity=last.activity if last else "not decided yet",
        verdicts={person.about: person.verdict for person in last.people} if last else {},
        explained=explain(names.named(last)) if last else (),
        writes=tuple(_write(row, names) for row in writes),
    )


_WRITTEN = {
    "update_contact": "contact completed",
    "create_account": "account created",
    "log_activity": "activity",
    "update_activity": "activity brought up to date",
    "delete_activity": "activity taken back",
    "document": "file",
    "contact_role": "role on an opportunity",
    "remove_role": "role on an opportunity taken back",
    "delete_contact": "contact taken back",
}
_TO_WRITE = {
    "update_contact": "completing the contact",
    "create_account": "new account",
    "update_activity": "bringing the activity up to date",
    "delete_activity": "taking the activity back",
    "remove_role": "taking the role back",
    "delete_contact": "taking the contact back",
}
_WAITING = {
    "intended": "about to be written",
    "sent": "sent, not confirmed yet",
    "waiting": "waits for another write",
    "held": "held by the brake (`firstcontact brake release`)",
    "parked": "refused by the CRM (`firstcontact stuck`)",
    "unclear": "sent, and nobody can say whether it arrived (`firstcontact stuck`)",
    "dropped": "not needed any more",
}


_READ_ONLY = "not written, since the connection is read-only (`firstcontact read-only off`)"


def _write(row: WriteRow, names: _Names) -> str:
    said = _written(row, names)
    if row.undone is None:
        return said
    by, on = row.undone.by or "a person", day(row.undone.at)
    if row.undone.state == "left":
        return f"{said}; {by} was to remove it on {on}: {row.undone.why}"
    return f"{said}; {'removed' if row.undone.state == 'done' else 'being removed'} by {by} on {on}"


def _written(row: WriteRow, names: _Names) -> str:
    kind = row.write.kind
    what = f"{_WRITTEN.get(kind, kind.replace('_', ' '))} {row.record}".rstrip()
    if kind == "create_contact":
        what = f"{names.made} created {row.record}"
    if row.state == "done":
        if kind == "create_contact" and not row.created:
            return f"{names.made} {row.record} (was there already)"
        return what
    what = f"new {names.made}" if kind == "create_contact" else _TO_WRITE.get(kind, what)
    if row.state == "held" and names.read_only:
        return f"{what}: {_READ_ONLY}"
    # What a waiting write waits for is the key of another one, which is told of by itself.
    why = f", {row.problem}" if row.problem and row.state != "waiting" else ""
    return f"{what}: {_WAITING.get(row.state, row.state)}{why}"


def person_story(installation: Installation, keys: tuple[str, ...], limit: int) -> PersonStory | None:
    """The story of one person, by handle keys; None where nobody of these was on an interaction and no
    record bears one of them."""
    with installation.ledger.read() as tx:
        facts = {
            f.id: f
            for key in keys
            for f in reading.interactions_of(tx, key, limit) or interactions_about(tx, key, limit)
        }
        newest = sorted(facts.values(), key=lambda fact: -fact.at)[:limit]
        decided = deciding.last_with_known(tx, [fact.id for fact in newest])
        names = _Names(tx, installation, [decision for decision, _ in decided.values()])
        stories = tuple(
            _story(fact, deciding.history(tx, fact.id), reading.writes_of(tx, fact.id), names)
            for fact in newest
        )
    records = records_bearing(installation, keys)
    if not newest and not records:
        return None
    verdicts = [story.verdicts[key] for story in stories for key in keys if key in story.verdicts]
    asked = "ask" in verdicts
    to_be_made = any(verdict in ("create", "link") for verdict in verdicts)
    contacts = [each for each in records if each.type == "contact"]
    changes = () if contacts or to_be_made else _changes(installation, newest, decided, keys)
    if asked and not contacts:
        changes = (*_answers(installation, keys), *changes)
    return PersonStory(
        keys=keys,
        headline=_headline(keys[0], records, asked=asked, to_be_made=to_be_made),
        contact=contacts[0].id if len(contacts) == 1 else "",
        facts=_origin(installation, contacts),
        changes=changes,
        held_by=() if contacts or to_be_made else _held_by(newest, decided, keys),
        interactions=stories,
    )


def records_bearing(installation: Installation, keys: tuple[str, ...]) -> tuple[Record, ...]:
    """Contacts and leads with one of these handles, as the CRM says now."""
    handles = [Handle("email", k, k) if "@" in k else Handle("phone", k, k) for k in keys]
    found = _found(installation, handles)
    return tuple({r.id: r for finding in found.values() for r in finding.records}.values())


def _found(installation: Installation, handles: list[Handle]) -> Mapping[str, Finding]:
    """As the CRM says now; where it cannot be asked, now or ever, as our index knows it."""
    asked = installation.crm if installation.crm.capabilities().looks_up else installation.known
    for crm in (asked, installation.known):
        try:
            with crossing(Boundary.FIND_TO_EXPLAIN):
                return crm.find(handles)
        except (TryAgain, AuthLapsed):
            continue
    return {}


def _headline(key: str, records: tuple[Record, ...], *, asked: bool, to_be_made: bool) -> str:
    contacts = [each for each in records if each.type == "contact"]
    if len(contacts) > 1:
        shown = ", ".join(f"{each.name or 'without a name'} ({each.id})" for each in contacts)
        return f"{key} stands on {len(contacts)} contacts: {shown}."
    if contacts:
        return f"{key} is the contact {contacts[0].name or 'without a name'} ({contacts[0].id})."
    if records:
        return f"{key} is the lead {records[0].name or 'without a name'} ({records[0].id}), no contact."
    if to_be_made:
        return f"{key} is no contact yet: it is decided to make one, and not written."
    if asked:
        return f"{key} is no contact yet: your answer is waited for (`firstcontact review`)."
    return f"{key} is no contact."


def _origin(installation: Installation, contacts: list[Record]) -> tuple[str, ...]:
    if len(contacts) != 1:
        return ()
    (record,) = contacts
    with installation.ledger.read() as tx:
        cause = reading.causing(tx, record.id)
    if cause:
        return (f"Created by FirstContact because of {cause}.",)
    if record.created_by_us:
        return ("Created by FirstContact.",)
    return ("Made by a person, not by FirstContact.",)


def _answers(installation: Installation, keys: tuple[str, ...]) -> tuple[str, ...]:
    """The answer to the open question that would create them."""
    for review in installation.open_reviews():
        if review.about in keys:
            return (f"answer the question with `firstcontact review create {review.id}`",)
    return ()


_NOT_CREATED = ("leave", "ask", "link_lead")

_Decided = dict[str, tuple[Decision, Known | None]]


def _changes(
    installation: Installation, newest: list[Interaction], decided: _Decided, keys: tuple[str, ...]
) -> tuple[str, ...]:
    """What alone would have created the person, on the newest interaction where something would have."""
    for fact in newest:
        if fact.id not in decided:
            continue
        decision, known = decided[fact.id]
        if known is None:
            continue
        settings = settings_for(installation.book, fact, known.connection)
        left = {each.about for each in decision.people if each.verdict in _NOT_CREATED}
        for key in keys:
            if key not in left:
                continue
            found = single_changes(fact, known, settings, key)
            if found:
                return found
    return ()


def _held_by(newest: list[Interaction], decided: _Decided, keys: tuple[str, ...]) -> tuple[str, ...]:
    """The decisive reasons of the newest interaction that something was decided on about the person; where
    they are the interaction's own (a private entry), those."""
    for fact in newest:
        decision = decided[fact.id][0] if fact.id in decided else None
        for person in decision.people if decision else ():
            if decision and person.about in keys and person.verdict in ("leave", "ask"):
                return _decisive(decision, person.about) or _decisive(decision, "")
    return ()


def _decisive(decision: Decision, about: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r.name for r in decision.trace if r.about == about and r.decisive))


def in_words(verdict: str, *, activity: bool = False) -> str:
    """A verdict as `explain` words it, for tables of counts."""
    return (ACTIVITIES if activity else VERDICTS).get(verdict, verdict)
