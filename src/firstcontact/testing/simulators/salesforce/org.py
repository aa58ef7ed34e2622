"""The org's state: records, who may see which field, and transactions that can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import msgspec

from firstcontact.testing.simulators.salesforce import ours, times
from firstcontact.testing.simulators.salesforce.ids import make_id
from firstcontact.testing.simulators.salesforce.refusal import Refusal, invalid_field, invalid_type
from firstcontact.testing.simulators.salesforce.schema import Field, Kind, read_kinds

Row = dict[str, Any]
"""A record: API names of fields to values as JSON has them. Replaced, never changed."""

SWITCHED_OFF = {
    "EmailMessage": "enhanced_email",
    "EmailMessageRelation": "enhanced_email",
    "AccountTeamMember": "account_teams",
    "OpportunityTeamMember": "opportunity_teams",
    "TaskRelation": "shared_activities",
    "EventRelation": "shared_activities",
}
"""Objects that are there only where a feature is switched on, and its quirk (apis A1, "Activities")."""


class Org:
    """Everything that the org holds. Not for several threads: who uses it holds the simulator's lock."""

    def __init__(self, now: Callable[[], int], quirks: Mapping[str, Any], lag: float) -> None:
        self._clock = now
        self.quirks = dict(quirks)
        self.lag = lag
        self.kinds = read_kinds()
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in self.kinds}
        self.written: list[tuple[str, str]] = []
        """Objects and ids in the order in which they were written, for the search index to catch up with."""
        self._unique: dict[tuple[str, str], dict[str, set[str]]] = {}
        self._numbers = count(1)
        self._journal: list[tuple[str, str, Row | None]] = []
        self._last = 0
        self._at = ""
        self.person = ""
        self.api_user = ""
        self.acting = ""
        """Whose transaction it is."""
        self.by_people: set[str] = set()
        """Ids of records that a person has edited."""
        self._readable: set[tuple[str, str]] = set()
        self._editable: set[tuple[str, str]] = set()
        for name, fields in ours.OWN.items():
            self.add_fields(name, fields)

    # --- time -------------------------------------------------------------------------------------

    def now(self) -> int:
        """Milliseconds."""
        return self._clock() // 1000

    def at(self) -> str:
        """The time of this transaction; each one that writes has its own, unless `modstamp` is `seconds`."""
        return self._at or times.written(self._resolved(self.now()))

    def _resolved(self, now: int) -> int:
        return now // 1000 * 1000 if self.quirks.get("modstamp") == "seconds" else now

    @contextmanager
    def transaction(self, user: str) -> Iterator[None]:
        """Writes of one request or of one thing a person does, at one time."""
        before, self.acting = self.acting, user
        now = self._resolved(self.now())
        if self.quirks.get("modstamp") != "seconds":
            now = max(now, self._last + 1)
        self._last = max(self._last, now)
        self._at = times.written(now)
        self._journal.clear()
        try:
            yield
        finally:
            self._at = ""
            self.acting = before

    def mark(self) -> int:
        """A place in this transaction that `undo` can go back to."""
        return len(self._journal)

    def undo(self, mark: int) -> None:
        """Take back every write since the mark."""
        while len(self._journal) > mark:
            name, id, before = self._journal.pop()
            self._store(name, id, before)

    # --- objects and fields -------------------------------------------------------------------------

    def kind(self, name: str) -> Kind:
        """An object by its name, however written. Raises Refusal (INVALID_TYPE)."""
        found = self.kinds.get(name)
        if found is None:
            found = next((kind for kind in self.kinds.values() if kind.name.lower() == name.lower()), None)
        if found is None or not self.offered(found.name):
            raise invalid_type(name)
        return found

    def offered(self, name: str) -> bool:
        """Whether the feature is on that an object belongs to."""
        return bool(self.quirks.get(SWITCHED_OFF.get(name, ""), True))

    def seen(self, name: str, field: str) -> Field:
        """A field that our user may see. Raises Refusal (INVALID_FIELD), for one without permission too."""
        found = self.kind(name).fields.get(field.lower())
        if found is None or not self.may_read(name, found):
            raise invalid_field(field, name)
        return found

    def seen_fields(self, name: str) -> list[Field]:
        """All fields that our user may see."""
        return [field for field in self.kind(name).fields.values() if self.may_read(name, field)]

    def may_read(self, name: str, field: Field) -> bool:
        """Whether our user may see a field: field permissions count for custom fields."""
        if not field.custom or field.required or self.acting != self.api_user or self._is_own(name, field):
            return self._has(name, field)
        return (name, field.name) in self._readable

    def may_edit(self, name: str, field: Field) -> bool:
        """Whether our user may set a field."""
        if not field.custom or field.required or self.acting != self.api_user or self._is_own(name, field):
            return True
        return (name, field.name) in self._editable

    def _is_own(self, name: str, field: Field) -> bool:
        return any(one.name == field.name for one in ours.OWN.get(name, ()))

    def _has(self, name: str, field: Field) -> bool:
        return field.type != "ids" or self.offered(
            "EmailMessageRelation" if name == "EmailMessage" else "TaskRelation"
        )

    def add_fields(self, name: str, fields: tuple[Field, ...]) -> None:
        """Custom fields for an object; records that are there already have their defaults."""
        kind = self.kinds[name]
        added = {field.name.lower(): field for field in fields}
        self.kinds[name] = msgspec.structs.replace(kind, fields={**kind.fields, **added})
        for id, row in self.rows[name].items():
            self.rows[name][id] = {**row, **{field.name: field.default for field in fields}}

    def drop_field(self, name: str, field: str) -> None:
        """A custom field is deleted, with its values."""
        kind = self.kinds[name]
        fields = {key: one for key, one in kind.fields.items() if one.name != field}
        self.kinds[name] = msgspec.structs.replace(kind, fields=fields)

    def count_permissions(self) -> None:
        """What field permissions and assignments say, after they were changed."""
        assigned = {
            row["PermissionSetId"]
            for row in self.rows["PermissionSetAssignment"].values()
            if row["AssigneeId"] == self.api_user and not row["IsDeleted"]
        }
        self._readable, self._editable = set(), set()
        for row in self.rows["FieldPermissions"].values():
            if row["IsDeleted"] or row["ParentId"] not in assigned:
                continue
            _, _, field = row["Field"].partition(".")
            for name in self.sharing(row["SobjectType"]):
                if row["PermissionsRead"]:
                    self._readable.add((name, field))
                if row["PermissionsEdit"]:
                    self._editable.add((name, field))

    def sharing(self, name: str) -> tuple[str, ...]:
        """The objects whose fields are defined on this one: Task and Event for `Activity` (apis A1, "Adding
        custom fields")."""
        return ours.ACTIVITY_OBJECTS if name == "Activity" else (name,)

    # --- records -------------------------------------------------------------------------------------

    def new_id(self, name: str) -> str:
        """The id of the next record of an object."""
        return make_id(self.kinds[name].prefix, next(self._numbers))

    def type_of(self, id: str) -> str:
        """The object that an id belongs to, "" for none."""
        return next((name for name, kind in self.kinds.items() if kind.prefix == id[:3]), "")

    def row(self, name: str, id: str) -> Row | None:
        """A record, deleted ones too."""
        return self.rows[name].get(id)

    def live(self, name: str) -> Iterator[Row]:
        """The records of an object that are not deleted."""
        return (row for row in list(self.rows[name].values()) if not row["IsDeleted"])

    def any_row(self, id: str | None) -> Row | None:
        """A record of whatever object, deleted ones too."""
        name = self.type_of(id) if id else ""
        return self.rows[name].get(id or "") if name else None

    def put(self, name: str, row: Row) -> None:
        """Store a record as it is now; it can be taken back until the transaction ends."""
        self._journal.append((name, row["Id"], self.rows[name].get(row["Id"])))
        self._store(name, row["Id"], row)

    def _store(self, name: str, id: str, row: Row | None) -> None:
        before = self.rows[name].get(id)
        for field in self.kinds[name].fields.values():
            if field.external or field.unique or field.id_lookup:
                self._indexed(name, field.name, id, before, row)
        if row is None:
            self.rows[name].pop(id, None)
        else:
            self.rows[name][id] = row
        self.written.append((name, id))
        if name in ("FieldPermissions", "PermissionSetAssignment"):
            self.count_permissions()

    def _indexed(self, name: str, field: str, id: str, before: Row | None, after: Row | None) -> None:
        places = self._unique.setdefault((name, field), {})
        for row, add in ((before, False), (after, True)):
            value = row.get(field) if row is not None and not row["IsDeleted"] else None
            if value is None:
                continue
            bearing = places.setdefault(str(value).casefold(), set())
            if add:
                bearing.add(id)
            else:
                bearing.discard(id)

    def bearing(self, name: str, field: str, value: object) -> list[str]:
        """Ids of the records whose key field has this value."""
        return sorted(self._unique.get((name, field), {}).get(str(value).casefold(), ()))

    def user(self, id: str) -> Row:
        """A user. Raises Refusal."""
        row = self.rows["User"].get(id)
        if row is None:
            raise Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
        return row
