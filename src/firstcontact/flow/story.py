"""The story of an interaction or a person, gathered from the ledger for `explain` to tell."""

from __future__ import annotations

import msgspec

from firstcontact.connectors.contract import TryAgain
from firstcontact.explain.sentences import Explained, explain
from firstcontact.explain.what_if import single_changes
from firstcontact.flow.installation import Installation
from firstcontact.flow.judge import settings_for
from firstcontact.interactions.model import Handle, Interaction, kind_of
from firstcontact.ledger import deciding, intake, reading
from firstcontact.ledger.reading import WriteRow
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import Known


class InteractionStory(msgspec.Struct, frozen=True, kw_only=True):
    """One interaction: what it was, what was decided and why, what was written."""

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


class PersonStory(msgspec.Struct, frozen=True, kw_only=True):
    """One person: who they are in the CRM, what would create them, and their interactions, newest first."""

    keys: tuple[str, ...]
    headline: str
    contact: str
    facts: tuple[str, ...]
    changes: tuple[str, ...]
    interactions: tuple[InteractionStory, ...]


def interaction_story(installation: Installation, id: str) -> InteractionStory | None:
    """The story of one interaction; None where there is none of that id."""
    with installation.ledger.read() as tx:
        fact = intake.load(tx, [id]).get(id)
        if fact is None:
            return None
        decisions = deciding.history(tx, id)
        writes = reading.writes_of(tx, id)
    return _story(fact, decisions, writes)


def _story(
    fact: Interaction, decisions: tuple[Decision, ...], writes: tuple[WriteRow, ...]
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
        explained=explain(last) if last else (),
        writes=tuple(_write(row) for row in writes),
    )


def _write(row: WriteRow) -> str:
    what = f"{row.write.kind} {row.record}".rstrip()
    if row.state == "done":
        return what if row.created or row.write.kind != "create_contact" else f"{what} (was there already)"
    return f"{what}: {row.state}{', ' + row.problem if row.problem else ''}"


def person_story(installation: Installation, keys: tuple[str, ...], limit: int) -> PersonStory | None:
    """The story of one person, by handle keys; None where nobody of these was on an interaction."""
    with installation.ledger.read() as tx:
        facts = {f.id: f for key in keys for f in reading.interactions_of(tx, key, limit)}
        newest = sorted(facts.values(), key=lambda fact: -fact.at)[:limit]
        decided = deciding.last_with_known(tx, [fact.id for fact in newest])
        stories = tuple(
            _story(fact, (decided[fact.id][0],) if fact.id in decided else (), reading.writes_of(tx, fact.id))
            for fact in newest
        )
    if not newest:
        return None
    contact, shown, lines = _contact(installation, keys)
    verdicts = [story.verdicts[key] for story in stories for key in keys if key in story.verdicts]
    changes: tuple[str, ...] = ()
    if contact:
        headline = f"{keys[0]} is the contact {shown} ({contact})."
    elif "ask" in verdicts:
        headline = f"{keys[0]} is no contact yet: a person is asked (`firstcontact review`)."
    else:
        headline = f"{keys[0]} is no contact."
    if not contact:
        changes = _changes(installation, newest, decided, keys)
    return PersonStory(
        keys=keys, headline=headline, contact=contact, facts=lines, changes=changes, interactions=stories
    )


def _contact(installation: Installation, keys: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
    handles = [Handle("email", k, k) if "@" in k else Handle("phone", k, k) for k in keys]
    try:
        found = installation.crm.find(handles)
    except TryAgain:
        return "", "", ()
    records = {r.id: r for finding in found.values() for r in finding.records if r.type == "contact"}
    if not records:
        return "", "", ()
    record = next(iter(records.values()))
    lines: list[str] = []
    if len(records) > 1:
        lines.append(
            f"{len(records)} contacts bear this: {', '.join(r.name or r.id for r in records.values())}"
        )
    with installation.ledger.read() as tx:
        cause = reading.causing(tx, record.id)
    if cause:
        lines.append(f"Created by FirstContact because of {cause}.")
    elif record.created_by_us:
        lines.append("Created by FirstContact.")
    else:
        lines.append("Made by a person, not by FirstContact.")
    return record.id, record.name or record.id, tuple(lines)


def _changes(
    installation: Installation,
    newest: list[Interaction],
    decided: dict[str, tuple[Decision, Known | None]],
    keys: tuple[str, ...],
) -> tuple[str, ...]:
    """What alone would have created the person, on the newest interaction where something would have."""
    for fact in newest:
        if fact.id not in decided:
            continue
        known = decided[fact.id][1]
        if known is None:
            continue
        settings = settings_for(installation.book, fact, known.connection)
        for key in keys:
            found = single_changes(fact, known, settings, key)
            if found:
                return found
    return ()
