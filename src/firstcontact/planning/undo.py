"""What is done to take a write of ours back, and what is left as it is, with why (SPEC §10).

Deletes only what is ours and untouched; restores a field only where our value still stands in it: a later
edit of a person's is never undone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from firstcontact.identity.records import Record
from firstcontact.planning.capabilities import Capabilities
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    ContactRoleFields,
    CreatedBy,
    Existing,
    MergeFields,
    Target,
    Write,
    write_key,
)
from firstcontact.policy.field_values import current, handle_key, read_mailing, same

Does = Literal["delete", "restore", "drop", "leave"]
"""delete: it is taken away again. restore: fields are as they were before. drop: it was not sent yet and is
not sent. leave: nothing is done; the step says why."""

DAY = 86_400_000_000

WHYS: dict[str, str] = {
    "not_ours": "it was there already, FirstContact did not make it",
    "edited": "a person has edited it since",
    "gone": "it is not there any more",
    "merged": "it was merged into {into}",
    "by_hand": "{crm} does not let FirstContact take it away; do it there by hand",
    "others_logged": "there is an activity on it that FirstContact did not log",
    "more_on_it": "{others} logged on it; `firstcontact remove contact {record}` takes them, too",
    "others_on_it": "other people are on it: {people}",
    "other_texts": "it holds {count} texts of other interactions; `firstcontact remove activity` takes all",
    "belongs": "it goes with its activity where the CRM does so, else delete it there by hand",
    "sent": "nobody can say yet whether it arrived (`firstcontact stuck`); then remove it again",
    "changed_activity": "it only brought an activity up to date; `firstcontact remove activity "
    "{interaction}` takes that",
    "is_removal": "it took something away itself; that is not undone",
    "account": "accounts are left to people; delete it in {crm} by hand",
    "overwritten": "no value of it stands there any more",
    "nothing_before": "what was there before is not known",
    "not_removed": "what it was to take away is still there",
    "merge": "`firstcontact duplicates undo {loser}` takes a merge back",
}
"""Why something is left, in words; what stands in braces is in the step's values."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A write of ours as it stands: state as in the ledger (`sent`: also one that is under way), the record
    that it made or changed, and whether it made it."""

    write: Write
    state: str
    record: str = ""
    created: bool = False


class OnIt(msgspec.Struct, frozen=True, kw_only=True):
    """An activity or a role of ours on a contact: the key of the write that makes it, when an activity took
    place, whether it was or will be taken back, and whether others are on it, too."""

    write_key: str
    at: int = 0
    taken_back: bool = False
    shared: bool = False


class Before(msgspec.Struct, frozen=True):
    """What we wrote into a field of a record, and what stood there before. field: as
    `policy.known.ContactField`, or `name` for first and last name, apart by a line end."""

    field: str
    value: str
    before: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What taking back rests on.

    records: contacts and leads as the CRM tells them now; a `str` is the id of what one was merged into; one
    that is not here is gone. on_it: of contacts, by write key of their creation, all of ours on them.
    activities: by key of the writes that make them, their fields as they are now. before: by key of the
    updates. taken: keys of writes that are taken back together with these. interactions: beside whose texts
    no others may be on an activity; None: any may. whole: everything on a contact goes with it (`remove
    contact`); else what was not chosen keeps it.
    """

    connection: str
    capabilities: Capabilities
    records: Mapping[str, Record | str] = {}
    on_it: Mapping[str, Sequence[OnIt]] = {}
    activities: Mapping[str, ActivityFields] = {}
    before: Mapping[str, Sequence[Before]] = {}
    taken: Collection[str] = ()
    interactions: Collection[str] | None = None
    whole: bool = False


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one write of ours. write: what is sent for it; why, values: of `WHYS`."""

    key: str
    kind: str
    interaction: str
    subject: str
    does: Does
    record: str = ""
    write: Write | None = None
    why: str = ""
    values: Mapping[str, str] = {}
    fields: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Why it is left, "" where it is not."""
        return WHYS[self.why].format_map(self.values) if self.why in WHYS else self.why


UNSENT = frozenset({"intended", "waiting", "held", "parked"})
_REMOVALS = frozenset({"delete_contact", "delete_activity", "remove_role"})


