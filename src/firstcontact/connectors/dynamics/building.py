"""Each write of a call as a job, once what is there has been read."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence

from firstcontact.connectors.contract import MovedTo, NotOffered, Outcome, Rejected, TryAgain
from firstcontact.connectors.dynamics import activities, contacts, ending, jobs, mapping, odata
from firstcontact.connectors.dynamics.activities import About
from firstcontact.connectors.dynamics.client import Api, Row
from firstcontact.connectors.dynamics.jobs import Job
from firstcontact.connectors.dynamics.mapping import Bind, text
from firstcontact.connectors.dynamics.names import ACTIVITIES, CONTINUED, KEY, SETS, TITLE, id_of
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Environment, Table
from firstcontact.connectors.toolkit.attachments import fetch, inline
from firstcontact.connectors.toolkit.writes import existing, fields_of
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    CreatedBy,
    DocumentFields,
    Existing,
    Fields,
    MergeFields,
    Receipt,
    Target,
    Write,
    WriteKind,
)

INDEX_SECONDS = 60.0
"""Seconds until a key whose index is being built is asked for again."""
_LOGGED = "activitypointer"
_POINTER = ("activityid", "_regardingobjectid_value", "_createdby_value", "_modifiedby_value")
_NOTE = ("annotationid", "_objectid_value", "notetext")
_MAKES: Mapping[WriteKind, str] = {
    "create_contact": "contact",
    "create_account": "account",
    "log_activity": "activity",
}


class Builder:
    """Makes jobs of the writes of one call."""

    def __init__(
        self, api: Api, environment: Environment, region: str, now: int, writes: Sequence[Write], detect: bool
    ) -> None:
        """now: microseconds. detect: whether duplicate detection is switched on for contacts."""
        self._api = api
        self._environment = environment
        self._region = region
        self._now = now
        self._writes = writes
        self._detect = detect
        self._places = made_by(writes)
        self._rows: dict[str, Row] = {}
        self._notes: dict[str, Row] = {}
        self._logged_on: set[str] = set()

    def read(self, places: Iterable[int]) -> None:
        """The rows that these writes change, in one request, if any. Raises TryAgain, AuthLapsed, Refused."""
        wanted: dict[str, dict[str, None]] = {}
        logged: list[str] = []
        leaving: list[str] = []
        for write in (self._writes[place] for place in places):
            targets = [existing(write.target)] if write.kind in _ON_EXISTING else []
            targets += [write.fields.loser] if isinstance(write.fields, MergeFields) else []
            for table, id in map(split, targets):
                if id:
                    wanted.setdefault(table, {})[id] = None
                    logged += [id] if write.kind == "update_activity" else []
                    leaving += [id] if write.kind == "delete_contact" else []
        asked = [
            (name, odata.select(SETS[name], self._columns(name), odata.among(id_of(name), some)))
            for name, ids in wanted.items()
            for some in odata.lists(list(ids))
        ]
        asked += [
            (_LOGGED, odata.select("activitypointers", _POINTER, odata.among("regardingobjectid", some)))
            for some in odata.lists(leaving)
        ]
        subject = f"subject eq {odata.quoted(CONTINUED)}"
        asked += [
            ("", odata.select("annotations", _NOTE, f"{subject} and {odata.among('objectid', some)}"))
            for some in odata.lists(logged)
        ]
        for (name, _), answer in zip(asked, self._api.rows([path for _, path in asked]), strict=True):
            for row in answer.rows:
                if name == _LOGGED:
                    by = {guid(text(row, one)) for one in ("_createdby_value", "_modifiedby_value")}
                    if by - {self._environment.me}:
                        self._logged_on.add(guid(text(row, "_regardingobjectid_value")))
                elif name and not mapping.merged_away(row):
                    self._rows[guid(text(row, id_of(name)))] = row
                elif not name:
                    self._notes[guid(text(row, "_objectid_value"))] = row

    def _columns(self, name: str) -> tuple[str, ...]:
        table = self._environment.table(name)
        if name in ACTIVITIES:
            return activities.activity_columns(table)
        merges = name == "contact" and any(write.kind == "merge_contacts" for write in self._writes)
        columns = mapping.record_columns(table)
        return tuple(dict.fromkeys((*columns, *contacts.fillable(table)))) if merges else columns

    def build(self, place: int) -> Job | Outcome:
        """The job of a write, or its outcome where nothing is to be sent."""
        write = self._writes[place]
        try:
            return _BUILD[write.kind](self, place, write)
        except (Rejected, MovedTo, TryAgain) as refusal:
            return refusal

    # --- each kind of write ---------------------------------------------------------------------------

    def _create_contact(self, place: int, write: Write) -> Job:
        fields = fields_of(write, ContactFields)
        table = self._ready("contact")
        values = contacts.new_contact(fields, table, self._region)
        if fields.account is not None:
            values["parentcustomerid_account"] = self._bind(fields.account, "account")
        headers = jobs.DETECT if self._detect else {}
        step = jobs.make("contact", write.key, values, headers)
        return Job(write=place, table="contact", steps=(step,), makes=True)

    def _create_account(self, place: int, write: Write) -> Job:
        table = self._ready("account")
        values = mapping.new_account(fields_of(write, AccountFields), table)
        step = jobs.make("account", write.key, values)
        return Job(write=place, table="account", steps=(step,), makes=True)

    def _update_contact(self, place: int, write: Write) -> Job | Outcome:
        fields = fields_of(write, ContactFields)
        name, id = split(existing(write.target))
        row = self._row(name, id, existing(write.target).id)
        into = mapping.merged_into(row)
        if into:
            return moved(name, id, into)
        table = self._environment.table(name)
        me = self._environment.me
        values = contacts.changed_contact(fields, write.changed, row, table, self._region, me)
        if fields.account is not None and name == "contact":
            values["parentcustomerid_account"] = self._bind(fields.account, "account")
        elif "account" in write.changed and text(row, "_parentcustomerid_value"):
            values = contacts.kept_mark(
                {**values, "parentcustomerid_account@odata.bind": None}, row, table, me
            )
        if not values:
            return self._done(write, id)
        step = jobs.put(name, id, values, text(row, "@odata.etag"))
        return Job(write=place, table=name, steps=(step,), id=id)

    def _log_activity(self, place: int, write: Write) -> Job:
        fields = fields_of(write, ActivityFields)
        name = activities.table_for(fields.kind)
        if fields.kind == "sms" and not fields.people:
            raise Rejected(f"A text is logged on a contact or a lead in {TITLE}.", ("people",))
        table = self._ready(name)
        values = activities.new_activity(fields, table, self._about(fields))
        steps = [jobs.make(name, write.key, values)]
        rest = activities.described(fields, table)[1]
        if rest:
            note = odata.guid_from(write.key)
            steps.append(jobs.continued(note, name, rest, Bind(name, write=place)))
        state = activities.state_of(fields, name, self._now)
        if state is not None:
            steps.append(jobs.close(state))
        return Job(write=place, table=name, steps=tuple(steps), makes=True)

    def _update_activity(self, place: int, write: Write) -> Job | Outcome:
        fields = fields_of(write, ActivityFields)
        name, id = split(existing(write.target))
        row = self._row(name, id, existing(write.target).id)
        table = self._environment.table(name)
        about = self._about(fields)
        values = activities.changed_activity(fields, write.changed, row, table, about, self._environment.me)
        description, rest = activities.described(fields, table)
        note: list[jobs.Step] = []
        # Of two long texts the description may be alike, and its rest not.
        same = "body" in write.changed and text(row, "description") == description
        if "description" in values or same:
            note = self._note(write, name, id, rest)
        if not values and note:
            return Job(write=place, table=name, steps=tuple(note), id=id)
        if not values:
            return self._done(write, f"{name}:{id}")
        before, after = activities.states_around(fields, row, name, self._now)
        steps = [] if before is None else [_state(name, id, before, text(row, "@odata.etag"))]
        steps.append(jobs.put(name, id, values, "" if steps else text(row, "@odata.etag")))
        steps += note
        if after is not None:
            steps.append(_state(name, id, after))
        return Job(write=place, table=name, steps=tuple(steps), id=id)

    def _note(self, write: Write, name: str, id: str, rest: str) -> list[jobs.Step]:
        """The note with the rest of the description is made, changed or taken away."""
        note = self._notes.get(id)
        if note is None:
            made = odata.guid_from(write.key)
            return [jobs.continued(made, name, rest, Bind(name, id))] if rest else []
        note_id = guid(text(note, "annotationid"))
        if not rest:
            return [jobs.Step(method="DELETE", path=jobs.by_id("annotation", note_id))]
        return [jobs.put("annotation", note_id, {"notetext": rest})] if rest != text(note, "notetext") else []

    def _delete_activity(self, place: int, write: Write) -> Job | Outcome:
        given = existing(write.target).id
        name, id = split(existing(write.target))
        row = self._rows.get(id)
        if not id or name not in ACTIVITIES or row is None:
            return self._done(write, given)
        if not text(row, KEY):
            raise Rejected(f"The activity {given!r} was made by a person in {TITLE}.", ("target",))
        if activities.edited(row, self._environment.me):
            raise Rejected(f"A person has edited the activity {given!r} in {TITLE} since.", ("target",))
        headers = {"If-Match": text(row, "@odata.etag") or "*"}
        step = jobs.Step(method="DELETE", path=jobs.by_id(name, id), headers=headers)
        return Job(write=place, table=name, steps=(step,), id=id)

    def _merge_contacts(self, place: int, write: Write) -> Job | Outcome:
        loser, survivor = fields_of(write, MergeFields).loser.id, existing(write.target).id
        kept = self._rows.get(survivor)
        into = mapping.merged_into(kept) if kept is not None else ""
        if into and into != loser:
            return moved("contact", survivor, into)
        table, me = self._environment.table("contact"), self._environment.me
        job = ending.merge(place, loser, survivor, self._rows, table, self._region, me)
        return self._done(write, survivor) if job is None else job

    def _delete_contact(self, place: int, write: Write) -> Job | Outcome:
        id = existing(write.target).id
        row = self._rows.get(id)
        if row is None:
            return self._done(write, id)
        return ending.deletion(place, row, self._environment.me, id in self._logged_on)

    def _document(self, place: int, write: Write) -> Job:
        fields = fields_of(write, DocumentFields)
        bind = self._bind(fields.activity, "activity")
        if bind.table not in ACTIVITIES:
            raise Rejected(f"There is no activity {bind.id!r} in {TITLE}.", ("activity",))
        name = mapping.clean(fields.name, 255) or "file"
        content, said = _content(fields, name)
        step = jobs.a_file(
            write.key,
            bind.table,
            bind,
            name=name,
            content_type=mapping.clean(fields.content_type),
            content=content,
            text=mapping.clean("\n".join((f"Interaction: {fields.interaction}", *said))),
        )
        return Job(write=place, table="annotation", steps=(step,), makes=True, note=True)

    # --- parts of writes ------------------------------------------------------------------------------

    def _ready(self, name: str) -> Table:
        """A table with our key in it. Raises Rejected, TryAgain."""
        table = self._environment.table(name)
        if table.ready:
            return table
        if table.key in ("Pending", "InProgress"):
            raise TryAgain(f"{TITLE} is still building the index of our key on {name}.", INDEX_SECONDS)
        raise Rejected(
            f"{TITLE} has no key of ours on {name} yet, or our user may not see it; "
            "firstcontact doctor --fix makes it.",
            ("fc_key",),
        )

    def _row(self, name: str, id: str, given: str) -> Row:
        row = self._rows.get(id)
        if row is None or not id:
            raise Rejected(f"There is no {name or 'record'} {given!r} in {TITLE} any more.")
        return row

    def _bind(self, target: Target, table: str) -> Bind:
        if isinstance(target, CreatedBy):
            place = self._places[target.write_key]
            made = self._writes[place]
            if isinstance(made.fields, ActivityFields):
                return Bind(activities.table_for(made.fields.kind), write=place)
            return Bind(_MAKES[made.kind], write=place)
        name, id = split(target)
        if not id:
            raise Rejected(f"There is no {table} {target.id!r} in {TITLE}.", (table,))
        return Bind(name, id)

    def _about(self, fields: ActivityFields) -> About:
        people = tuple(self._bind(one, "contact") for one in fields.people)
        others = [
            Bind(table, id)
            for table, id in (("incident", guid(fields.matter)), ("opportunity", guid(fields.opportunity)))
            if id
        ]
        if fields.account is not None:
            others.append(self._bind(fields.account, "account"))
        return About(people=people, others=tuple(others))

    def _done(self, write: Write, id: str) -> Receipt:
        return Receipt(write.key, id, False, self._now)


def _state(name: str, id: str, state: activities.State, etag: str = "") -> jobs.Step:
    return jobs.put(name, id, {"statecode": state[0], "statuscode": state[1]}, etag)


def _content(fields: DocumentFields, name: str) -> tuple[str, tuple[str, ...]]:
    """A file's content (base64), "" where it cannot be had, and what the note then says of it."""
    if not fields.uri:
        return "", (f"File: {name}", "It was not handed over with the interaction.")
    if fields.uri.startswith("data:"):
        content = inline(fields.uri)
        if content is None:
            raise Rejected(f"The file {name} cannot be read from its address.", ("uri",))
    else:
        content = fetch(fields.uri)
    if content is None:
        return "", (f"File: {name}", fields.uri)
    return base64.b64encode(content).decode(), ()


