"""Writes as the records that they make, change or delete, before anything is sent (apis A1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from firstcontact.connectors.contract import MovedTo, NotOffered, Outcome, Rejected, TryAgain
from firstcontact.connectors.salesforce import activities, contacts, mapping, soql
from firstcontact.connectors.salesforce.activities import Link, Who
from firstcontact.connectors.salesforce.client import Api, Row
from firstcontact.connectors.salesforce.files import file_content
from firstcontact.connectors.salesforce.mapping import Values, text
from firstcontact.connectors.salesforce.nodes import Node, is_id, is_lead, moved, type_of
from firstcontact.connectors.salesforce.shapes import INTERACTIONS, KEY, Shape, Shapes
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    ContactRoleFields,
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

_MAKES: Mapping[WriteKind, str] = {
    "create_contact": "contact",
    "create_account": "account",
    "log_activity": "activity",
}
F = TypeVar("F", bound=Fields)


class Preparation:
    """The writes of one call of `apply`.

    nodes: the records they come to. removals: contacts to be taken away, as they are, by the place of their
    write. outcomes: of the writes that are decided already, by their place; whoever sends the others adds
    theirs. Merges are neither: they are looked at when it is their turn.
    """

    def __init__(self, api: Api, region: str, now: int, writes: Sequence[Write]) -> None:
        """Raises NotOffered for what no planner should have planned."""
        self.nodes: list[Node] = []
        self.removals: dict[int, Row] = {}
        self.outcomes: dict[int, Outcome] = {}
        self._api = api
        self.region = region
        self._now = now
        self._writes = writes
        self._made = {write.key: place for place, write in enumerate(writes) if write.kind in _MAKES}
        self._shapes: Shapes = {}
        self._present: Mapping[str, Row] = {}
        self._roles: Mapping[tuple[str, str], Row] = {}
        for write in writes:
            self._check(write)

    def prepare(self, shapes: Shapes) -> None:
        """Everything as records of these shapes. Raises TryAgain, AuthLapsed."""
        self._shapes = shapes
        self._read_present()
        for place in range(len(self._writes)):
            self._prepare(place)

    def done(self, place: int, id: str, *, created: bool) -> None:
        """The write came to this record."""
        self.outcomes[place] = Receipt(self._writes[place].key, id, created, self._now)

    def key(self, place: int) -> str:
        """The key of a write."""
        return self._writes[place].key

    def merges(self) -> dict[int, tuple[str, str]]:
        """Loser and survivor of each merge, by the place of its write."""
        return {
            place: (write.fields.loser.id, _existing(write.target).id)
            for place, write in enumerate(self._writes)
            if isinstance(write.fields, MergeFields)
        }

    # --- what is no business of Salesforce -------------------------------------------------------

    def _check(self, write: Write) -> None:
        if write.kind not in _FIELDS:
            raise NotOffered(f"Salesforce does not offer a {write.kind}")
        if not isinstance(write.fields, _FIELDS[write.kind]):
            raise NotOffered(f"a {write.kind} write has {type(write.fields).__name__}")
        if write.kind in _ON_EXISTING and not isinstance(write.target, Existing):
            raise NotOffered(f"a {write.kind} write points at a record that has no id yet")
        for target in _targets(write.fields):
            if isinstance(target, CreatedBy) and target.write_key not in self._made:
                raise NotOffered("a write points at a record that has no id yet and is not made with it")

    # --- what has to be known first --------------------------------------------------------------

    def _read_present(self) -> None:
        """The records that are changed, and the roles that are there: in one request, if any."""
        wanted: dict[str, dict[str, None]] = {}
        pairs: list[ContactRoleFields] = []
        for write in self._writes:
            if write.kind in _READ and isinstance(write.target, Existing):
                type = type_of(write.target.id)
                if type in self._shapes:
                    wanted.setdefault(type, {})[write.target.id] = None
            elif isinstance(write.fields, ContactRoleFields):
                pairs.append(write.fields)
        statements = [
            soql.select(self._known_fields(type), type, soql.among("Id", portion))
            for type, ids in wanted.items()
            for portion in soql.parts(list(ids), 12, soql.URL_LIMIT - 3_000)
        ]
        opportunities = list(dict.fromkeys(pair.opportunity for pair in pairs if is_id(pair.opportunity)))
        for portion in soql.parts(opportunities, 12, soql.URL_LIMIT):
            mine = soql.among("OpportunityId", portion)
            by = ("CreatedById", "LastModifiedById")
            role = ("Id", "OpportunityId", "ContactId", "Role", "IsDeleted", *by)
            statements.append(soql.select(role, "OpportunityContactRole", mine))
            state = ("Id", "IsClosed", "IsDeleted")
            statements.append(soql.select(state, "Opportunity", soql.among("Id", portion)))
        rows = [row for found in self._api.queries(statements, deleted=True) for row in found]
        self._present = {text(row, "Id"): row for row in rows}
        self._roles = {
            (text(row, "OpportunityId"), text(row, "ContactId")): row
            for row in rows
            if row.get("OpportunityId") and not mapping.flag(row, "IsDeleted")
        }

    def _known_fields(self, type: str) -> Iterable[str]:
        shape = self._shapes[type]
        if type in ("Contact", "Lead"):
            return (*mapping.record_fields(shape), "IsDeleted", "MasterRecordId", "LastModifiedDate")
        return (*activities.activity_fields(shape), "IsDeleted")

    # --- each write as records -------------------------------------------------------------------

    def _prepare(self, place: int) -> None:
        write = self._writes[place]
        try:
            if write.kind in _PREPARE:
                _PREPARE[write.kind](self, place, write)
        except (Rejected, MovedTo, TryAgain) as refusal:
            self.outcomes[place] = refusal

    def _create_contact(self, place: int, write: Write) -> None:
        fields = _fields(write, ContactFields)
        shape = self._shape("Contact")
        values = contacts.new_contact(fields, write.key, shape, self.region)
        if fields.account is not None and shape.has("AccountId"):
            values["AccountId"] = self._target(fields.account, "account")
        self._insert(place, shape, values)

    def _create_account(self, place: int, write: Write) -> None:
        shape = self._shape("Account")
        self._insert(place, shape, mapping.new_account(_fields(write, AccountFields), write.key, shape))

    def _insert(self, place: int, shape: Shape, values: Values) -> None:
        lacking = mapping.lacking(values, shape)
        if lacking is not None:
            raise lacking
        self.nodes.append(Node(write=place, type=shape.name, values=values))

    def _update_contact(self, place: int, write: Write) -> None:
        fields = _fields(write, ContactFields)
        id = _existing(write.target).id
        row = self._row(id, "contact")
        shape = self._shapes[type_of(id)]
        me = self._api.user()
        values = contacts.changed_contact(fields, write.changed, row, shape, self.region, me)
        if fields.account is not None and shape.has("AccountId"):
            values["AccountId"] = self._target(fields.account, "account")
        elif "account" in write.changed and text(row, "AccountId"):
            values = contacts.kept_mark({**values, "AccountId": None}, row, shape, me)
        self._change(place, shape, id, values)

    def _change(self, place: int, shape: Shape, id: str, values: Values) -> None:
        if values:
            self.nodes.append(Node(write=place, type=shape.name, values=values, id=id))
        else:
            self.done(place, id, created=False)

    def _log_activity(self, place: int, write: Write) -> None:
        fields = _fields(write, ActivityFields)
        shape = self._shape(activities.type_for(fields.kind, self._shapes))
        people = self._people(fields)
        values = activities.new_activity(fields, write.key, shape, people, self._what(fields, people))
        self._insert(place, shape, values)
        self.nodes += self._further(place, shape, Link(place), people)

    def _update_activity(self, place: int, write: Write) -> None:
        fields = _fields(write, ActivityFields)
        id = _existing(write.target).id
        row = self._row(id, "activity")
        shape = self._shapes[type_of(id)]
        people = self._people(fields)
        what = self._what(fields, people)
        me = self._api.user()
        values = activities.changed_activity(fields, write.changed, row, shape, people, what, me)
        self._change(place, shape, id, values)
        if "people" in write.changed or not write.changed:
            self.nodes += self._further(place, shape, id, people)

    def _delete_activity(self, place: int, write: Write) -> None:
        id = _existing(write.target).id
        type = activities.type_of(id)
        if type and type not in self._shapes:
            raise Rejected(f"Salesforce does not let our user see a {type}.", ("target",))
        row = self._there(id)
        if row is None:
            self.done(place, id, created=False)
        elif not text(row, KEY):
            raise Rejected(f"The activity {id!r} was made by a person in Salesforce.", ("target",))
        elif activities.edited(row, self._api.user()):
            raise Rejected(f"A person has edited the activity {id!r} in Salesforce since.", ("target",))
        else:
            self.nodes.append(Node(write=place, type=type, id=id, deletes=True))

    def _delete_contact(self, place: int, write: Write) -> None:
        """Whom another was merged into is somebody else, who stays."""
        id = _existing(write.target).id
        into = text(self._present.get(id, {}), "MasterRecordId")
        if into:
            raise Rejected(f"The contact {id!r} was merged into {into!r} in Salesforce.", ("target",))
        row = self._there(id)
        if row is None:
            self.done(place, id, created=False)
            return
        contacts.untouched(row, self._api.user())
        self.removals[place] = row

    def _there(self, id: str) -> Row | None:
        """A record as it is; None where it is not there any more."""
        row = self._present.get(id)
        return row if row is not None and not mapping.flag(row, "IsDeleted") else None

    def _document(self, place: int, write: Write) -> None:
        fields = _fields(write, DocumentFields)
        shape = self._shape("ContentVersion", own=False)
        name = clean(fields.name, shape.length("Title")) or "file"
        values: Values = {"Title": name, "FirstPublishLocationId": self._target(fields.activity, "activity")}
        content = file_content(fields)
        if content is None:
            values["ContentUrl"] = clean(fields.uri, shape.length("ContentUrl"))
        else:
            values["PathOnClient"], values["VersionData"] = content
        own = {KEY: write.key, INTERACTIONS: fields.interaction}
        values |= {field: value for field, value in own.items() if shape.has(field)}
        self.nodes.append(Node(write=place, type=shape.name, values=values))

    def _contact_role(self, place: int, write: Write) -> None:
        fields = _fields(write, ContactRoleFields)
        opportunity = self._present.get(fields.opportunity)
        if opportunity is None or mapping.flag(opportunity, "IsDeleted"):
            raise Rejected(f"There is no opportunity {fields.opportunity!r} in Salesforce.", ("opportunity",))
        contact = self._target(fields.contact, "contact")
        there = self._roles.get((fields.opportunity, contact)) if isinstance(contact, str) else None
        if there:
            self.done(place, text(there, "Id"), created=False)
            return
        if mapping.flag(opportunity, "IsClosed"):
            raise Rejected(f"The opportunity {fields.opportunity!r} has been closed.", ("opportunity",))
        values: Values = {"OpportunityId": fields.opportunity, "ContactId": contact}
        if fields.role:
            values["Role"] = fields.role
        self.nodes.append(Node(write=place, type="OpportunityContactRole", values=values))

    def _remove_role(self, place: int, write: Write) -> None:
        """A role that a person gave, or has changed since, is theirs."""
        fields = _fields(write, ContactRoleFields)
        contact = self._target(fields.contact, "contact")
        row = self._roles.get((fields.opportunity, contact)) if isinstance(contact, str) else None
        if row is None:
            self.done(place, f"{fields.opportunity}:{contact}", created=False)
            return
        me, id = self._api.user()[:15], text(row, "Id")
        others = [one for one in ("CreatedById", "LastModifiedById") if text(row, one)[:15] != me]
        if (me and others) or (fields.role and text(row, "Role") != fields.role):
            raise Rejected(f"A person has made or changed the role {id!r} in Salesforce.", ("role",))
        self.nodes.append(Node(write=place, type="OpportunityContactRole", id=id, deletes=True))

    def _further(self, place: int, shape: Shape, activity: Who, people: Sequence[Who]) -> list[Node]:
        """The people after the first on a task or an event, where activities are shared."""
        type = f"{shape.name}Relation"
        relation = self._shapes.get(type)
        if shape.name == "EmailMessage" or relation is None or not relation.createable:
            return []
        given: Values = {f"{shape.name}Id": activity, "IsWhat": False}
        if type == "EventRelation":
            given["IsParent"] = True
        given = {name: value for name, value in given.items() if relation.takes(name)}
        # One activity has one lead at most, or several contacts.
        contacts = [one for one in people[1:] if not is_lead(one)] if not is_lead(people[0:1]) else []
        return [
            Node(write=place, type=type, values={**given, "RelationId": one}, extra=True) for one in contacts
        ]

    # --- parts of writes -------------------------------------------------------------------------

    def _shape(self, type: str, *, own: bool = True) -> Shape:
        """The type of record, which must be there, open to us, and have our key. Raises Rejected."""
        shape = self._shapes.get(type)
        if shape is None or not shape.createable:
            raise Rejected(f"Salesforce does not let our user create a {type}.")
        if own and not shape.has(KEY):
            raise Rejected(
                f"Salesforce has no field {KEY} on {type} yet, or our user may not see it; "
                "firstcontact doctor --fix makes it.",
                (KEY,),
            )
        return shape

    def _row(self, id: str, field: str) -> Row:
        """A record that is to be changed, as it is. Raises Rejected, MovedTo."""
        row = self._present.get(id)
        if row is None:
            raise Rejected(f"There is no {field} {id!r} in Salesforce.", (field,))
        if text(row, "MasterRecordId"):
            raise moved(id, text(row, "MasterRecordId"))
        if mapping.flag(row, "IsDeleted"):
            raise Rejected(f"The {field} {id!r} was deleted in Salesforce.", (field,))
        return row

    def _target(self, target: Target, record: str) -> Who:
        if isinstance(target, CreatedBy):
            place = self._made[target.write_key]
            refused = self.outcomes.get(place)
            if isinstance(refused, Receipt):
                return refused.id
            return Link(place)
        if not is_id(target.id):
            raise Rejected(f"There is no {record} {target.id!r} in Salesforce.", (record,))
        return target.id

    def _people(self, fields: ActivityFields) -> list[Who]:
        people = [self._target(target, "people") for target in fields.people]
        return list(dict.fromkeys(people))

    def _what(self, fields: ActivityFields, people: Sequence[Who]) -> Who:
        """The case, else the opportunity, else the account; nothing beside a lead (apis A1)."""
        if people and is_lead(people[:1]):
            return ""
        for id in (fields.matter, fields.opportunity):
            if id:
                return id
        return self._target(fields.account, "account") if fields.account is not None else ""


def _targets(fields: Fields) -> list[Target]:
    found = [getattr(fields, name, None) for name in ("account", "activity", "contact")]
    return [one for one in (*found, *getattr(fields, "people", ())) if one is not None]


def _fields(write: Write, type: type[F]) -> F:
    assert isinstance(write.fields, type)
    return write.fields


def _existing(target: Target | None) -> Existing:
    assert isinstance(target, Existing)
    return target


_FIELDS: Mapping[WriteKind, type[Fields]] = {
    "create_contact": ContactFields,
    "create_account": AccountFields,
    "update_contact": ContactFields,
    "log_activity": ActivityFields,
    "update_activity": ActivityFields,
    "delete_activity": ActivityFields,
    "document": DocumentFields,
    "contact_role": ContactRoleFields,
    "remove_role": ContactRoleFields,
    "merge_contacts": MergeFields,
    "delete_contact": ContactFields,
}
_READ = frozenset({"update_contact", "update_activity", "delete_activity", "delete_contact"})
_ON_EXISTING = _READ | {"merge_contacts"}
_PREPARE: Mapping[WriteKind, Callable[[Preparation, int, Write], None]] = {
    "create_contact": Preparation._create_contact,
    "create_account": Preparation._create_account,
    "update_contact": Preparation._update_contact,
    "log_activity": Preparation._log_activity,
    "update_activity": Preparation._update_activity,
    "delete_activity": Preparation._delete_activity,
    "document": Preparation._document,
    "contact_role": Preparation._contact_role,
    "remove_role": Preparation._remove_role,
    "delete_contact": Preparation._delete_contact,
}
