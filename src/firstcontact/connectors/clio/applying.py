"""Carrying out writes: one request or a few for each, since Clio takes no batches (apis A2, D).

What Clio answers becomes the outcome whose name is the next step. Where an answer was lost, and where Clio
takes no more, the rest of the call is left for later: each of them would meet the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from firstcontact.connectors.clio import activities, changes, documents, mapping, marks
from firstcontact.connectors.clio.capabilities import CAPABILITIES
from firstcontact.connectors.clio.client import TITLE, Api, Refused, Row
from firstcontact.connectors.clio.marks import CustomFields
from firstcontact.connectors.clio.removing import Remover
from firstcontact.connectors.clio.users import Users
from firstcontact.connectors.contract import AuthLapsed, NotOffered, Outcome, Rejected, TryAgain, Unclear
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.writes import changed_names, existing, fields_of
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    DocumentFields,
    Existing,
    MergeFields,
    Receipt,
    Target,
    TimeEntryFields,
    Write,
)

TURNS = 4
"""How often a record is read and written again where somebody else has changed it in between."""
_NO_PERMISSION = "There is no permission for it, or somebody else's rights are needed."


class Applier:
    """Carries out the writes of one connection, safe to use from several threads."""

    def __init__(
        self, api: Api, custom: CustomFields, users: Users, region: str, now: Callable[[], int]
    ) -> None:
        self._api = api
        self._custom = custom
        self._users = users
        self._region = region
        self._now = now
        self._remover = Remover(api, self._changed, custom.ours, region)
        self._lock = threading.Lock()
        self._doubted: set[str] = set()
        self._do: Mapping[str, Callable[[Write], Receipt]] = {
            "create_contact": self._create_contact,
            "update_contact": self._update_contact,
            "log_activity": self._log_activity,
            "update_activity": self._update_activity,
            "delete_activity": self._delete_activity,
            "time_entry": self._time_entry,
            "merge_contacts": self._merge_contacts,
            "delete_contact": self._delete_contact,
        }

    def doubt(self, keys: Sequence[str]) -> None:
        """It was asked whether these were carried out: before one of them is sent again, a time entry or a
        file that may have been made is looked for, since no search finds those by a key alone."""
        with self._lock:
            self._doubted.update(keys)

    def apply(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Crm`. Raises NotOffered before anything was sent, AuthLapsed where nothing was carried out."""
        for write in writes:
            check(write)
        try:
            faxes = self._faxes(writes)
        except TryAgain as again:
            return [self._in_doubt(write, again) for write in writes]
        outcomes: list[Outcome] = []
        later: TryAgain | None = None
        for write in writes:
            if later is None:
                try:
                    outcome = self._one(write, faxes)
                except AuthLapsed as lapsed:
                    if not outcomes:
                        raise
                    outcome = TryAgain(str(lapsed), AFTER_TROUBLE)
                if isinstance(outcome, TryAgain):
                    later = outcome
                elif isinstance(outcome, Unclear):
                    later = TryAgain(f"It waits until {TITLE} answers again.", AFTER_TROUBLE)
            else:
                outcome = self._in_doubt(write, later)
            outcomes.append(outcome)
        return outcomes

    def _one(self, write: Write, faxes: Mapping[str, Row | Rejected]) -> Outcome:
        held = faxes.get(write.key, {})
        if isinstance(held, Rejected):
            return held
        try:
            if write.kind == "document":
                receipt = self._document(write, held)
            else:
                receipt = self._do[write.kind](write)
        except Rejected as rejected:
            return rejected
        except Refused as refused:
            return _rejected(refused)
        except Lost as lost:
            return Unclear(str(lost), write.key)
        except TryAgain as again:
            return self._in_doubt(write, again)
        with self._lock:
            self._doubted.discard(write.key)
        return receipt

    def _in_doubt(self, write: Write, again: TryAgain) -> Outcome:
        """What may have been made is to be looked for by whoever tries next, in this process or another."""
        doubted = write.key in self._doubted and write.kind in ("time_entry", "document")
        return Unclear(str(again), write.key) if doubted else again

    def _faxes(self, writes: Sequence[Write]) -> dict[str, Row | Rejected]:
        """The communications that files are to be put beside; Clio takes files of faxes only. Raises
        NotOffered."""
        found: dict[str, Row | Rejected] = {}
        for write in writes:
            if write.kind != "document":
                continue
            activity = existing(fields_of(write, DocumentFields).activity).id
            try:
                row = self._api.one(activities.place_of(activity), activities.COMMUNICATION)
            except Refused as refused:
                found[write.key] = _rejected(refused)
                continue
            kind = activities.kind_of(row) or "fax"
            if kind not in CAPABILITIES.files:
                raise NotOffered(f"{TITLE} does not offer files of a {kind}")
            found[write.key] = row
        return found

    # --- contacts ----------------------------------------------------------------------------------------

    def _create_contact(self, write: Write) -> Receipt:
        custom = self._custom.ours()
        if marks.KEY not in custom:
            # Without it nobody could tell after a lost answer whether the contact was made.
            sentence = f"{TITLE} has no custom field {marks.KEY!r}; firstcontact doctor --fix makes it."
            raise Rejected(sentence, (marks.KEY,))
        body = changes.new_contact(fields_of(write, ContactFields), write.key, custom, self._region)
        try:
            made = self._api.create("contacts", body)
        except Refused:
            self._custom.forget()
            raise
        return self._receipt(write, str(made["id"]), created=True)

    def _update_contact(self, write: Write) -> Receipt:
        fields, id = fields_of(write, ContactFields), existing(write.target).id
        custom = self._custom.ours()

        def change(row: Row) -> dict[str, Any]:
            return changes.contact_changes(row, fields, custom, self._region, write.changed)

        self._changed(f"contacts/{_number(id, 'contact')}", mapping.CONTACT, change)
        return self._receipt(write, id, created=False)

    def _merge_contacts(self, write: Write) -> Receipt:
        loser, survivor = fields_of(write, MergeFields).loser.id, existing(write.target).id
        self._remover.merge(str(_number(loser, "loser")), str(_number(survivor, "target")))
        return self._receipt(write, survivor, created=False)

    def _delete_contact(self, write: Write) -> Receipt:
        id = existing(write.target).id
        self._remover.delete(str(_number(id, "target")))
        return self._receipt(write, id, created=False)

    def _changed(self, path: str, fields: str, change: Callable[[Row], dict[str, Any]]) -> None:
        """Read, change, and again where somebody else was quicker (apis A2, `IF-MATCH`)."""
        for _ in range(TURNS):
            row = self._api.one(path, fields)
            body = change(row)
            if not body:
                return
            try:
                self._api.change(path, body, str(row.get("etag") or ""))
                return
            except Refused as refused:
                if refused.status != 412:
                    raise
        raise TryAgain(f"Somebody else keeps changing a record of {TITLE}.", AFTER_TROUBLE)

    # --- activities --------------------------------------------------------------------------------------

    def _log_activity(self, write: Write) -> Receipt:
        fields = fields_of(write, ActivityFields)
        for id in (*activities.people_of(fields), fields.matter, fields.user):
            if id:
                _number(id, "people")
        if fields.kind != "meeting":
            made = self._api.create(
                "communications", activities.new_communication(fields, write.key, fields.user)
            )
            return self._receipt(write, str(made["id"]), created=True)
        calendar = self._users.calendar(fields.user)
        if not calendar:
            raise Rejected(f"{TITLE} has no calendar for this meeting.", ("calendar_owner",))
        made = self._api.create("calendar_entries", activities.new_entry(fields, write.key, calendar))
        return self._receipt(write, f"{activities.ENTRY_PREFIX}{made['id']}", created=True)

    def _update_activity(self, write: Write) -> Receipt:
        fields, id = fields_of(write, ActivityFields), existing(write.target).id
        names = changed_names(fields, write.changed)

        def change(row: Row) -> dict[str, Any]:
            if not activities.is_entry(id):
                return activities.communication_changes(row, fields, names, fields.user)
            calendar = self._users.calendar(fields.user) if "user" in names else ""
            return activities.entry_changes(row, fields, names, calendar)

        asked = activities.ENTRY if activities.is_entry(id) else activities.COMMUNICATION
        self._changed(activities.place_of(id), asked, change)
        return self._receipt(write, id, created=False)

    def _delete_activity(self, write: Write) -> Receipt:
        """Unless a person has edited it since; one that is gone is no error."""
        id = existing(write.target).id
        place = activities.place_of(id)
        asked = activities.ENTRY if activities.is_entry(id) else activities.COMMUNICATION
        for _ in range(TURNS):
            try:
                row = self._api.one(place, asked)
                if activities.edited(row):
                    raise Rejected(f"A person has edited this {TITLE} record since.", ("target",))
                self._api.delete(place, str(row.get("etag") or ""))
            except Refused as refused:
                if refused.status == 412:
                    continue
                if refused.status != 404:
                    raise
            return self._receipt(write, id, created=False)
        raise TryAgain(f"Somebody else keeps changing a record of {TITLE}.", AFTER_TROUBLE)

    # --- what belongs to an activity ----------------------------------------------------------------------

    def _time_entry(self, write: Write) -> Receipt:
        """The seconds are rounded already, as the settings say."""
        fields = fields_of(write, TimeEntryFields)
        activity = existing(fields.activity).id
        entry = activities.is_entry(activity)
        number = int(activity.removeprefix(activities.ENTRY_PREFIX))
        on = "calendar_entry" if entry else "communication"
        body: dict[str, Any] = {
            "type": "TimeEntry",
            "date": self._users.day(fields.at, fields.user),
            "quantity": fields.seconds,
            "note": " ".join(clean(fields.subject).split()),
            "non_billable": not fields.billable,
            on: {"id": number},
        }
        if fields.matter:
            body["matter"] = {"id": int(fields.matter)}
        if fields.user:
            body["user"] = {"id": int(fields.user)}
        if write.key in self._doubted:
            there = self._api.rows(
                "activities", "id,quantity,date", {f"{on}_id": number, "type": "TimeEntry"}
            )
            same = [row for row in there if row.get("quantity") == fields.seconds]
            if same:
                return self._receipt(write, str(same[0]["id"]), created=True)
        made = self._api.create("activities", body)
        return self._receipt(write, str(made["id"]), created=True)

    def _document(self, write: Write, held: Row) -> Receipt:
        again = write.key in self._doubted
        fields = fields_of(write, DocumentFields)
        return documents.carry(self._api, self._changed, write, fields, held, again, self._now())

    def _receipt(self, write: Write, id: str, *, created: bool) -> Receipt:
        return Receipt(write.key, id, created, self._now())


