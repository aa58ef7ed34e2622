"""Carrying out writes: one request or a few for each, since Lawmatics takes no batches (apis A3, D).

What Lawmatics answers becomes the outcome whose name is the next step. Where an answer was lost, and where it
takes no more, the rest of the call is left for later: each of them would meet the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from firstcontact.connectors.contract import AuthLapsed, NotOffered, Outcome, Rejected, TryAgain, Unclear
from firstcontact.connectors.lawmatics import mapping, marks
from firstcontact.connectors.lawmatics.client import TITLE, Api, Refused
from firstcontact.connectors.lawmatics.log import Log, activity_id
from firstcontact.connectors.lawmatics.mapping import OTHER
from firstcontact.connectors.lawmatics.marks import CustomFields
from firstcontact.connectors.lawmatics.people import People
from firstcontact.connectors.lawmatics.removing import Remover
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.toolkit.writes import changed_names, existing, fields_of
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    DocumentFields,
    Receipt,
    Target,
    TimeEntryFields,
    Write,
)

_NO_PERMISSION = "There is no permission for it, or somebody else's rights are needed."
Done = tuple[str, bool]
"""The record's id, and whether it was made."""


class Applier:
    """Carries out the writes of one connection, safe to use from several threads."""

    def __init__(
        self,
        api: Api,
        custom: CustomFields,
        people: People,
        log: Log,
        region: str,
        now: Callable[[], int],
    ) -> None:
        self._api = api
        self._custom = custom
        self._people = people
        self._region = region
        self._now = now
        self._log = log
        self._remover = Remover(api, people)
        self._lock = threading.Lock()
        self._doubted: set[str] = set()
        self._do: Mapping[str, Callable[[Write], Done]] = {
            "create_contact": self._create_contact,
            "update_contact": self._update_contact,
            "delete_contact": self._delete_contact,
            "log_activity": lambda write: (log.add(fields_of(write, ActivityFields), write.key), True),
            "update_activity": self._update_activity,
            "delete_activity": self._delete_activity,
            "time_entry": lambda write: (log.time(fields_of(write, TimeEntryFields), write.key), True),
            "document": lambda write: log.file(
                fields_of(write, DocumentFields), doubted=write.key in self._doubted
            ),
        }

    def doubt(self, keys: Sequence[str]) -> None:
        """It was asked whether these were carried out, and not found: a file bears no key, so that it is
        looked for by its name before it is sent again."""
        with self._lock:
            self._doubted.update(keys)

    def apply(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Crm`. Raises NotOffered before anything was sent, AuthLapsed where nothing was carried out."""
        for write in writes:
            check(write)
        outcomes: list[Outcome] = []
        later: TryAgain | None = None
        for write in writes:
            if later is not None:
                outcomes.append(self._in_doubt(write, later))
                continue
            try:
                outcome = self._one(write)
            except AuthLapsed as lapsed:
                if not outcomes:
                    raise
                outcome = TryAgain(str(lapsed), AFTER_TROUBLE)
            if isinstance(outcome, TryAgain):
                later = outcome
            elif isinstance(outcome, Unclear):
                later = TryAgain(f"It waits until {TITLE} answers again.", AFTER_TROUBLE)
            outcomes.append(outcome)
        return outcomes

    def _one(self, write: Write) -> Outcome:
        try:
            id, created = self._do[write.kind](write)
        except Rejected as rejected:
            return rejected
        except Refused as refused:
            return rejected_by(refused)
        except Lost as lost:
            return Unclear(str(lost), write.key)
        except TryAgain as again:
            return self._in_doubt(write, again)
        with self._lock:
            self._doubted.discard(write.key)
        return Receipt(write.key, id, created, self._now())

    def _in_doubt(self, write: Write, again: TryAgain) -> Outcome:
        """A file that may be there is to be looked for by whoever tries next, in this process or another."""
        doubted = write.kind == "document" and write.key in self._doubted
        return Unclear(str(again), write.key) if doubted else again

    # --- contacts ----------------------------------------------------------------------------------------

    def _create_contact(self, write: Write) -> Done:
        custom = self._custom.ours()
        if marks.KEY not in custom:
            # Without it nobody could tell which contacts are ours.
            sentence = f"{TITLE} has no custom field {marks.KEY!r}; firstcontact doctor --fix makes it."
            raise Rejected(sentence, (marks.KEY,))
        new = mapping.new_contact(fields_of(write, ContactFields), write.key, custom, self._region)
        try:
            id = self._api.create("contacts", new.body)
        except Refused:
            self._custom.forget()
            raise
        try:
            self._more(id, new.emails, new.phones)
        except (Refused, TryAgain, AuthLapsed) as error:
            # The contact is there: whoever looks next finds it, and it takes the rest as an update.
            raise Lost(f"{error} The contact was made.") from error
        return id, True

    def _update_contact(self, write: Write) -> Done:
        fields, id = fields_of(write, ContactFields), _number(existing(write.target).id)
        custom = self._custom.ours()
        person = self._people.read(id)
        change = mapping.contact_change(person, fields, custom, self._region, write.changed)
        if change:
            self._people.forget(id)
            for path in self._people.ids_of(id, change.gone) if change.gone else ():
                self._take_away(path)
            # Numbers first: what is told last is the digest that they are in.
            self._more(id, change.emails, change.phones)
            if change.body:
                self._api.change(f"contacts/{id}", change.body)
        return id, False

    def _delete_contact(self, write: Write) -> Done:
        id = _number(existing(write.target).id)
        self._remover.delete(id)
        return id, False

    def _take_away(self, path: str) -> None:
        """What is gone already is no error."""
        try:
            self._api.delete(path)
        except Refused as refused:
            if refused.status != 404:
                raise

    def _more(self, contact: str, emails: Sequence[str], phones: Sequence[str]) -> None:
        """Numbers and addresses beside the main ones (published API, 1.10.0)."""
        for resource, infos in (("email_addresses", emails), ("phone_numbers", phones)):
            for info in infos:
                self._api.create(
                    resource,
                    {
                        "label": OTHER,
                        "info": info,
                        "informationable_type": "Contact",
                        "informationable_id": int(contact),
                    },
                )

    # --- activities --------------------------------------------------------------------------------------

    def _update_activity(self, write: Write) -> Done:
        id = activity_id(existing(write.target).id)
        fields = fields_of(write, ActivityFields)
        self._log.change(id, fields, changed_names(fields, write.changed), write.key)
        return str(id), False

    def _delete_activity(self, write: Write) -> Done:
        id = activity_id(existing(write.target).id)
        self._log.take_back(id)
        return str(id), False


# --- what is offered --------------------------------------------------------------------------------------


def check(write: Write) -> None:
    """Raises NotOffered for what Lawmatics cannot do, as its capabilities say."""
    if write.kind in ("create_account", "contact_role", "remove_role", "merge_contacts"):
        raise NotOffered(f"{TITLE} has neither accounts nor contact roles for us, and merges nobody")
    targets: list[Target | None] = []
    if write.kind in ("update_contact", "delete_contact", "update_activity", "delete_activity"):
        targets.append(write.target)
    fields = write.fields
    if isinstance(fields, ActivityFields):
        targets += fields.people
        if len(fields.people) > 1:
            raise NotOffered(f"an activity of {TITLE} has one person")
        if any(existing(one).record not in ("contact", "lead") for one in fields.people):
            raise NotOffered(f"{TITLE} logs on contacts and leads only")
    elif isinstance(fields, TimeEntryFields | DocumentFields):
        targets.append(fields.activity)
    for target in targets:
        existing(target)


def _number(id: str) -> str:
    """Lawmatics' ids are numbers."""
    if not (id.isascii() and id.isdigit()):
        raise Rejected(f"{id!r} is no record of {TITLE}.", ("id",))
    return id


def rejected_by(refused: Refused) -> Rejected:
    """What Lawmatics said, as what a person has to do something about."""
    if refused.status == 404:
        return Rejected(f"{TITLE} does not have this record any more (404). {refused.words}".strip(), ("id",))
    if refused.status == 403:
        return Rejected(f"{refused}. {_NO_PERMISSION}")
    return Rejected(str(refused), named_fields(refused.words))


def named_fields(words: str) -> tuple[str, ...]:
    """Names of fields in a sentence: words with an underscore, or quoted."""
    found = [
        part.strip("`'\".,:;()[]{}") for part in words.split() if "_" in part or part[:1] in ("`", "'", '"')
    ]
    return tuple(dict.fromkeys(name for name in found if name.isidentifier()))
