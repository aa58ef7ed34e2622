"""One peer case played on our engine, and what came of it in the peers' words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from peer_events import INTERACTIONS, Reader, micros, moment_of
from peer_settings import overlay, settings_of, team_of

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import Moved
from firstcontact.connectors.kinds import capabilities
from firstcontact.flow.clock import DAY, VirtualClock
from firstcontact.flow.installation import Installation, Tally
from firstcontact.identity.sides import TeamIndex, sides
from firstcontact.interactions.model import Call, Interaction
from firstcontact.ledger import intake
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.reading import stuck
from firstcontact.policy.decision import Decision
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.hostile import Hostile
from firstcontact.testing.scenarios.bench import Bench


class Seen(msgspec.Struct, kw_only=True):
    """What our engine did. `outcomes` are the peers' words that fit; several may."""

    outcomes: frozenset[str]
    crm: Mapping[str, list[dict[str, Any]]]
    created: list[dict[str, Any]] = []
    created_accounts: list[dict[str, Any]] = []
    linked: tuple[str, ...] = ()
    linked_accounts: tuple[str, ...] = ()
    candidates: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    name_sources: frozenset[str] = frozenset()
    activity: Mapping[str, Any] = {}
    linked_history: frozenset[str] = frozenset()
    moved: Mapping[str, str] = {}
    relinked: bool = True
    errors: int = 0