_ABOUT = frozenset(
    {"update_contact", "update_activity", "delete_activity", "merge_contacts", "delete_contact"}
)
"""Kinds of writes that are about a record that is there."""


# --- what is offered --------------------------------------------------------------------------------------


def check(write: Write) -> None:
    """Raises NotOffered for what Clio cannot do, as its capabilities say."""
    if write.kind in ("create_account", "contact_role", "remove_role"):
        raise NotOffered(f"{TITLE} has neither accounts nor contact roles")
    targets: list[Target | None] = []
    if write.kind in _ABOUT:
        targets.append(write.target)
    fields = write.fields
    if isinstance(fields, ActivityFields):
        targets += fields.people
        if any(isinstance(one, Existing) and one.record != "contact" for one in fields.people):
            raise NotOffered(f"{TITLE} logs on contacts only")
    elif isinstance(fields, TimeEntryFields | DocumentFields):
        targets.append(fields.activity)
    for target in targets:
        existing(target)


def _number(id: str, field: str) -> int:
    """Clio's ids are numbers."""
    if not (id.isascii() and id.isdigit()):
        raise Rejected(f"{id!r} is no record of {TITLE}.", (field,))
    return int(id)


def _rejected(refused: Refused) -> Rejected:
    """What Clio said, as what a person has to do something about."""
    if refused.status == 404:
        return Rejected(f"{TITLE} does not have this record any more (404). {refused.words}".strip(), ("id",))
    if refused.status == 403:
        return Rejected(f"{refused}. {_NO_PERMISSION}")
    return Rejected(str(refused), named_fields(refused.words))


def named_fields(words: str) -> tuple[str, ...]:
    """Names of Clio's fields in its sentence: words with an underscore, quoted or in front of a colon."""
    found = [
        part.strip("`'\".,:;()[]{}")
        for part in words.split()
        if "_" in part or part[:1] in "`'\"" or part.endswith(":")
    ]
    return tuple(dict.fromkeys(name for name in found if name.isidentifier()))