def split(target: Existing) -> tuple[str, str]:
    """Table and id of a record that is there; "" for an id that is none."""
    if target.record == "activity":
        table, _, id = target.id.partition(":")
        return (table, guid(id)) if table in ACTIVITIES else ("", "")
    return target.record, guid(target.id)


def moved(table: str, id: str, into: str) -> MovedTo:
    """What is said of a merged record."""
    return MovedTo(f"The {table} {id!r} was merged into {into!r} in {TITLE}.", table, into)


def made_by(writes: Sequence[Write]) -> dict[str, int]:
    """The place of each write that makes something others can point at, by its key."""
    return {write.key: place for place, write in enumerate(writes) if write.kind in _MAKES}


def check(writes: Sequence[Write]) -> None:
    """What is no business of Dynamics. Raises NotOffered."""
    made = made_by(writes)
    for write in writes:
        if write.kind not in _BUILD:
            raise NotOffered(f"{TITLE} does not offer a {write.kind}")
        fields_of(write, _FIELDS[write.kind])
        if write.kind in _ON_EXISTING:
            existing(write.target)
        for target in _targets(write.fields):
            if isinstance(target, CreatedBy) and target.write_key not in made:
                raise NotOffered("a write points at a record that has no id yet and is not made with it")


def _targets(fields: Fields) -> list[Target]:
    found = [getattr(fields, name, None) for name in ("account", "activity")]
    return [one for one in (*found, *getattr(fields, "people", ())) if one is not None]


_FIELDS: Mapping[WriteKind, type[Fields]] = {
    "create_contact": ContactFields,
    "create_account": AccountFields,
    "update_contact": ContactFields,
    "log_activity": ActivityFields,
    "update_activity": ActivityFields,
    "delete_activity": ActivityFields,
    "document": DocumentFields,
    "merge_contacts": MergeFields,
    "delete_contact": ContactFields,
}
_ON_EXISTING = frozenset(
    {"update_contact", "update_activity", "delete_activity", "merge_contacts", "delete_contact"}
)
_BUILD: Mapping[WriteKind, Callable[[Builder, int, Write], Job | Outcome]] = {
    "create_contact": Builder._create_contact,
    "create_account": Builder._create_account,
    "update_contact": Builder._update_contact,
    "log_activity": Builder._log_activity,
    "update_activity": Builder._update_activity,
    "delete_activity": Builder._delete_activity,
    "document": Builder._document,
    "merge_contacts": Builder._merge_contacts,
    "delete_contact": Builder._delete_contact,
}
