"""What a replay has found out so far, and the facts of each interaction as they are with it.

A contact or a contact role that only the old decisions of the span made is not there; one that the replay
makes is there for whoever is decided after it. What comes after goes by turns: an interaction is decided in
its own, and once more in the turn of another that creates somebody whom it had met before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from firstcontact.flow.look_up import made_type, virtual
from firstcontact.flow.roles import changed
from firstcontact.identity.records import Account, Opportunity
from firstcontact.ledger.reading import Stored
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import write_key
from firstcontact.policy.decision import Decision, RoleVerdict
from firstcontact.policy.known import Known, PersonFacts
from firstcontact.store.scratch import Scratch, pair

MAPS = {"ours": 2, "made": 3, "met": 0, "late": 0, "again": 0, "gave": 1, "roles": 4, "turns": 3}
"""What is kept on disk, by how many texts.

ours: ids of contacts that the span's decisions of old made, with which interaction and for whom. made: by
handle key the contact that the replay creates. met: handle keys of whoever was met and is no contact. late:
those of them who were created after. again: interactions that were decided once more at the end. gave: roles
that decisions of old made. roles: those that the replay makes. turns: in which turn an interaction was
decided last, where that was not its own.
"""


class Turn(NamedTuple):
    """When something is decided: the time and id of the interaction in whose turn, and the number of the one
    that is decided once more in it. In order."""

    at: str
    interaction: str
    number: str = ""


END = Turn("~", "")
"""Behind all turns."""


class Made(NamedTuple):
    """A contact that the replay creates: by which interaction, the write's key, and when."""

    interaction: str
    write_key: str
    at: str

    @property
    def turn(self) -> Turn:
        """When it is created."""
        return Turn(self.at, self.interaction)


class Given(NamedTuple):
    """A role that the replay makes: by which interaction, in which turn."""

    interaction: str
    turn: Turn


def in_order(at: int) -> str:
    """A time, so that texts are in order of time."""
    return f"{at + 2**62:020}"


def own_turn(row: Stored) -> Turn:
    """The turn of an interaction."""
    return Turn(in_order(row.at), row.id)