class World:
    """The installation of one case, with the CRM state that is given."""

    def __init__(self, case: Mapping[str, Any], defaults: Mapping[str, Any], bench: Bench) -> None:
        given = case["given"]
        self.settings = overlay(defaults, given.get("settings") or {})
        self.team = team_of(self.settings)
        self.kinds = frozenset(event["kind"] for event in all_events(case))
        self.reader = Reader(self.team)
        self.clock = VirtualClock(micros(self.reader.now))
        crm_engine, ledger_engine = bench.fresh()
        self.crm = AddressBook(
            crm_engine,
            capabilities=capabilities("address_book"),
            clock=self.clock.now,
            region=self.team["region"],
        )
        self.people = People(self.crm)
        self.book = SettingsBook.from_mapping(self.team, settings_of(self.settings, self.kinds))
        self.hostile = Hostile(self.crm, region=self.team["region"])
        self.installation = Installation(
            book=self.book, ledger=open_ledger(ledger_engine), crm=self.hostile, clock=self.clock
        )
        self._seed(given)
        self._play_history(given.get("history") or [])

    # --- the state that is given -----------------------------------------------------------------

    def _seed(self, given: Mapping[str, Any]) -> None:
        tenant = self.settings["tenant"]
        mine = [one for one in given["contacts"] if one.get("tenant", tenant) == tenant]
        contacts = [_record(one) for one in mine if not _is_lead(one)]
        leads = [_lead(one) for one in mine if _is_lead(one)]
        deals = [(one["id"], n) for one in mine for n in range(one.get("open_deals", 0))]
        accounts = [_account(one) for one in given["accounts"]]
        opportunities = [
            {"id": f"deal-{contact}-{n}", "account": f"of-{contact}", "open": True} for contact, n in deals
        ]
        accounts += [{"id": f"of-{contact}", "name": contact} for contact, n in deals if n == 0]
        roles = [{"opportunity": f"deal-{contact}-{n}", "contact": contact} for contact, n in deals]
        self.made_up = {f"of-{contact}" for contact, _ in deals}
        self.people.seed(
            {
                "contacts": contacts,
                "leads": leads,
                "accounts": accounts,
                "opportunities": opportunities,
                "contact_roles": roles,
            },
            self.book.team.users,
        )
        # FirstContact has seen them before somebody takes them away.
        self.installation.drain()
        for one in mine:
            if one.get("status") == "deleted":
                self.people.delete("lead" if _is_lead(one) else "contact", one["id"])
        merged = [one for one in mine if one.get("status") == "merged"]
        for one in merged:
            self.people.merge(one["id"], one["merged_into"])
        for one in given["accounts"]:
            if one.get("status") == "deleted":
                self.people.delete("account", one["id"])
        self.installation.drain()

    def _play_history(self, history: list[Mapping[str, Any]]) -> None:
        for entry in history:
            self._take(entry["event"])
            for record in entry.get("linked_to") or ():
                for review in self.installation.open_reviews():
                    if record in review.candidates:
                        self.installation.rule(review.interaction, review.about, choose=record)
                        self.installation.drain()

    # --- the event --------------------------------------------------------------------------------

    def play(self, case: Mapping[str, Any]) -> Seen:
        """The event, and what the CRM and the ledger hold after it."""
        event = case["event"]
        before = self.people.dump()
        if self.settings.get("inject_fault"):
            self.hostile.next_apply("try_again")
        if event["kind"] in INTERACTIONS or event["kind"] == "batch":
            facts, tally, known = self._take(event)
            return self._seen(before, facts, tally, known)
        return getattr(self, f"_{event['kind']}")(event, before)

    def _take(self, event: Mapping[str, Any]) -> tuple[list[Interaction], Tally, bool]:
        """What arrives at once is one delivery of many; what arrives in order is drained in between."""
        items = event["items"] if event["kind"] == "batch" else [event]
        batches = [items] if event.get("parallel") else [[item] for item in items]
        facts: list[Interaction] = []
        total = Tally()
        known = False
        for batch in batches:
            read = [fact for item in batch for fact in self.reader.read(item)]
            self.clock.advance_to(max(micros(self.reader.now), *(fact.at for fact in read)))
            total += self.installation.take(read)
            known = known or (total.interactions == 0 and total.known + total.changed > 0)
            total += self.installation.drain()
            facts += read
        return facts, total, known

    def _contact_create(self, event: Mapping[str, Any], before: Any) -> Seen:
        fields = {
            name: event[name] for name in ("first_name", "last_name", "emails", "phones") if name in event
        }
        self.people.add("contact", fields)
        self.installation.drain()
        seen = self._seen(before, [], Tally(), False)
        probe = {"kind": "email", "direction": "inbound", "message_id": "<probe@peer.example>", "to": []}
        sender = {"from": event["emails"][0], "to": [self.settings["users"][0]["email"]]}
        facts, _, _ = self._take({**probe, **sender})
        decision = self.installation.decision(facts[0].id)
        seen.relinked = decision is not None and decision.people[0].verdict == "link"
        seen.outcomes = frozenset({"created"}) if seen.created else frozenset({"conflict"})
        return seen

    def _contact_update(self, event: Mapping[str, Any], before: Any) -> Seen:
        (contact,) = [one for one in before["contacts"] if one["id"] == event["contact"]]
        fields = {
            name: [*(contact[name] or ()), event[f"add_{name[:-1]}"]]
            for name in ("phones", "emails")
            if event.get(f"add_{name[:-1]}")
        }
        self.people.edit("contact", contact["id"], fields)
        self.clock.wait(DAY)
        self.installation.drain()
        seen = self._seen(before, [], Tally(), False)
        seen.linked_history = frozenset(
            id
            for activity in seen.crm["activities"]
            if contact["id"] in activity["contacts"]
            for id in activity["interactions"]
        )
        seen.outcomes = frozenset({"linked"}) if seen.linked_history else frozenset({"logged_unlinked"})
        seen.linked = (contact["id"],) if seen.linked_history else ()
        return seen

    def _merge(self, event: Mapping[str, Any], before: Any) -> Seen:
        self.people.merge(event["remove"], event["keep"])
        self.installation.drain()
        seen = self._seen(before, [], Tally(), False)
        gone = self.crm.read([event["remove"]]).get(event["remove"])
        if isinstance(gone, Moved):
            seen.moved = {event["remove"]: gone.into}
            seen.outcomes = frozenset({"merged"})
        return seen

    # --- what came of it ----------------------------------------------------------------------------

    def _seen(self, before: Mapping[str, Any], facts: list[Interaction], tally: Tally, known: bool) -> Seen:
        crm = self.people.dump()
        crm["accounts"] = [one for one in crm["accounts"] if one["id"] not in self.made_up]
        ids = dict.fromkeys(fact.id for fact in facts)
        decisions = [one for id in ids if (one := self.installation.decision(id)) is not None]
        created = _new(before["contacts"], crm["contacts"])
        activities = [one for one in crm["activities"] if ids.keys() & set(one["interactions"])]
        outcomes = _outcomes(decisions, created, known)
        with self.installation.ledger.read() as tx:
            stored = intake.load(tx, ids)
            parked = len(stuck(tx))
        if tally.later:
            outcomes = frozenset({"error_retry"})
        return Seen(
            outcomes=outcomes,
            crm=crm,
            created=created,
            created_accounts=_new(before["accounts"], crm["accounts"]),
            linked=tuple(dict.fromkeys(id for one in activities for id in (*one["contacts"], *one["leads"]))),
            linked_accounts=tuple(one["account"] for one in activities if one["account"]),
            candidates=frozenset(id for one in decisions for p in one.people for id in p.candidates),
            reasons=frozenset(name for one in decisions for name in one.reasons()),
            name_sources=frozenset(p.name_source for one in decisions for p in one.people),
            activity=self._activity(activities, [stored[id] for id in ids if id in stored]),
            errors=parked,
        )

    def _activity(self, activities: list[dict[str, Any]], facts: list[Interaction]) -> dict[str, Any]:
        """The last activity in the peers' fields, with what the ledger keeps beside it."""
        told: dict[str, Any] = {}
        if activities:
            last = activities[-1]
            told = {
                "direction": last["direction"],
                "duration_s": last["seconds"],
                "result": last["outcome"],
                "recording_url": last["recording"],
                "start": last["at"],
                "at": last["at"],
            }
        if facts:
            fact = facts[-1]
            told["users"] = sorted(sides(fact, TeamIndex(self.book.team)).users)
            told["caller_name"] = next((p.name for p in fact.participants if p.role == "from"), "")
            if isinstance(fact, Call):
                told["ring_s"] = fact.ring_seconds
        return told

    def count(self, crm: Mapping[str, list[dict[str, Any]]]) -> dict[str, int]:
        """Their totals: leads are contacts unless converted, an activity counts once per interaction."""
        return {
            "contacts": len(crm["contacts"]) + sum(not one.get("converted_to") for one in crm["leads"]),
            "accounts": len(crm["accounts"]),
            "activities": len({id for one in crm["activities"] for id in one["interactions"]}),
        }


