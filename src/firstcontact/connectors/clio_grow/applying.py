"""Carrying out writes, one request for each: Clio Grow takes no batches, no key, and refuses no duplicate.

What it answers becomes the outcome whose name is the next step. Where an answer was lost, and where Clio Grow
takes no more, the rest of the call is left for later: each of them would meet the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from firstcontact.connectors.clio_grow import mapping
from firstcontact.connectors.clio_grow.client import TITLE, LeadInbox, Platform, Refused
from firstcontact.connectors.contract import (
    AuthLapsed,
    Capabilities,
    NotOffered,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.toolkit.writes import existing, fields_of
from firstcontact.planning.write import ActivityFields, ContactFields, Receipt, Write

INBOX_PREFIX = "inbox:"
"""The Lead Inbox gives no id: a lead that it was told is called by the write that told it."""
_KEY_DIGITS = 20
_NO_PERMISSION = "There is no permission for it: allow it for the application in Clio, and connect again."
_NO_CONTACTS = (
    "The platform API has no documented way to make contacts; with `writes = false` whoever is unknown "
    "becomes a lead of the inbox."
)

Do = Mapping[str, Callable[[Write], Receipt]]


def carry(writes: Sequence[Write], do: Do) -> list[Outcome]:
    """The outcome of each write in turn. Raises AuthLapsed where nothing was carried out."""
    outcomes: list[Outcome] = []
    later: TryAgain | None = None
    for write in writes:
        if later is not None:
            outcomes.append(later)
            continue
        try:
            outcome = _one(write, do)
        except AuthLapsed as lapsed:
            if not any(isinstance(each, Receipt | Unclear) for each in outcomes):
                raise
            outcome = TryAgain(str(lapsed), AFTER_TROUBLE)
        if isinstance(outcome, TryAgain):
            later = outcome
        elif isinstance(outcome, Unclear):
            later = TryAgain(f"It waits until {TITLE} answers again.", AFTER_TROUBLE)
        outcomes.append(outcome)
    return outcomes


def _one(write: Write, do: Do) -> Outcome:
    try:
        return do[write.kind](write)
    except Rejected as rejected:
        return rejected
    except Refused as refused:
        return rejected_as(refused)
    except Lost as lost:
        return Unclear(str(lost), write.key)
    except TryAgain as again:
        return again


def rejected_as(refused: Refused) -> Rejected:
    """What Clio Grow said, as what a person has to do something about."""
    if refused.status == 404:
        return Rejected(f"{TITLE} does not have this record any more (404). {refused.words}".strip(), ("id",))
    if refused.status == 403:
        return Rejected(f"{refused} {_NO_PERMISSION}")
    return Rejected(str(refused), refused.fields)


def check(write: Write, offered: Capabilities) -> None:
    """Raises NotOffered for what this connection cannot do, as its capabilities say."""
    changes = write.kind == "update_contact" and offered.updates_contacts
    if write.kind not in ("create_contact", "log_activity") and not changes:
        raise NotOffered(f"{TITLE} does not offer {write.kind} by this connection")
    if changes:
        existing(write.target)
    fields = write.fields
    if not isinstance(fields, ActivityFields):
        return
    if fields.kind not in offered.logs:
        raise NotOffered(f"{TITLE} has no place for a log of a {fields.kind} by this connection")
    people = [existing(person) for person in fields.people]
    if len(people) > 1:
        raise NotOffered(f"a note of {TITLE} stands on one contact")
    if any(person.record != "contact" for person in people):
        raise NotOffered(f"{TITLE} logs on contacts only")


class PlatformApplier:
    """Carries out the writes of one connection by the platform API, safe to use from several threads."""

    def __init__(
        self,
        api: Platform,
        offered: Capabilities,
        region: str,
        referring_url: str,
        now: Callable[[], int],
    ) -> None:
        self._api = api
        self._offered = offered
        self._region = region
        self._referring_url = referring_url
        self._now = now
        self._do: Do = {
            "create_contact": self._create_lead if offered.creates_leads else self._create_contact,
            "update_contact": self._update_contact,
            "log_activity": self._log_activity,
        }

    def apply(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Crm`. Raises NotOffered before anything was sent, AuthLapsed where nothing was carried out."""
        for write in writes:
            check(write, self._offered)
        return carry(writes, self._do)

    def _create_contact(self, write: Write) -> Receipt:
        try:
            made = self._api.create("contacts", mapping.new_contact(fields_of(write, ContactFields)))
        except Refused as refused:
            if refused.status in (404, 405):
                raise Rejected(f"{refused} {_NO_CONTACTS}") from refused
            raise
        return self._receipt(write, str(made["id"]), created=True)

    def _create_lead(self, write: Write) -> Receipt:
        fields = fields_of(write, ContactFields)
        made = self._api.create("inbox_leads", mapping.new_lead(fields, write.key, self._referring_url))
        return self._receipt(write, f"{mapping.LEAD_PREFIX}{made['id']}", created=True)

    def _update_contact(self, write: Write) -> Receipt:
        fields, id = fields_of(write, ContactFields), existing(write.target).id
        path = f"contacts/{_number(id, 'contact')}"
        changes = mapping.contact_changes(self._api.one(path), fields, self._region, write.changed)
        if changes:
            self._api.change(path, changes)
        return self._receipt(write, id, created=False)

    def _log_activity(self, write: Write) -> Receipt:
        fields = fields_of(write, ActivityFields)
        if not fields.people:
            raise Rejected(f"{TITLE} logs a {fields.kind} only on a contact.", ("people",))
        contact = _number(existing(fields.people[0]).id, "people")
        made = self._api.create(f"contacts/{contact}/notes", mapping.new_note(fields, write.key))
        return self._receipt(write, str(made["id"]), created=True)

    def _receipt(self, write: Write, id: str, *, created: bool) -> Receipt:
        return Receipt(write.key, id, created, self._now())


class InboxApplier:
    """Tells the Lead Inbox of new people, safe to use from several threads."""

    def __init__(
        self, inbox: LeadInbox, offered: Capabilities, referring_url: str, now: Callable[[], int]
    ) -> None:
        self._inbox = inbox
        self._offered = offered
        self._referring_url = referring_url
        self._now = now

    def apply(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Crm`. Raises NotOffered before anything was sent, AuthLapsed where nothing was carried out."""
        for write in writes:
            check(write, self._offered)
        return carry(writes, {"create_contact": self._tell})

    def _tell(self, write: Write) -> Receipt:
        fields = fields_of(write, ContactFields)
        self._inbox.tell(mapping.told_lead(fields, write.key, self._referring_url))
        return Receipt(write.key, inbox_id(write.key), created=True, at=self._now())


def inbox_id(write_key: str) -> str:
    """What a lead that the Lead Inbox was told is called, the same at every telling of one write."""
    return f"{INBOX_PREFIX}{write_key[:_KEY_DIGITS]}"


def _number(id: str, field: str) -> int:
    """Clio Grow's ids are numbers; a lead's is not one that can be logged on or changed."""
    if not (id.isascii() and id.isdigit()):
        raise Rejected(f"{id!r} is no contact of {TITLE}.", (field,))
    return int(id)