class Page:
    """Some interactions, and what is found out so far of the people and opportunities on them.

    ours: contacts that interactions of the span created, or were about to, with which. made: by handle key
    the contact that this replay creates. met: handle keys of whoever was met so far and is no contact. gave:
    the interaction that made a role of old. roles: by opportunity and contact what this replay makes.
    """

    def __init__(self, rows: Sequence[tuple[Stored, Known | None]], kept: Scratch) -> None:
        self.rows = rows
        knowns = [known for _, known in rows if known is not None]
        people = [facts for known in knowns for facts in known.people.values()]
        deals = [one for known in knowns for one in opportunities(known)]
        self._deals = {one.id for one in deals}
        ids = {record.id for facts in people for record in facts.records}
        ids.update(contact for one in deals for contact in one.roles)
        ids.update(contact for known in knowns for _, contact in known.roles_gone)
        of_old = kept.of("ours", list(ids))
        self.ours = {id: creator for id, (creator, _) in of_old.items()}
        self._for = {id: about for id, (_, about) in of_old.items()}
        keys = list({key for known in knowns for key in known.people}.union(self._for.values()))
        self.made = {key: Made(*made) for key, made in kept.of("made", keys).items()}
        self.met = set(kept.of("met", keys))
        self.gave = {role: by for role, (by,) in kept.under("gave", self._deals).items()}
        self.roles: dict[str, dict[str, Given]] = {}
        self.look_again(kept)
        self._turns = {id: Turn(*turn) for id, turn in kept.of("turns", [row.id for row, _ in rows]).items()}

    def look_again(self, kept: Scratch) -> None:
        """Others than these have made roles meanwhile."""
        for (deal, contact), (interaction, *turn) in kept.under("roles", self._deals).items():
            self.roles.setdefault(deal, {})[contact] = Given(interaction, Turn(*turn))

    def last_turn(self, row: Stored) -> Turn:
        """The turn in which an interaction was decided last."""
        return self._turns.get(row.id) or own_turn(row)

    def has_news(self, row: Stored, known: Known) -> bool:
        """Whether somebody on the interaction was created after it was decided last."""
        made = (self.made.get(key) for key in known.people)
        return any(each is not None and each.turn > self.last_turn(row) for each in made)

    def facts(self, row: Stored, known: Known, turn: Turn, created: Collection[str] = ()) -> Known:
        """What is known in a turn. created: handle keys of those whom an earlier version of the interaction
        created, who are there."""
        people = {
            key: self._person(row, key, facts, known, turn, created=key in created)
            for key, facts in known.people.items()
        }
        if not self._deals or not any(account.opportunities for account in known.accounts):
            return msgspec.structs.replace(known, people=people)
        gone = tuple(sorted((deal, now) for deal, was in known.roles_gone if (now := self._now(was, turn))))
        accounts = tuple(self._account(account, frozenset(gone), turn) for account in known.accounts)
        return msgspec.structs.replace(known, people=people, accounts=accounts, roles_gone=gone)

    def _person(
        self, row: Stored, key: str, facts: PersonFacts, known: Known, turn: Turn, *, created: bool
    ) -> PersonFacts:
        made = self.made.get(key)
        if made is None and not facts.records:
            return facts
        records = tuple(
            record
            for record in facts.records
            if record.id not in self.ours
            or (created and self.ours[record.id] == row.id and not record.id.startswith(NEW))
        )
        if made is not None and made.turn < turn and made.interaction != row.id and not facts.suppressed:
            records = (*records, virtual(made.write_key, type=made_type(known.crm.capabilities)))
        if records == facts.records:
            return facts
        status = facts.status
        if status in ("found", "absent"):
            status = "found" if records else "absent"
        return msgspec.structs.replace(facts, records=records, status=status)

    def _account(self, account: Account, gone: frozenset[tuple[str, str]], turn: Turn) -> Account:
        def now(one: Opportunity) -> tuple[str, ...]:
            there = (self._now(was, turn) for was in one.roles if (one.id, was) not in self.gave)
            more = (contact for contact, _ in self._given(one.id, turn) if (one.id, contact) not in gone)
            return tuple(dict.fromkeys(contact for contact in (*there, *more) if contact))

        return changed(account, now)

    def _now(self, contact: str, turn: Turn) -> str:
        """Who a contact is in this replay, "" for somebody who is not there."""
        about = self._for.get(contact)
        if about is None:
            return contact
        made = self.made.get(about)
        return NEW + made.write_key if made is not None and made.turn < turn else ""

    def _given(self, deal: str, turn: Turn) -> Iterator[tuple[str, Given]]:
        for contact, given in self.roles.get(deal, {}).items():
            if given.turn < turn:
                yield contact, given

    # --- roles that are made ------------------------------------------------------------------------

    def give(self, row: Stored, known: Known, after: Decision, turn: Turn) -> list[tuple[str, ...]]:
        """The roles of a decision are there from here on; the rows of them that are to be kept."""
        rows: list[tuple[str, ...]] = []
        for role in after.roles:
            contact = role.contact or NEW + write_key(known.connection, "create_contact", row.id, role.about)
            there = self.roles.setdefault(role.opportunity, {})
            if not role.ask and contact not in there:
                there[contact] = Given(row.id, turn)
                rows.append((pair(role.opportunity, contact), row.id, *turn))
        return rows

    def roles_of_old(
        self, row: Stored, known: Known, before: Decision, of: Collection[str]
    ) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        """Opportunity and person: roles that the old decision made, and those that another had made."""
        found = [(r.opportunity, r.about, self.gave.get((r.opportunity, r.contact))) for r in _roles(before)]
        if self.gave:
            found += [
                (one.id, about, by)
                for about, record in _linked(before)
                for one in opportunities(known)
                if record in one.roles and (by := self.gave.get((one.id, record))) is not None
            ]
        return _by_maker(found, row, of)

    def roles_now(
        self, row: Stored, known: Known, after: Decision, of: Collection[str], turn: Turn
    ) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        """The same of a decision of this replay, in its turn."""
        found: list[tuple[str, str, str | None]] = [(r.opportunity, r.about, None) for r in _roles(after)]
        if self.roles:
            found += [
                (one.id, about, given.interaction)
                for about, record in _linked(after)
                for one in opportunities(known)
                for contact, given in self._given(one.id, turn)
                if contact == record
            ]
        return _by_maker(found, row, of)


def opportunities(known: Known) -> Iterator[Opportunity]:
    """All opportunities that were looked up."""
    return (one for account in known.accounts for one in account.opportunities)


def _roles(decision: Decision) -> Iterator[RoleVerdict]:
    return (role for role in decision.roles if not role.ask)


def _linked(decision: Decision) -> list[tuple[str, str]]:
    return [(each.about, each.record) for each in decision.people if each.verdict == "link"]


def _by_maker(
    found: Iterable[tuple[str, str, str | None]], row: Stored, of: Collection[str]
) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    mine: set[tuple[str, str]] = set()
    others: set[tuple[str, str]] = set()
    for deal, about, by in found:
        if about in of:
            (mine if by in (None, row.id) else others).add((deal, about))
    return mine, others - mine
