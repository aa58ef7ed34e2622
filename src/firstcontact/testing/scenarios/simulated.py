"""A scenario's CRM as a vendor's simulator, reached through the vendor's real connector over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from firstcontact.connectors import kinds
from firstcontact.connectors.address_book.people import BadRecord, NotThere
from firstcontact.connectors.contract import Crm
from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.identity.team import User
from firstcontact.planning.capabilities import Capabilities
from firstcontact.policy.values import INTEGRATION_USER
from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.scenarios.shapes import microseconds
from firstcontact.testing.simulators.base import Kept, Refusing, Switches, simulator
from firstcontact.testing.simulators.serving import running

_KINDS = {
    "users": "user",
    "accounts": "account",
    "contacts": "contact",
    "leads": "lead",
    "opportunities": "opportunity",
    "contact_roles": "contact_role",
    "matters": "matter",
}
"""Collections of a scenario's `crm` and the kind of their records, in the order in which they may point at
each other."""
_OFFERED = {
    "account": "accounts",
    "lead": "leads",
    "opportunity": "opportunities",
    "contact_role": "contact_roles",
    "matter": "matters",
}
"""What only some CRMs have; what a scenario gives to one that has no place for it stays as it was given."""
_POINTING = frozenset(
    {
        "account",
        "owner",
        "contact",
        "opportunity",
        "user",
        "matter",
        "converted_to",
        "contacts",
        "leads",
        "team",
    }
)
"""Fields that hold ids of other records."""
_OF_USERS = ("owner", "team", "user")
_TIMES = frozenset({"created_at", "last_activity_at", "opened_at"})


class SimulatedPeople:
    """People at a simulator's desk who call records by the scenario's own names."""

    def __init__(self, desk: Hands, offered: Capabilities, region: str) -> None:
        self._desk = desk
        self._offered = offered
        self._nowhere: dict[str, list[dict[str, Any]]] = {}
        self._region = region
        self._ids: dict[str, str] = {}
        integration = desk.dump()["users"]
        self._names = {str(user["id"]): INTEGRATION_USER for user in integration}
        """What the vendor calls a record, and what the scenario does."""
        self._left: set[str] = set()
        """Users that are no users of the scenario's CRM, and that its records name all the same."""

    @property
    def ids(self) -> Mapping[str, str]:
        """The vendor's ids by the scenario's."""
        return self._ids

    def seed(self, crm: Mapping[str, Any], team: Sequence[User] = ()) -> None:
        """Fill the simulator from a scenario's `crm`. Raises BadRecord, NotThere."""
        users = _users(crm.get("users"), team) if self._offered.owners else []
        for collection, kind in _KINDS.items():
            entries = users if collection == "users" else crm.get(collection)
            for entry in entries or ():
                if kind in _OFFERED and not getattr(self._offered, _OFFERED[kind]):
                    self._keep(collection, kind, entry)
                elif kind == "user":
                    self.add(kind, {**entry, "active": True})
                elif kind in ("contact", "lead"):
                    self.add(kind, {"created_at": 0, **entry})  # a date that is not given stays unknown
                else:
                    self.add(kind, entry)
        for user in users:  # who left has left what they owned before
            if not user["active"]:
                self.edit("user", user["id"], {"active": False})

    def _keep(self, collection: str, kind: str, entry: Mapping[str, Any]) -> None:
        """What the connector does not offer: a role is the vendor's all the same where it has a place for
        one, so that it moves in a merge; everything else stays as it was given."""
        if kind == "contact_role":
            try:
                self.add(kind, entry)
            except BadRecord:
                pass
            else:
                return
        self._nowhere.setdefault(collection, []).append({"emails": [], "phones": [], **entry})

    def add(self, kind: str, fields: Mapping[str, Any]) -> str:
        """Add a record as a person; the scenario's id of it, where it has one. Raises BadRecord, NotThere."""
        with self._named_users(kind, fields):
            given = self._theirs(fields)
            name = given.pop("id", None)
            try:
                id = self._desk.add(kind, given)
            except (ValueError, KeyError, Refusing) as fault:
                raise BadRecord(f"this {kind} cannot be taken: {fault}") from fault
        if name:
            self._ids[str(name)] = id
            self._names[id] = str(name)
        return str(name or id)

    def edit(self, kind: str, reference: Any, fields: Mapping[str, Any]) -> None:
        """Set fields of a record as a person. Raises BadRecord, NotThere."""
        held = self._held_nowhere(kind, reference)
        if held is not None:
            held.update(fields)
            return
        with self._named_users(kind, fields):
            try:
                self._desk.edit(kind, self.resolve(reference, kind), self._theirs(fields))
            except (ValueError, LookupError, Refusing) as fault:
                raise BadRecord(f"this {kind} cannot be edited: {fault}") from fault

    def delete(self, kind: str, reference: Any) -> None:
        """Delete a record as a person. Raises BadRecord, NotThere."""
        held = self._held_nowhere(kind, reference)
        if held is not None:
            self._nowhere[_OFFERED[kind]].remove(held)
            return
        try:
            self._delete(kind, reference)
        except (ValueError, LookupError, Refusing) as fault:
            raise BadRecord(f"this {kind} cannot be deleted: {fault}") from fault

    def _delete(self, kind: str, reference: Any) -> None:
        if kind == "contact_role" and isinstance(reference, Mapping):
            contact = self.resolve(reference["contact"])
            self._desk.delete(kind, f"{self._ids[reference['opportunity']]}:{contact}")
            return
        self._desk.delete(kind, self.resolve(reference, kind))

    def resolve(self, reference: Any, kind: str = "contact") -> str:
        """The vendor's id of the record that a reference names. Raises NotThere, BadRecord."""
        if isinstance(reference, str):
            return self._ids.get(reference, reference)
        wanted = self._keys(reference)
        held = self._desk.dump()["leads" if kind == "lead" else "contacts"]
        found = [str(one["id"]) for one in held if wanted & self._keys(one)]
        if not found:
            raise NotThere(kind, dict(reference))
        if len(found) > 1:
            raise BadRecord(f"several of {kind} bear {dict(reference)}: {', '.join(sorted(found))}")
        return found[0]

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """What the simulator holds, with the scenario's ids; without the user that we log in as."""
        held = {
            name: [self._ours(record) for record in records] for name, records in self._desk.dump().items()
        }
        for collection, records in self._nowhere.items():
            held[collection] += records
        nobody = {INTEGRATION_USER, *self._left}
        held["users"] = [user for user in held["users"] if user["id"] not in nobody]
        return held

    @contextmanager
    def _named_users(self, kind: str, fields: Mapping[str, Any]) -> Iterator[None]:
        """Whoever the fields name and is no user of the scenario's CRM is one while the block runs, then has
        left: a vendor refuses an owner it does not know, and an address book takes any name."""
        named = [id for id in _users_of(fields) if id not in self._ids and id != INTEGRATION_USER]
        back = [id for id in _users_of(fields) if id in self._left]
        if kind == "user" or not self._offered.owners or not (named or back):
            yield
            return
        for id in named:
            number = len(self._left) + 1
            self.add("user", {"id": id, "name": id, "email": f"left{number}@left.example", "active": True})
            self._left.add(id)
        for id in back:
            self._desk.edit("user", self._ids[id], {"active": True})
        yield
        for id in (*named, *back):
            self._desk.edit("user", self._ids[id], {"active": False})

    def _held_nowhere(self, kind: str, reference: Any) -> dict[str, Any] | None:
        """A record that the vendor has no place for, as the scenario gave it; it is changed there."""
        entries = self._nowhere.get(_OFFERED.get(kind, ""), ())
        return next((entry for entry in entries if entry.get("id") == reference), None)

    def _keys(self, record: Mapping[str, Any]) -> set[str]:
        emails = [*(record.get("emails") or ()), *([record["email"]] if record.get("email") else ())]
        phones = [*(record.get("phones") or ()), *([record["phone"]] if record.get("phone") else ())]
        return {handle.key for handle in read_fields(emails, phones, self._region)[0]}

    def _theirs(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._moved(name, _timed(name, value), self._their) for name, value in fields.items()}

    def _their(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.resolve(value)
        return self._ids.get(value, value)

    def _ours(self, record: Mapping[str, Any]) -> dict[str, Any]:
        def our(value: Any) -> Any:
            return self._names.get(str(value), value)

        return {
            name: our(value) if name == "id" else self._moved(name, value, our)
            for name, value in record.items()
        }

    @staticmethod
    def _moved(name: str, value: Any, move: Callable[[Any], Any]) -> Any:
        if name not in _POINTING or value is None:
            return value
        return [move(each) for each in value] if isinstance(value, list | tuple) else move(value)


def _users_of(fields: Mapping[str, Any]) -> Iterable[str]:
    """Ids of the users that a record's fields name, each once."""
    named = (fields.get(field) or () for field in _OF_USERS)
    ids = (one for value in named for one in ([value] if isinstance(value, str) else value))
    return dict.fromkeys(id for id in ids if isinstance(id, str) and id)


def _timed(name: str, value: Any) -> Any:
    """A time in microseconds, however it is written; a date stays one. Raises ValueError."""
    return microseconds(value) if name in _TIMES and isinstance(value, str) and ":" in value else value


def _users(entries: Sequence[Mapping[str, Any]] | None, team: Sequence[User]) -> list[Mapping[str, Any]]:
    """The CRM's users: those of the team where nothing is said, with the names and addresses of ours."""
    known = {user.id: user for user in team}
    filled: list[Mapping[str, Any]] = []
    for entry in entries if entries is not None else [{"id": user.id} for user in team]:
        user = known.get(entry.get("id", ""))
        own = {"name": user.name, "email": user.emails[0] if user.emails else ""} if user else {}
        filled.append({**own, "active": True, **entry})
    return filled


class Simulated(msgspec.Struct, frozen=True):
    """A simulator that is being served: the people in it and the connector to it."""

    people: SimulatedPeople
    crm: Crm


@contextmanager
def simulated(
    kind: str,
    now: Callable[[], int],
    region: str,
    options: Mapping[str, str | int | bool] | None = None,
    login: str = "",
) -> Iterator[Simulated]:
    """A new simulated CRM of the kind while the block runs. now: its clock, in microseconds. options, login:
    of the connection to it, on top of the usual ones; login: the name of one of the kind's.

    Raises NoSimulator, kinds.UnknownKind, kinds.NotConnected.
    """
    found = simulator(kind)
    connector = kinds.kind(kind)
    made = found.make(now, Switches(quirks=found.still))
    with running(found, made) as here:
        kept = Kept(found.credentials(here.url)[login]) if login else None
        opening = here.opening(now, region=region, options=options, credentials=kept)
        crm = here.connect(connector, opening)
        people = SimulatedPeople(made.desk, crm.capabilities(), region)
        yield Simulated(people, crm)
