"""Understanding: facts into the ledger, each once, and what their news reopens.

A fact that is there already is superseded; where it says nothing new, nothing happens. One that changed,
and every decision that waited for what it tells (its thread, a better name), is due to be decided again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.flow.observe import observed_names
from firstcontact.flow.observe_values import Signed, observed_values, signed
from firstcontact.identity.team import Team
from firstcontact.interactions.merge import supersede
from firstcontact.interactions.model import Email, Interaction
from firstcontact.ledger import intake, news, observing
from firstcontact.policy.case import team_index
from firstcontact.policy.known import ObservedName, ObservedValue


class Understood(msgspec.Struct, frozen=True):
    """How many facts were new, changed by a newer delivery, or nothing new; how many decisions reopened."""

    new: int = 0
    changed: int = 0
    same: int = 0
    reopened: int = 0


class Said(msgspec.Struct, frozen=True):
    """What a fact says of people: its sender's signature, and names by handle key."""

    fact: Interaction
    signed: Signed | None
    names: tuple[tuple[str, ObservedName], ...]


def read_ahead(facts: Iterable[Interaction], team: Team) -> dict[str, Said]:
    """What facts say of people, by interaction, read before there is a transaction that others wait for."""
    index = team_index(team)
    found: dict[str, Said] = {}
    for fact in facts:
        mine = signed(fact, index)
        found[fact.id] = Said(fact, mine, tuple(observed_names(fact, mine)))
    return found


def understand(
    tx: Connection,
    facts: Sequence[Interaction],
    *,
    now: int,
    live: bool,
    team: Team,
    said: Mapping[str, Said],
) -> Understood:
    """Store facts in the transaction given, and make due what they concern. said: as `read_ahead`."""
    known = intake.load(tx, {fact.id for fact in facts})
    merged: dict[str, Interaction] = {}
    new = same = 0
    for fact in facts:
        old = merged.get(fact.id) or known.get(fact.id)
        if old is None:
            new += 1
            merged[fact.id] = fact
            continue
        latest = supersede(old, _in_conversation(fact, old.conversation))
        if latest == old:
            same += 1
        else:
            merged[fact.id] = latest
    threaded = _threaded(tx, list(merged.values()), known)
    intake.save(tx, threaded, due_at=now, live=live)
    topics, names = _news(threaded, said)
    intake.observe_names(tx, names)
    topics |= _observe(tx, threaded, team, said)
    reopened = news.tell(tx, topics, merged.keys() & known.keys(), now)
    changed = len(merged) - new
    return Understood(new=new, changed=max(changed, 0), same=same, reopened=reopened)


def _news(
    facts: Sequence[Interaction], said: Mapping[str, Said]
) -> tuple[set[str], list[tuple[str, ObservedName]]]:
    topics: set[str] = set()
    names: list[tuple[str, ObservedName]] = []
    for fact in facts:
        if isinstance(fact, Email) and fact.conversation:
            topics.add(f"thread:{fact.conversation}")
        for key, name in _names(fact, said.get(fact.id)):
            names.append((key, name))
            if name.first and name.last:
                topics.add(f"name:{key}")
    return topics, names


def _names(fact: Interaction, said: Said | None) -> Iterable[tuple[str, ObservedName]]:
    """Those read ahead, unless the fact is another since: told again, or somebody was taken out of it."""
    if said is None:
        return observed_names(fact)
    if fact.participants is said.fact.participants and fact.at == said.fact.at:
        return said.names
    return observed_names(fact, said.signed)


def _observe(tx: Connection, facts: Sequence[Interaction], team: Team, said: Mapping[str, Said]) -> set[str]:
    """Keep what these facts say of people beside their names; the topics that have news. An address that
    takes no mail any more is one until it writes again, in whatever order the two arrive."""
    index = team_index(team)
    seen: list[tuple[str, ObservedValue]] = []
    for fact in facts:
        each = said.get(fact.id)
        seen += observed_values(fact, each.signed if each else None, index)
    bounces = [(key, value) for key, value in seen if value.source == observing.BOUNCE]
    bounced = {(key, value.at) for key, value in bounces}
    standing = bounced - observing.wrote_since(tx, bounced)
    kept = [
        (key, value) for key, value in seen if value.source != observing.BOUNCE or (key, value.at) in standing
    ]
    observing.observe(tx, kept)
    wrote: dict[str, int] = {}
    for fact in facts:
        if isinstance(fact, Email):
            for person in fact.participants:
                if person.role == "from":
                    wrote.update((h.key, max(fact.at, wrote.get(h.key, 0))) for h in person.handles)
    observing.alive(tx, wrote)
    titled = {f"name:{key}" for key, value in kept if value.field == "title"}
    return titled | {f"bounce:{key}" for key, _ in standing}


def _threaded(
    tx: Connection, facts: Sequence[Interaction], known: dict[str, Interaction]
) -> list[Interaction]:
    """Mails in the conversation that a message they refer to is already in, here or in the ledger.

    References may be cut short, so that the first of them is not always the first of the thread.
    """
    wanted = {
        reference
        for fact in facts
        if isinstance(fact, Email) and fact.id not in known
        for reference in fact.references
    }
    found = intake.conversations(tx, wanted) if wanted else {}
    threaded: list[Interaction] = []
    for fact in facts:
        if isinstance(fact, Email) and fact.id not in known and fact.references:
            conversation = next(
                (found[reference] for reference in reversed(fact.references) if reference in found),
                fact.conversation,
            )
            fact = _in_conversation(fact, conversation)
        if isinstance(fact, Email) and fact.source_id:
            found.setdefault(fact.source_id, fact.conversation)
        threaded.append(fact)
    return threaded


def _in_conversation(fact: Interaction, conversation: str) -> Interaction:
    if fact.conversation == conversation or not isinstance(fact, Email):
        return fact
    return msgspec.structs.replace(fact, conversation=conversation)
