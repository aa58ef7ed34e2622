"""One simulated organisation: records of modules, users, fields, what the search knows by now.

Everything happens under one lock, by one clock (microseconds).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from firstcontact.testing.simulators.zoho import ours, schema, times
from firstcontact.testing.simulators.zoho.quirks import Quirks
from firstcontact.testing.simulators.zoho.schema import Field, Module

_FIRST_ID = 5_110_000_000_000_001_000
Values = dict[str, Any]


class Record:
    """One record: values by field name, look-ups as ids, times in microseconds; what is empty is missing."""

    def __init__(self, module: str, id: str, values: Values) -> None:
        self.module = module
        self.id = id
        self.values = values
        self.versions: list[tuple[int, Values | None]] = []
        """What it was since when, for a search that lags behind."""
        self.locked = False
        self.by_person = False
        """Whether somebody at the desk has changed it."""


class User:
    """Somebody who works in Zoho CRM."""

    def __init__(self, id: str, name: str, email: str, status: str = "active") -> None:
        self.id = id
        self.name = name
        self.email = email
        self.status = status

    def short(self) -> dict[str, str]:
        """As records name who made them."""
        return {"name": self.name, "id": self.id}

    def full(self) -> dict[str, str]:
        """As records name their owner."""
        return {"name": self.name, "id": self.id, "email": self.email}


class Gone:
    """A record that was deleted; `type`: `recycle` or `permanent`."""

    def __init__(
        self, id: str, name: str | None, when: int, by: User | None, made: User | None, type: str
    ) -> None:
        self.id, self.name, self.when, self.by, self.made, self.type = id, name, when, by, made, type


class State:
    """The organisation. `acting` is who the request or the desk works for."""

    def __init__(self, clock: Callable[[], int], quirks: Quirks, lag: float) -> None:
        self.clock = clock
        self.quirks = quirks
        self.lag = lag
        self.lock = threading.RLock()
        self.modules: dict[str, Module] = schema.modules()
        self.users: dict[str, User] = {}
        self.gone: dict[str, list[Gone]] = {}
        self.files: dict[str, bytes] = {}
        self.roles: dict[str, dict[str, str]] = {}
        """Ids of contacts and their roles, by deal."""
        self.fired: list[tuple[str, str, str]] = []
        """Module, id and action of every write that set workflows off."""
        self.jobs: list[Any] = []
        """Merges that were put off (`merging.Job`)."""
        self.invited: list[str] = []
        """Events whose participants were sent an invitation."""
        self.search_broken = False
        self._count = 0
        self._records: dict[str, dict[str, Record]] = {name: {} for name in self.modules}
        self._unique: dict[tuple[str, str], dict[str, str]] = {}
        for module in self.modules.values():
            for field in module.fields.values():
                field.id = self.new_id()
        self.me = self.add_user("First Contact", "firstcontact@firm.example")
        """The user that we log in as."""
        self.acting = self.me
        if quirks.fields == "ready":
            unique = quirks.activity_unique == "offered"
            for name, fields in ours.ready(unique).items():
                for field in fields:
                    self.add_field(name, field)
        if quirks.email_unique:
            for name in ("Contacts", "Leads"):
                self.modules[name].fields["Email"].unique = "insensitive"

    # --- ids, users, fields ----------------------------------------------------------------------------

    def new_id(self) -> str:
        """An id of nineteen digits, counted up: newer records have higher ones."""
        self._count += 1
        return str(_FIRST_ID + self._count)

    def now(self) -> int:
        """The moment, in whole seconds as Zoho keeps it, as microseconds."""
        return self.clock() // times.SECOND * times.SECOND

    def written(self, moment: int) -> str:
        """A moment as Zoho writes it."""
        return times.written(moment, self.quirks.time_zone)

    def add_user(self, name: str, email: str, status: str = "active") -> User:
        """A new user."""
        user = User(self.new_id(), name, email, status)
        self.users[user.id] = user
        return user

    def add_field(self, module: str, field: Field) -> Field:
        """A new custom field; a copy of what is given."""
        made = Field(**{name: getattr(field, name) for name in Field.__struct_fields__})
        made.id = self.new_id()
        self.modules[module].fields[made.name] = made
        return made

    # --- records -----------------------------------------------------------------------------------------

    def all(self, module: str) -> Iterator[Record]:
        """Records of a module that are there, the oldest first."""
        yield from list(self._records[module].values())

    def get(self, module: str, id: str | None) -> Record | None:
        """One record, or None where there is none (any more)."""
        return self._records.get(module, {}).get(str(id)) if id else None

    def any(self, id: str | None) -> Record | None:
        """The record with this id, of whichever module."""
        found = (self.get(name, id) for name in self._records)
        return next((one for one in found if one is not None), None)

    def add(self, module: str, values: Values) -> Record:
        """A new record, made by who is acting."""
        now, id = self.now(), self.new_id()
        made = {"id": id, "Created_Time": now, "Created_By": self.acting.id, "Owner": self.acting.id}
        record = Record(module, id, {})
        self._records[module][id] = record
        self.set(record, {**made, **values})
        return record

    def set(self, record: Record, values: Mapping[str, Any]) -> None:
        """Changes values; None empties a field. Who is acting has changed it, now."""
        before = dict(record.values)
        kept = {**before, **values, "Modified_Time": self.now(), "Modified_By": self.acting.id}
        record.values = {name: value for name, value in kept.items() if value is not None and value != ""}
        self._index(record, before)

    def _index(self, record: Record, before: Values) -> None:
        for field in self.unique(record.module):
            old, new = (_folded(field, one.get(field.name)) for one in (before, record.values))
            known = self._unique.setdefault((record.module, field.name), {})
            if old is not None and known.get(old) == record.id:
                del known[old]
            if new is not None:
                known.setdefault(new, record.id)
        if self.lag:
            record.versions.append((self.clock(), dict(record.values)))

    def indexed(self, record: Record) -> Values | None:
        """What the search knows of a record by now; None for nothing yet."""
        if not self.lag:
            return record.values
        until = self.clock() - int(self.lag * times.SECOND)
        known: Values | None = None
        for since, values in record.versions:
            if since <= until:
                known = values
        return known

    def unique(self, module: str) -> list[Field]:
        """Fields of which no two records may have the same value."""
        return [one for one in self.modules[module].fields.values() if one.unique or one.external]

    def holder(self, module: str, field: Field, value: Any) -> Record | None:
        """The record that has this value in a unique field."""
        folded = _folded(field, value)
        if folded is None:
            return None
        return self.get(module, self._unique.get((module, field.name), {}).get(folded))

    def remove(self, record: Record, type: str = "recycle") -> None:
        """A record is deleted, and everything that pointed at it points at nothing, or goes with it."""
        if record.module == "Contacts" and self.quirks.contact_deleted == "cascade":
            for activities in schema.ACTIVITIES:
                for one in self.all(activities):
                    if one.values.get("Who_Id") == record.id:
                        self.remove(one, type)
        del self._records[record.module][record.id]
        for field in self.unique(record.module):
            folded = _folded(field, record.values.get(field.name))
            known = self._unique.get((record.module, field.name), {})
            if folded is not None and known.get(folded) == record.id:
                del known[folded]
        for deal in self.roles.values():
            deal.pop(record.id, None)
        self.repoint(record.id, None)
        if type in ("recycle", "permanent"):
            shown = type == "recycle"
            made = self.users.get(record.values.get("Created_By", "")) if shown else None
            name = self.name_of(record) if shown else None
            gone = Gone(record.id, name, self.now(), self.acting if shown else None, made, type)
            self.gone.setdefault(record.module, []).append(gone)

    def repoint(self, old: str, new: str | None) -> None:
        """What pointed at one record points at another, or at nothing."""
        for module in self.modules.values():
            lookups = [field.name for field in module.of_type("lookup")]
            for record in self.all(module.name) if lookups else ():
                for name in lookups:
                    if record.values.get(name) == old:
                        self._point(record, name, new)

    def _point(self, record: Record, name: str, new: str | None) -> None:
        """A note or a file goes with what it is on."""
        if new is not None:
            record.values[name] = new
        elif name == "Parent_Id":
            self.remove(record, type="permanent")
        else:
            del record.values[name]

    def name_of(self, record: Record) -> str:
        """What Zoho shows a record as."""
        words = (record.values.get(part) for part in self.modules[record.module].title)
        return " ".join(str(word) for word in words if word)


def _folded(field: Field, value: Any) -> str | None:
    """A value of a unique field as it is compared."""
    if value is None or value == "":
        return None
    return str(value) if field.unique == "sensitive" else str(value).casefold()
