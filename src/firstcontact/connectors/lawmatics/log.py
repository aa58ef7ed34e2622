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
from firstcontact.connectors.lawmatics.client import EVERYTHING, TITLE, Api, Form, Refused, Row
from firstcontact.connectors.lawmatics.keys import Keys
from firstcontact.connectors.lawmatics.mapping import attributes, related, target
from firstcontact.connectors.lawmatics.marks import Mark, line, written_id
from firstcontact.connectors.lawmatics.matters import Matters
from firstcontact.connectors.lawmatics.texts import Text
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
        keys: Keys,
        matters: Matters,
        users: Users,
        now: Callable[[], int],
        *,
        create_prospects: bool,
        event_type: str,
    ) -> None:
        self._api = api
        self._keys = keys
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
        try:
            found = self._keys.activity(form, key, lambda mark: mark.key == key)
        except (Refused, TryAgain):
            return None
        return found[0] if found else None

    def change(self, id: Id, fields: ActivityFields, names: frozenset[str], key: str) -> None:
        """What is new comes into the activity. One that has to stand elsewhere is made there, and taken away
        here: Lawmatics moves none."""
        _numbers(fields.user, fields.matter)
        there, row = self._current(id, fields)
        text = activities.text_changed(there.form, activities.text_there(there.form, row), fields, names, key)
        stand = self._moved(there.form, row, fields, names)
        if stand is not None:
            self._replace(there, row, text, fields, names, stand)
            return
        body = activities.changes(there.form, row, text, fields, names)
        if there.form == "event" and body and "user" in names and fields.user:
            body["user_ids"] = [int(fields.user)]
        if not body:
            return
        try:
            self._api.change(there.path, body)
        except Refused as refused:
            stands = activities.stands_on(there.form, row)
            if there.form != "event" or refused.status not in (404, 405) or stands is None:
                raise
            # It was there a moment ago: PUT is not offered for events (apis N).
            self._replace(there, row, text, fields, names, stands)

    def _current(self, id: Id, fields: ActivityFields) -> tuple[Id, Row]:
        """The activity, also where it was made anew since: by the interactions that it answers to."""
        try:
            return id, self._api.one(id.path)
        except Refused as refused:
            if refused.status != 404 or not fields.interactions:
                raise
            wanted = set(fields.interactions)
            for form in activities.PATHS:
                found = self._keys.activity(
                    form,
                    written_id(fields.interactions[0]),
                    lambda mark: mark.kind == fields.kind and bool(wanted & {*mark.interactions}),
                )
                if found:
                    return found
            raise

    def _moved(
        self, form: activities.Form, row: Row, fields: ActivityFields, names: frozenset[str]
    ) -> Stand | None:
        """Where an activity has to stand from now on; None where it may stay."""
        if not names & {"people", "matter"} or not fields.people:
            return None
        now, person = activities.stands_on(form, row), existing(fields.people[0]).id
        if fields.matter:
            wanted = Stand("Prospect", fields.matter)
            return None if now == wanted else wanted
        if now is not None and person == self._person_of(now):
            return None
        return self._chosen(fields)[0]

    def _person_of(self, stand: Stand) -> str:
        """The contact behind what an activity stands on; "" where that is gone."""
        if stand.type == "Contact":
            return stand.id
        try:
            return target(self._api.one(f"prospects/{stand.id}"), "contact")[1]
        except Refused as refused:
            if refused.status != 404:
                raise
            return ""

    def _replace(
        self, id: Id, row: Row, text: Text, fields: ActivityFields, names: frozenset[str], stand: Stand
    ) -> None:
        """Makes an activity anew with what it says, and takes the old one away. Its mark bears the same key,
        so that a second try finds the first one's."""
        mark = text.mark
        if mark is None:
            return
        form = activities.form_of(mark.kind, stand)
        again = self._keys.activity(form, mark.key, lambda other: other.key == mark.key)
        if again is None or again[0] == id:
            anew, whole = activities.anew(id.form, form, row, text, fields, names)
            if activities.edited(id.form, row):
                whole = activities.as_edited(whole)
            users = related(row, "users") or [fields.user or str(self._users.myself()["id"])]
            body = activities.body_of(
                anew, whole, form, stand, users if form == "event" else [], self._event_type
            )
            self._api.create(activities.PATHS[form], body)
        self.remove(id)

    def remove(self, id: Id) -> None:
        """The activity goes; one that is gone already is no error. Nobody is told of an event's end."""
        try:
            self._api.delete(f"{id.path}?notify_attendees=false" if id.form == "event" else id.path)
        except Refused as refused:
            if refused.status != 404:
                raise

    def take_back(self, id: Id) -> None:
        """The activity goes, unless a person has edited it since."""
        try:
            row = self._api.one(id.path)
        except Refused as refused:
            if refused.status == 404:
                return
            raise
        if activities.edited(id.form, row):
            raise Rejected(f"A person has edited this {id.form} of {TITLE} since.", ("target",))
        self.remove(id)

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
        try:
            return self._keys.time_entry(key)
        except (Refused, TryAgain):
            return ""

    def file(self, fields: DocumentFields, *, doubted: bool) -> tuple[str, bool]:
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
        there = self._file_there(stand, name, len(content)) if doubted else ""
        if there:
            return there, True
        form: Form = [
            ("documentable_type", (None, stand.type)),
            ("documentable_id", (None, stand.id)),
            ("path[]", (None, FOLDER)),
            ("path[]", (None, fields.interaction)),
            ("file", (name, content, fields.content_type or "application/octet-stream")),
        ]
        return self._api.submit("files", form), True

    def _file_there(self, stand: Stand, name: str, size: int) -> str:
        """A file of that name and size there. It bears no key of ours; "" for none."""
        by = "contact_id" if stand.type == "Contact" else "prospect_id"
        for row in self._api.rows("files", {**EVERYTHING, "filter_by": by, "filter_on": stand.id}):
            told = attributes(row)
            named = name in (told.get("name"), told.get("file_name"))
            if named and told.get("file_size") in (None, size, str(size)):
                return str(row["id"])
        return ""

    def _name_file(self, activity: Id, fields: DocumentFields) -> None:
        row = self._api.one(activity.path)
        there = activities.text_there(activity.form, row)
        uri = "" if fields.uri.startswith("data:") else fields.uri
        named = f"File: {texts.one_line(f'{fields.name} {uri}')}"
        if named not in there.files:
            text = texts.with_file(there, named)
            text = activities.left(activity.form, row, text, attributes(row))
            self._api.change(activity.path, {activities.FIELDS[activity.form]: texts.written(text)})

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