def take_back(standing: Standing, facts: Facts) -> Step:
    """What is to be done about one write of ours that is to be taken back."""
    kind = standing.write.kind
    if standing.write.interaction and standing.write.subject.startswith("undo "):
        return _left(standing, facts, "is_removal")
    if kind in _REMOVALS:
        return _left(standing, facts, "is_removal")
    if standing.state in ("sent", "unclear"):
        return _left(standing, facts, "sent")
    if kind == "log_activity":
        return _activity(standing, facts)
    if standing.state in UNSENT:
        return _step(standing, "drop")
    if kind == "create_contact":
        return _contact(standing, facts)
    if kind == "update_contact":
        return _update(standing, facts)
    if kind == "contact_role":
        return _role(standing, facts)
    loser = standing.write.fields.loser.id if isinstance(standing.write.fields, MergeFields) else ""
    return _left(standing, facts, _LEFT[kind], loser=loser)


_LEFT = {
    "create_account": "account",
    "update_activity": "changed_activity",
    "time_entry": "belongs",
    "document": "belongs",
    "merge_contacts": "merge",
}


def _contact(standing: Standing, facts: Facts) -> Step:
    """Only one that we made and nobody has touched; ours on it go first."""
    offered = facts.capabilities
    if not standing.created:
        return _left(standing, facts, "not_ours")
    record = facts.records.get(standing.record)
    on_it = facts.on_it.get(standing.write.key, ())
    keeps = keeps_contact(record, on_it, offered)
    if keeps:
        return _left(standing, facts, keeps, into=record if isinstance(record, str) else "")
    assert isinstance(record, Record)
    if not offered.deletes_contact:
        return _left(standing, facts, "by_hand")
    if not facts.whole:
        staying = [one for one in on_it if not one.taken_back and one.write_key not in facts.taken]
        if staying:
            count = len(staying)
            others = "1 other interaction is" if count == 1 else f"{count} other interactions are"
            return _left(standing, facts, "more_on_it", others=others)
    write = _undoing(standing, facts, "delete_contact", Existing(record.type, record.id), ContactFields())
    return _step(standing, "delete", write)


def keeps_contact(record: Record | str | None, on_it: Sequence[OnIt], offered: Capabilities) -> str:
    """Why a contact that we made is not taken away, as the CRM tells of it now; "" where nothing keeps it.

    An activity that is younger than the newest of ours is somebody else's, where the CRM tells of the newest.
    """
    if record is None:
        return "gone"
    if isinstance(record, str):
        return "merged"
    if record.edited_by_person:
        return "edited"
    if offered.marks_ours and not record.created_by_us:
        return "not_ours"
    newest = max((one.at for one in on_it), default=0) + (DAY if offered.last_activity_day else 0)
    if offered.last_activity and record.last_activity_at > newest:
        return "others_logged"
    return ""


def _activity(standing: Standing, facts: Facts) -> Step:
    """An activity with everybody on it; whoever stays on one keeps it."""
    fields = facts.activities.get(standing.write.key, standing.write.fields)
    assert isinstance(fields, ActivityFields)
    texts = [id for id in fields.interactions if id not in (facts.interactions or fields.interactions)]
    if texts:
        return _left(standing, facts, "other_texts", count=str(len(texts)))
    if standing.state in UNSENT:
        return _step(standing, "drop")
    if not facts.capabilities.deletes_activity:
        return _left(standing, facts, "by_hand")
    made = Existing("activity", standing.record)
    bare = msgspec.structs.replace(fields, body="", transcript="")
    write = _undoing(standing, facts, "delete_activity", made, bare)
    return _step(standing, "delete", write)


def of_contact(standing: Standing, contact: str, created_by: str, facts: Facts) -> Step:
    """As `take_back`, for an activity that is to go with a contact: other people on it keep it."""
    fields = facts.activities.get(standing.write.key, standing.write.fields)
    if standing.write.kind == "log_activity" and isinstance(fields, ActivityFields):
        others = [person for person in fields.people if not _is(person, contact, created_by)]
        if others and standing.state not in ("sent", "unclear"):
            people = ", ".join(sorted(each.id for each in others if isinstance(each, Existing))) or "new ones"
            return _left(standing, facts, "others_on_it", people=people)
    return take_back(standing, facts)


def _is(target: Target, contact: str, created_by: str) -> bool:
    return target.id == contact if isinstance(target, Existing) else target.write_key == created_by


def points_at(write: Write, contact: str, created_by: str) -> bool:
    """Whether an activity, a role or an update is about this contact."""
    fields = write.fields
    if isinstance(fields, ActivityFields):
        return any(_is(person, contact, created_by) for person in fields.people)
    if isinstance(fields, ContactRoleFields):
        return _is(fields.contact, contact, created_by)
    return write.target is not None and _is(write.target, contact, created_by)


