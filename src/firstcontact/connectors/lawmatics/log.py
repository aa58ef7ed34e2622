"""Activities, time entries and files, and where each of them stands (apis A3).

An activity stands on the matter that was chosen; that of a lead on its newest open matter; else on the
contact, as a note, since interactions stand on matters only. Whether Lawmatics takes notes and events on
contacts is not certain (apis N). Where it refuses, the contact's newest open matter serves; where there is
none, one is made only with the option `create_prospects`, because a new matter sets off the firm's
automations, which write to the client.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from firstcontact.connectors.contract import Rejected, TryAgain
from firstcontact.connectors.lawmatics import activities, texts
from firstcontact.connectors.lawmatics.activities import Id, Stand
from firstcontact.connectors.lawmatics.client import TITLE, Api, Form, Refused, Row
from firstcontact.connectors.lawmatics.mapping import attributes, target
from firstcontact.connectors.lawmatics.marks import Mark, line, read_line
from firstcontact.connectors.lawmatics.matters import Matters
from firstcontact.connectors.lawmatics.users import Users
from firstcontact.connectors.toolkit.attachments import fetch
from firstcontact.connectors.toolkit.http import Lost
from firstcontact.connectors.toolkit.times import iso
from firstcontact.connectors.toolkit.writes import existing
from firstcontact.planning.write import ActivityFields, DocumentFields, TimeEntryFields

REMEMBERED = 1000
"""Activities of which it is remembered where they stand, for what is put beside them a moment later."""
REFUSED_FOR = 3_600_000_000
"""That contacts take no notes is believed for an hour."""
FOLDER = "FirstContact"
_HOUR = 3600
_SECOND = 1_000_000
WHAT_TO_DO = (
    "Open a matter for this contact there, or set the option create_prospects = true, which makes one and "
    "sets off the firm's automations."
)


class Log:
    """Writes activities and what belongs to them. Safe to use from several threads.

    Its methods raise Refused, Rejected, Lost, TryAgain, AuthLapsed.
    """

    def __init__(
        self,
        api: Api,
        matters: Matters,
        users: Users,
        now: Callable[[], int],
        *,
        create_prospects: bool,
        event_type: str,
    ) -> None:
        self._api = api
        self._matters = matters
        self._users = users
        self._now = now
        self._create_prospects = create_prospects
        self._event_type = event_type
        self._lock = threading.Lock()
        self._stands: OrderedDict[str, Stand] = OrderedDict()
        self._refused_at: int | None = None

    # --- activities --------------------------------------------------------------------------------------

    def add(self, fields: ActivityFields, key: str) -> str:
        """The id of the activity that was made."""
        if not fields.people:
            raise Rejected(f"{TITLE} logs nothing without a contact.", ("contact",))
        stand, person = self._chosen(fields)
        try:
            id = self._put(fields, key, stand)
        except Refused as refused:
            if stand.type != "Contact" or refused.status not in (400, 404, 422):
                raise
            elsewhere = self._elsewhere(person, fields, refused)
            id = self._put(fields, key, elsewhere)
            with self._lock:
                self._refused_at = self._now()
            stand = elsewhere
        self._remember(id, stand)
        return str(id)

    def _chosen(self, fields: ActivityFields) -> tuple[Stand, str]:
        """Where an activity is to stand, and the person it is about."""
        person = existing(fields.people[0])
        _numbers(person.id, fields.matter, fields.user)
        if fields.matter:
            return Stand("Prospect", fields.matter), person.id
        believed = self._refused_at is not None and 0 <= self._now() - self._refused_at < REFUSED_FOR
        if person.record == "lead" or believed:
            matter = self._matters.open_of(person.id)
            if matter:
                return Stand("Prospect", matter), person.id
        return Stand("Contact", person.id), person.id

    def _elsewhere(self, person: str, fields: ActivityFields, refused: Refused) -> Stand:
        """A matter to stand on, where the contact itself takes no activity."""
        if refused.status == 404:
            self._api.one(f"contacts/{person}")  # a contact that is gone is said to be
        matter = self._matters.open_of(person)
        if not matter and self._create_prospects:
            title = activities.name_of(fields.subject, fields.kind)
            matter = self._api.create("prospects", {"case_title": title, "contact_id": int(person)})
            self._matters.forget(person)
        if matter:
            return Stand("Prospect", matter)
        raise Rejected(
            f"{refused}. {TITLE} took no activity on the contact itself. {WHAT_TO_DO}", ("contact",)
        )

    def _put(self, fields: ActivityFields, key: str, stand: Stand) -> Id:
        form = activities.form_of(fields.kind, stand)
        text = activities.text_of(fields, key, form)
        users = [fields.user or str(self._users.myself()["id"])] if form == "event" else []
        body = activities.body_of(fields, text, form, stand, users, self._event_type)
        try:
            return Id(form, self._api.create(activities.PATHS[form], body))
        except Refused as refused:
            if (
                form == "event"
                and not self._event_type
                and "event_type" in refused.words.replace(" ", "_").lower()
            ):
                sentence = f"{refused}. Name one in the option event_type."
                raise Rejected(sentence, ("event_type_id",)) from refused
            raise
        except Lost:
            found = self._made(form, key)
            if found is None:
                raise
            return found

    def _made(self, form: activities.Form, key: str) -> Id | None:
        """The activity of a write whose answer was lost, where it is there by now."""
        asked = {
            "fields": "all",
            "filter_by": activities.FIELDS[form],
            "filter_on": f"%{key}%",
            "filter_with": "like",
        }
        try:
            page = self._api.page(activities.PATHS[form], asked)
        except (Refused, TryAgain):
            return None
        for row in page.rows:
            mark = activities.text_there(form, row).mark
            if mark is not None and mark.key == key:
                return Id(form, str(row["id"]))
        return None

    def change(self, id: Id, fields: ActivityFields, names: frozenset[str], key: str) -> Id:
        """The activity with what is new, under the id that it has."""
        _numbers(fields.user)
        row = self._api.one(id.path)
        text = activities.text_changed(id.form, activities.text_there(id.form, row), fields, names, key)
        body = activities.changes(id.form, row, text, fields, names)
        if id.form == "event" and body and "user" in names and fields.user:
            body["user_ids"] = [int(fields.user)]
        stand = self._moved(id.form, row, fields) if names & {"people", "matter"} and fields.people else None
        if stand is not None:
            body |= activities.standing(id.form, stand)
        if body:
            self._save(id, body)
        if stand is not None:
            self._remember(id, stand)
        return id

    def _moved(self, form: activities.Form, row: Row, fields: ActivityFields) -> Stand | None:
        """Where an activity is to stand from now on; None where it may stay."""
        now, (wanted, person) = activities.stands_on(form, row), self._chosen(fields)
        if now == wanted:
            return None
        if now is not None and now.type == "Prospect" and wanted.type == "Contact":
            # A matter of the same person: it was put there since the contact itself could not take it.
            try:
                if target(self._api.one(f"prospects/{now.id}"), "contact")[1] == person:
                    return None
            except Refused as refused:
                if refused.status != 404:
                    raise
        if form == "interaction" and wanted.type == "Contact":
            matter = self._matters.open_of(person)
            if not matter:
                sentence = f"{TITLE} has no matter of this contact for an interaction to be moved to."
                raise Rejected(sentence, ("contact",))
            return Stand("Prospect", matter)
        return wanted

    def _save(self, id: Id, body: activities.Body) -> None:
        try:
            self._api.change(id.path, body)
        except Refused as refused:
            if id.form != "event" or refused.status not in (404, 405):
                raise
            # It was there a moment ago. To make another one in its place would lose its id.
            sentence = f"{refused}. {TITLE} lets no event be changed from outside: change it there."
            raise Rejected(sentence, tuple(sorted(body.keys() - {"send_invites"}))) from refused

    def remove(self, id: Id) -> None:
        """The activity goes; one that is gone already is no error. Nobody is told of an event's end."""
        try:
            self._api.delete(f"{id.path}?notify_attendees=false" if id.form == "event" else id.path)
        except Refused as refused:
            if refused.status != 404:
                raise

    # --- what belongs to an activity ----------------------------------------------------------------------

    def time(self, fields: TimeEntryFields, key: str) -> str:
        """The id of the time entry that was made. The seconds are rounded already, as the settings say."""
        _numbers(fields.user, fields.matter)
        activity = activity_id(existing(fields.activity).id)
        stand = Stand("Prospect", fields.matter) if fields.matter else self._stand_of(activity)
        mark = Mark(
            key=key,
            kind="time_entry",
            interactions=(fields.interaction,),
            seconds=fields.seconds,
            user=fields.user,
        )
        values = {
            "billable": "true" if fields.billable else "false",
            "contactable_type": stand.type,
            "contactable_id": stand.id,
            "description": f"{texts.one_line(fields.subject)}\n{line(mark)}".strip(),
            "duration": f"{fields.seconds / _HOUR:.6f}",
            "started_at": iso(fields.at),
            "completed_at": iso(fields.at + fields.seconds * _SECOND),
        }
        if fields.user:
            values["user_id"] = fields.user
        try:
            return self._api.submit(
                "time_entries/", [(name, (None, value)) for name, value in values.items()]
            )
        except Lost:
            found = self._time_made(key)
            if not found:
                raise
            return found

    def _time_made(self, key: str) -> str:
        asked = {"fields": "all", "filter_by": "description", "filter_on": f"%{key}%", "filter_with": "like"}
        try:
            rows = self._api.page("time_entries", asked).rows
        except (Refused, TryAgain):
            return ""
        for row in rows:
            lines = str(attributes(row).get("description") or "").split("\n")
            if any(mark.key == key for mark in map(read_line, lines) if mark):
                return str(row["id"])
        return ""

    def file(self, fields: DocumentFields) -> tuple[str, bool]:
        """The id of the file that was made, beside whom its activity stands on. Where its address gives
        nothing to anybody, the address is put into the activity's text: then that's its id, and nothing was
        made."""
        activity = activity_id(existing(fields.activity).id)
        stand = self._stand_of(activity)
        content = fetch(fields.uri)
        if content is None:
            self._name_file(activity, fields)
            return str(activity), False
        name = texts.one_line(fields.name)[: activities.SUBJECT_LIMIT] or "file"
        form: Form = [
            ("documentable_type", (None, stand.type)),
            ("documentable_id", (None, stand.id)),
            ("path[]", (None, FOLDER)),
            ("path[]", (None, fields.interaction)),
            ("file", (name, content, fields.content_type or "application/octet-stream")),
        ]
        return self._api.submit("files", form), True

    def _name_file(self, activity: Id, fields: DocumentFields) -> None:
        row = self._api.one(activity.path)
        there = activities.text_there(activity.form, row)
        uri = "" if fields.uri.startswith("data:") else fields.uri
        named = f"File: {texts.one_line(f'{fields.name} {uri}')}"
        if named not in there.files:
            text = texts.with_file(there, named)
            self._save(activity, {activities.FIELDS[activity.form]: texts.written(text)})

    def _stand_of(self, activity: Id) -> Stand:
        with self._lock:
            known = self._stands.get(str(activity))
        if known is not None:
            return known
        row: Row = self._api.one(activity.path)
        stand = activities.stands_on(activity.form, row)
        if stand is None:
            raise Rejected(f"This activity of {TITLE} stands on nobody any more.", ("id",))
        self._remember(activity, stand)
        return stand

    def _remember(self, activity: Id, stand: Stand) -> None:
        with self._lock:
            self._stands[str(activity)] = stand
            while len(self._stands) > REMEMBERED:
                self._stands.popitem(last=False)


def _numbers(*ids: str) -> None:
    for id in ids:
        if id and not (id.isascii() and id.isdigit()):
            raise Rejected(f"{id!r} is no record of {TITLE}.", ("id",))


def activity_id(text: str) -> Id:
    """The activity that an id names. Raises Rejected."""
    found = activities.read_id(text)
    if found is None:
        raise Rejected(f"{text!r} is no activity of {TITLE}.", ("id",))
    return found