def all_events(case: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The event, the items of a batch, and everything in the history."""
    for event in (case["event"], *(entry["event"] for entry in case["given"].get("history") or ())):
        yield event
        yield from event.get("items") or ()


def _outcomes(decisions: list[Decision], created: list[Any], known: bool) -> frozenset[str]:
    if created:
        return frozenset({"created"})
    words = [_words(decision) for decision in decisions]
    common = frozenset.intersection(*words) if words else frozenset({"ignored"})
    return common | {"duplicate"} if known else common


def _words(decision: Decision) -> frozenset[str]:
    match decision.activity:
        case "log":
            return frozenset({"linked"})
        case "log_unlinked":
            # Stored without a contact; on an account it is linked to that.
            return frozenset({"logged_unlinked", "linked"} if decision.account else {"logged_unlinked"})
        case "ask":
            return frozenset({"review"})
        case _:
            return frozenset({"ignored"})


def _new(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {one["id"] for one in before}
    return [one for one in after if one["id"] not in known]


def _is_lead(contact: Mapping[str, Any]) -> bool:
    return contact.get("kind") == "lead"


def _record(contact: Mapping[str, Any]) -> dict[str, Any]:
    """Their contact as ours; a name that no person typed is the name of a record that we made."""
    made = contact.get("origin") == "auto" or contact.get("name_origin") in ("header", "derived", "none")
    record: dict[str, Any] = {
        "id": contact["id"],
        "first_name": contact.get("first_name") or "",
        "last_name": contact.get("last_name") or "",
        "emails": contact.get("emails") or [],
        "phones": [phone.removeprefix("fax:").strip() for phone in contact.get("phones") or ()],
        "owner": contact.get("owner") or "",
        "account": contact.get("account") or "",
        "title": contact.get("job_title") or "",
        "created_by_us": made,
        "placeholder": made and not contact.get("first_name") and not contact.get("last_name"),
        "active": contact.get("status") not in ("archived", "closed"),
    }
    if contact.get("last_contacted"):
        record["last_activity_at"] = micros(moment_of(contact["last_contacted"]))
    return record


def _lead(contact: Mapping[str, Any]) -> dict[str, Any]:
    record = {**_record(contact), "converted_to": contact.get("converted_to") or ""}
    del record["account"]
    return record


def _account(account: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": account["id"],
        "name": account["name"],
        "domains": account.get("domains") or [],
        "website": account.get("website") or "",
        "phones": account.get("phones") or [],
        "owner": account.get("owner") or "",
    }