def _role(standing: Standing, facts: Facts) -> Step:
    fields = standing.write.fields
    assert isinstance(fields, ContactRoleFields)
    if not standing.created:
        return _left(standing, facts, "not_ours")
    contact = fields.contact
    if isinstance(contact, CreatedBy):
        return _left(standing, facts, "gone")
    return _step(standing, "delete", _undoing(standing, facts, "remove_role", None, fields))


# --- fields ------------------------------------------------------------------------------------------------


def _update(standing: Standing, facts: Facts) -> Step:
    """Each field gets back what it had, where what we wrote still stands in it."""
    target = standing.write.target
    id = target.id if isinstance(target, Existing) else standing.record
    record = facts.records.get(id)
    if not isinstance(record, Record):
        return _left(standing, facts, "merged" if record else "gone", into=str(record or ""))
    befores = facts.before.get(standing.write.key, ())
    if not befores:
        return _left(standing, facts, "nothing_before")
    if not facts.capabilities.updates_contacts:
        return _left(standing, facts, "by_hand")
    fields, changed, names = restored(record, befores)
    if not names:
        return _left(standing, facts, "overwritten")
    write = _undoing(standing, facts, "update_contact", Existing(record.type, record.id), fields)
    write = msgspec.structs.replace(write, changed=changed)
    return _step(standing, "restore", write, names)


_TEXTS = ("first_name", "last_name", "title", "department", "seniority", "persona", "company")
_SET = frozenset({*_TEXTS, "mailing"})
"""Fields that an undo sets also to nothing."""


def restored(
    record: Record, befores: Sequence[Before]
) -> tuple[ContactFields, tuple[str, ...], tuple[str, ...]]:
    """The fields of an update that brings back what stood there before, those that it sets even to nothing,
    and the names of all that are brought back: those in which our value stands."""
    values: dict[str, Any] = {}
    names: list[str] = []
    for each in befores:
        back = dict(_back(record, each))
        if back:
            names.append(each.field)
        for name, value in back.items():
            values[name] = (*values.get(name, ()), *value) if isinstance(value, tuple) else value
    return ContactFields(**values), tuple(name for name in values if name in _SET), tuple(names)


def _back(record: Record, each: Before) -> Iterator[tuple[str, Any]]:
    field, value, before = each.field, each.value, each.before
    if field == "name":
        first, _, last = value.partition("\n")
        if (record.first_name, record.last_name) == (first, last):
            yield from (("first_name", ""), ("last_name", ""), ("name", before), ("placeholder", True))
    elif field in ("phone", "mobile", "email"):
        keys = {handle.key for handle in record.handles}
        if handle_key(value, record.country) in keys or value in (*record.emails, *record.phones):
            yield f"without_{'emails' if field == 'email' else 'phones'}", (value,)
            if before and field != "email":
                yield f"{field}s", (before,)
    elif same(field, current(record, field), value, record.country):
        yield field, (read_mailing(before) if before else None) if field == "mailing" else before


# --- steps ---------------------------------------------------------------------------------------------


def undo_key(connection: str, kind: str, key: str) -> str:
    """The key of the write that takes the one of `key` back."""
    return write_key(connection, kind, "undo", key)


_Kind = Literal["delete_contact", "delete_activity", "remove_role", "update_contact"]
_Fields = ContactFields | ActivityFields | ContactRoleFields


def _undoing(
    standing: Standing, facts: Facts, kind: _Kind, target: Existing | None, fields: _Fields
) -> Write:
    key = standing.write.key
    return Write(
        key=undo_key(facts.connection, kind, key),
        kind=kind,
        interaction=standing.write.interaction,
        subject=f"undo {key}",
        fields=fields,
        target=target,
    )


def _step(standing: Standing, does: Does, write: Write | None = None, fields: tuple[str, ...] = ()) -> Step:
    made = standing.write
    return Step(
        key=made.key,
        kind=made.kind,
        interaction=made.interaction,
        subject=made.subject,
        record=standing.record,
        does=does,
        write=write,
        fields=fields,
    )


def _left(standing: Standing, facts: Facts, why: str, **values: str) -> Step:
    step = _step(standing, "leave")
    known = {"crm": facts.capabilities.title, "record": standing.record, "interaction": step.interaction}
    return msgspec.structs.replace(step, why=why, values={**known, **values})
