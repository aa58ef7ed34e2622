"""Carrying out writes: as few requests as Salesforce allows, each write answered for itself (apis A1).

What belongs together (a contact and its first activities) goes as one graph, which happens as a whole or not
at all. What does not fit into one request of graphs, and every graph that did not happen, goes in collections
of 200 records, five of them in a request, those that others point at first; there each record is refused or
taken on its own. So graphs only save requests, and what is refused is said in one place.

Records are inserted with our key in a unique field, never upserted: a repeated insert is refused with the id
of the first record, and leaves what a person has set since.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from firstcontact.connectors.contract import (
    AuthLapsed,
    Exists,
    MovedTo,
    NotOffered,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.connectors.salesforce import activities, mapping, soql
from firstcontact.connectors.salesforce.activities import Link, Who
from firstcontact.connectors.salesforce.client import COLLECTION, QUERIES, Api, Part, Refused, Row
from firstcontact.connectors.salesforce.faults import (
    GONE,
    LOCKED_SECONDS,
    STALE,
    Fault,
    has,
    outcome,
    read_faults,
    taken_by,
)
from firstcontact.connectors.salesforce.mapping import Values, text
from firstcontact.connectors.salesforce.organisation import Organisation
from firstcontact.connectors.salesforce.shapes import INTERACTIONS, KEY, Shape, Shapes
from firstcontact.connectors.toolkit.attachments import inline
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    ContactRoleFields,
    CreatedBy,
    DocumentFields,
    Existing,
    Fields,
    Receipt,
    Target,
    Write,
    WriteKind,
)

GRAPHS = 75
NODES = 500
"""In one request of graphs."""

_MAKES: Mapping[WriteKind, str] = {
    "create_contact": "contact",
    "create_account": "account",
    "log_activity": "activity",
}
_PREFIXES = {"contact": ("003",), "lead": ("00Q",), "account": ("001",)}
_ALLOW_ALERTS = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
_TELL_RECORDS = {"Sforce-Duplicate-Rule-Header": "allowSave=false; includeRecordDetails=true"}
F = TypeVar("F", bound=Fields)
Refusal = Exists | Rejected | TryAgain


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A record to insert, change or delete, for the write at `write`; `id` where it is there already.

    extra: it belongs to a write that has a record of its own (a further person on an activity).
    """

    write: int
    type: str
    values: Values = {}
    id: str = ""
    deletes: bool = False
    extra: bool = False

    def links(self) -> set[int]:
        """The writes whose records it points at."""
        found = {value.write for value in self.values.values() if isinstance(value, Link)}
        for value in self.values.values():
            if isinstance(value, list):
                found |= {one.write for one in value if isinstance(one, Link)}
        return found

    def filled(self, known: Callable[[int], str]) -> Values:
        """The values with the links as ids."""
        return {name: _filled(value, known) for name, value in self.values.items()}


def _filled(value: Any, known: Callable[[int], str]) -> Any:
    if isinstance(value, Link):
        return known(value.write)
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    return value


class Carrier:
    """Carries out the writes of one call of `apply`."""

    def __init__(
        self, api: Api, organisation: Organisation, region: str, now: int, writes: Sequence[Write]
    ) -> None:
        self._api = api
        self._organisation = organisation
        self._region = region
        self._now = now
        self._writes = writes
        self._outcomes: dict[int, Outcome] = {}
        self._made = {write.key: place for place, write in enumerate(writes) if write.kind in _MAKES}
        self._nodes: list[Node] = []
        self._shapes: Shapes = {}
        self._present: Mapping[str, Row] = {}
        self._roles: Mapping[tuple[str, str], str] = {}
        self._happened = False
        self._others: bool | None = None

    def carry(self) -> list[Outcome]:
        """One outcome for each write, in order. Raises NotOffered before anything is sent; TryAgain and
        AuthLapsed only where nothing has happened."""
        for write in self._writes:
            self._check(write)
        if not self._writes:
            return []
        self._shapes = self._organisation.shapes()
        self._read_present()
        for place in range(len(self._writes)):
            self._prepare(place)
        self._send_graphs()
        self._send_waves()
        return [self._outcomes[place] for place in range(len(self._writes))]

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
            if write.kind in ("update_contact", "update_activity") and isinstance(write.target, Existing):
                type = _type_of(write.target.id)
                if type in self._shapes:
                    wanted.setdefault(type, {})[write.target.id] = None
            elif isinstance(write.fields, ContactRoleFields):
                pairs.append(write.fields)
        statements = [
            soql.select(self._known_fields(type), type, soql.among("Id", portion))
            for type, ids in wanted.items()
            for portion in soql.parts(list(ids), 12, soql.URL_LIMIT - 3_000)
        ]
        opportunities = list(dict.fromkeys(pair.opportunity for pair in pairs if _is_id(pair.opportunity)))
        for portion in soql.parts(opportunities, 12, soql.URL_LIMIT):
            mine = soql.among("OpportunityId", portion)
            role = ("Id", "OpportunityId", "ContactId", "IsDeleted")
            statements.append(soql.select(role, "OpportunityContactRole", mine))
            state = ("Id", "IsClosed", "IsDeleted")
            statements.append(soql.select(state, "Opportunity", soql.among("Id", portion)))
        rows = [row for found in self._api.queries(statements, deleted=True) for row in found]
        self._present = {text(row, "Id"): row for row in rows}
        self._roles = {
            (text(row, "OpportunityId"), text(row, "ContactId")): text(row, "Id")
            for row in rows
            if row.get("OpportunityId") and not mapping.flag(row, "IsDeleted")
        }

    def _known_fields(self, type: str) -> Iterable[str]:
        shape = self._shapes[type]
        if type in ("Contact", "Lead"):
            return (*mapping.record_fields(shape), "IsDeleted", "MasterRecordId")
        return (*activities.activity_fields(shape), "IsDeleted")

    # --- each write as records -------------------------------------------------------------------

    def _prepare(self, place: int) -> None:
        write = self._writes[place]
        try:
            _PREPARE[write.kind](self, place, write)
        except (Rejected, MovedTo, TryAgain) as refusal:
            self._outcomes[place] = refusal

    def _create_contact(self, place: int, write: Write) -> None:
        fields = _fields(write, ContactFields)
        shape = self._shape("Contact")
        values = mapping.new_contact(fields, write.key, shape, self._region)
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
        self._nodes.append(Node(write=place, type=shape.name, values=values))

    def _update_contact(self, place: int, write: Write) -> None:
        fields = _fields(write, ContactFields)
        id = _existing(write.target).id
        row = self._row(id, "contact")
        shape = self._shapes[_type_of(id)]
        values = mapping.changed_contact(fields, row, shape, self._region, self._api.user())
        if fields.account is not None and shape.has("AccountId"):
            values["AccountId"] = self._target(fields.account, "account")
        self._change(place, shape, id, values)

    def _change(self, place: int, shape: Shape, id: str, values: Values) -> None:
        if values:
            self._nodes.append(Node(write=place, type=shape.name, values=values, id=id))
        else:
            self._done(place, id, created=False)

    def _log_activity(self, place: int, write: Write) -> None:
        fields = _fields(write, ActivityFields)
        shape = self._shape(activities.type_for(fields.kind, self._shapes))
        people = self._people(fields)
        values = activities.new_activity(fields, write.key, shape, people, self._what(fields, people))
        self._insert(place, shape, values)
        self._nodes += self._further(place, shape, Link(place), people)

    def _update_activity(self, place: int, write: Write) -> None:
        fields = _fields(write, ActivityFields)
        id = _existing(write.target).id
        row = self._row(id, "activity")
        shape = self._shapes[_type_of(id)]
        people = self._people(fields)
        what = self._what(fields, people)
        me = self._api.user()
        values = activities.changed_activity(fields, write.changed, row, shape, people, what, me)
        self._change(place, shape, id, values)
        if "people" in write.changed or not write.changed:
            self._nodes += self._further(place, shape, id, people)

    def _delete_activity(self, place: int, write: Write) -> None:
        id = _existing(write.target).id
        type = activities.type_of(id)
        if not type:
            self._done(place, id, created=False)
            return
        self._nodes.append(Node(write=place, type=type, id=id, deletes=True))

    def _document(self, place: int, write: Write) -> None:
        fields = _fields(write, DocumentFields)
        shape = self._shape("ContentVersion", own=False)
        name = mapping.clean(fields.name, shape.length("Title")) or "file"
        values: Values = {"Title": name, "FirstPublishLocationId": self._target(fields.activity, "activity")}
        content = _content(fields)
        if content is None:
            values["ContentUrl"] = mapping.clean(fields.uri, shape.length("ContentUrl"))
        else:
            values["PathOnClient"], values["VersionData"] = content
        own = {KEY: write.key, INTERACTIONS: fields.interaction}
        values |= {field: value for field, value in own.items() if shape.has(field)}
        self._nodes.append(Node(write=place, type=shape.name, values=values))

    def _contact_role(self, place: int, write: Write) -> None:
        fields = _fields(write, ContactRoleFields)
        opportunity = self._present.get(fields.opportunity)
        if opportunity is None or mapping.flag(opportunity, "IsDeleted"):
            raise Rejected(f"There is no opportunity {fields.opportunity!r} in Salesforce.", ("opportunity",))
        contact = self._target(fields.contact, "contact")
        there = self._roles.get((fields.opportunity, contact)) if isinstance(contact, str) else None
        if there:
            self._done(place, there, created=False)
            return
        if mapping.flag(opportunity, "IsClosed"):
            raise Rejected(f"The opportunity {fields.opportunity!r} has been closed.", ("opportunity",))
        values: Values = {"OpportunityId": fields.opportunity, "ContactId": contact}
        if fields.role:
            values["Role"] = fields.role
        self._nodes.append(Node(write=place, type="OpportunityContactRole", values=values))

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
        contacts = [one for one in people[1:] if not _is_lead(one)] if not _is_lead(people[0:1]) else []
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
            raise _moved(id, text(row, "MasterRecordId"))
        if mapping.flag(row, "IsDeleted"):
            raise Rejected(f"The {field} {id!r} was deleted in Salesforce.", (field,))
        return row

    def _target(self, target: Target, record: str) -> Who:
        if isinstance(target, CreatedBy):
            place = self._made[target.write_key]
            refused = self._outcomes.get(place)
            if isinstance(refused, Receipt):
                return refused.id
            return Link(place)
        if not _is_id(target.id):
            raise Rejected(f"There is no {record} {target.id!r} in Salesforce.", (record,))
        return target.id

    def _people(self, fields: ActivityFields) -> list[Who]:
        people = [self._target(target, "people") for target in fields.people]
        return list(dict.fromkeys(people))

    def _what(self, fields: ActivityFields, people: Sequence[Who]) -> Who:
        """The case, else the opportunity, else the account; nothing beside a lead (apis A1)."""
        if people and _is_lead(people[:1]):
            return ""
        for id in (fields.matter, fields.opportunity):
            if id:
                return id
        return self._target(fields.account, "account") if fields.account is not None else ""

    # --- sending: graphs -------------------------------------------------------------------------

    def _send_graphs(self) -> None:
        """Everything in one request of graphs, where something points at something and all of it fits in."""
        nodes = [node for node in self._open() if not node.deletes]
        groups = _groups(nodes)
        if not any(node.links() for node in nodes) or len(groups) > GRAPHS or len(nodes) > NODES:
            return
        numbered = {id(node): f"n{number}" for number, node in enumerate(nodes)}
        owner = {node.write: numbered[id(node)] for node in nodes if not node.extra}
        sent = {
            f"g{number}": [
                self._part(node, numbered[id(node)], lambda place: f"@{{{owner[place]}.id}}")
                for node in _ordered(group)
            ]
            for number, group in enumerate(groups)
        }
        try:
            answers = self._api.graphs(sent)
        except Refused:
            return
        except Lost as lost:
            self._unclear(nodes, lost)
            return
        for number, group in enumerate(groups):
            given = answers.get(f"g{number}")
            for node in group if given is not None else ():
                status, body = (given or {}).get(numbered[id(node)], (0, None))
                if not node.extra and 200 <= status < 300:
                    made = str(body["id"]) if isinstance(body, Mapping) and body.get("id") else node.id
                    self._done(node.write, made, created=not node.id)
        self._happened = self._happened or bool(answers)
        finished = {
            node.write for number, group in enumerate(groups) if f"g{number}" in answers for node in group
        }
        self._nodes = [node for node in self._nodes if node.write not in finished]

    def _part(self, node: Node, name: str, known: Callable[[int], str]) -> Part:
        url = self._api.url(f"sobjects/{node.type}{'/' + node.id if node.id else ''}")
        return Part("PATCH" if node.id else "POST", url, name, node.filled(known))

    # --- sending: collections --------------------------------------------------------------------

    def _send_waves(self) -> None:
        """The rest wave by wave: first what points at nothing, then what points at that."""
        waiting = self._open()
        while waiting:
            ready = [node for node in waiting if self._ready(node)]
            waiting = [node for node in waiting if not self._ready(node)]
            if not ready:
                for node in waiting:
                    self._halt(node)
                return
            self._send(ready)
            waiting = [node for node in waiting if not self._halted(node)]

    def _open(self) -> list[Node]:
        """Nodes whose write has no outcome yet, or that come on top of one that was carried out."""
        return [
            node
            for node in self._nodes
            if node.write not in self._outcomes
            or (node.extra and isinstance(self._outcomes[node.write], Receipt))
        ]

    def _ready(self, node: Node) -> bool:
        return all(isinstance(self._outcomes.get(place), Receipt) for place in node.links())

    def _halted(self, node: Node) -> bool:
        """Whether what the node points at has failed; then its write is to be tried again."""
        places = node.links() | ({node.write} if node.extra else set())
        if all(isinstance(self._outcomes.get(place, _OPEN), Receipt | _Open) for place in places):
            return False
        if not node.extra:
            self._halt(node)
        return True

    def _halt(self, node: Node) -> None:
        sentence = "What this points at has not been written; it is sent again with it."
        self._outcomes.setdefault(node.write, TryAgain(sentence, LOCKED_SECONDS))

    def _send(self, nodes: Sequence[Node]) -> None:
        inserts = sorted((one for one in nodes if not one.id), key=lambda one: one.type)
        changes = sorted((one for one in nodes if one.id and not one.deletes), key=lambda one: one.type)
        deletes = [node for node in nodes if node.deletes]
        portions = [
            portion[begin : begin + COLLECTION]
            for portion in (inserts, changes, deletes)
            for begin in range(0, len(portion), COLLECTION)
        ]
        for begin in range(0, len(portions), QUERIES):
            self._send_portions(portions[begin : begin + QUERIES])

    def _send_portions(self, portions: Sequence[Sequence[Node]]) -> None:
        nodes = [node for portion in portions for node in portion]
        parts = [self._collection(portion, f"c{number}") for number, portion in enumerate(portions)]
        try:
            if len(parts) == 1:
                answers = [(200, self._single(parts[0], portions[0]))]
            else:
                answers = self._api.act(parts)
        except Refused as refused:
            answers = [(refused.status, refused)] * len(parts)
        except Lost as lost:
            self._unclear(nodes, lost)
            return
        except (TryAgain, AuthLapsed) as trouble:
            self._trouble(nodes, trouble)
            return
        # Whatever comes up while these are taken, one after the other, some of them may have happened.
        self._happened = self._happened or any(status < 300 for status, _ in answers)
        for portion, (status, body) in zip(portions, answers, strict=True):
            self._take(portion, status, body)

    def _collection(self, nodes: Sequence[Node], name: str) -> Part:
        first = nodes[0]
        if first.deletes:
            ids = ",".join(node.id for node in nodes)
            return Part("DELETE", self._api.url(f"composite/sobjects?ids={ids}&allOrNone=false"), name)
        records = [
            {"attributes": {"type": node.type}, **({"id": node.id} if node.id else {}), **self._values(node)}
            for node in nodes
        ]
        body = {"allOrNone": False, "records": records}
        url = self._api.url("composite/sobjects")
        if first.id:
            return Part("PATCH", url, name, body, _ALLOW_ALERTS)
        return Part("POST", url, name, body)

    def _single(self, part: Part, nodes: Sequence[Node]) -> Any:
        request: dict[str, Any] = {"headers": part.headers} if part.headers else {}
        if not nodes[0].deletes:
            request["json"] = part.body
        return self._api.write(part.method, part.url, **request)

    def _values(self, node: Node) -> Values:
        def known(place: int) -> str:
            found = self._outcomes[place]
            assert isinstance(found, Receipt)
            return found.id

        return node.filled(known)

    # --- answers ---------------------------------------------------------------------------------

    def _take(self, nodes: Sequence[Node], status: int, body: Any) -> None:
        """The answer to a collection: one result for each record, or no to all of them together."""
        if isinstance(body, list) and len(body) == len(nodes) and all("success" in one for one in body):
            for node, result in zip(nodes, body, strict=True):
                self._result(node, result)
            return
        faults = body.faults if isinstance(body, Refused) else read_faults(body)
        if status >= 500 or not faults:
            self._unclear(nodes, Lost(f"Salesforce answered {status} to a collection."))
        elif len(nodes) == 1:
            self._refused(nodes[0], faults)
        elif has(faults, STALE) and self._changed():
            self._trouble(nodes, TryAgain("Salesforce's fields have changed; they are asked for anew.", 1.0))
        else:
            # One of them spoils the request for all; halves find it.
            half = len(nodes) // 2
            self._send_portions([nodes[:half]])
            self._send_portions([nodes[half:]])

    def _changed(self) -> bool:
        """Whether the organisation has other fields now than those that the records were made for."""
        if self._others is None:
            self._organisation.forget()
            self._others = self._organisation.shapes() != self._shapes
        return self._others

    def _result(self, node: Node, result: Mapping[str, Any]) -> None:
        if result.get("success"):
            self._happened = True
            if not node.extra:
                self._done(node.write, str(result.get("id") or node.id), created=not node.id)
            return
        self._refused(node, read_faults(result.get("errors") or []))

    def _refused(self, node: Node, faults: tuple[Fault, ...]) -> None:
        """The outcome of a record that was not taken. No trouble in asking why is raised, since others of the
        same call may have been carried out."""
        try:
            self._judge(node, faults)
        except (TryAgain, AuthLapsed, Refused) as trouble:
            after = trouble.after if isinstance(trouble, TryAgain) else AFTER_TROUBLE
            self._outcomes[node.write] = TryAgain(str(trouble), after)

    def _judge(self, node: Node, faults: tuple[Fault, ...]) -> None:
        found: Refusal = outcome(faults)
        if has(faults, STALE) and isinstance(found, Rejected) and self._changed():
            found = TryAgain("Salesforce's fields have changed; they are asked for anew.", 1.0)
        if node.extra:
            if isinstance(found, TryAgain):
                self._outcomes[node.write] = found
            return
        ours = self._ours(node, faults)
        if ours:
            self._done(node.write, ours, created=False)
        elif node.deletes and has(faults, GONE):
            self._done(node.write, node.id, created=False)
        elif has(faults, GONE):
            self._outcomes[node.write] = self._why_gone(node, found)
        elif not node.id and not node.links() and _unnamed_duplicate(faults):
            self._outcomes[node.write] = self._named_duplicate(node, found)
        else:
            self._outcomes[node.write] = (
                found if not node.id or isinstance(found, TryAgain) else _plain(found)
            )

    def _ours(self, node: Node, faults: tuple[Fault, ...]) -> str:
        """The record that has our key already; "" where that is not what is wrong."""
        for fault in faults:
            if fault.code == "DUPLICATE_VALUE" and KEY in f"{fault.message} {fault.fields}":
                id = taken_by(fault)
                if id:
                    return id
                key = self._writes[node.write].key
                rows = self._api.query(soql.select(("Id",), node.type, soql.among(KEY, [key])))
                return text(rows[0], "Id") if rows else ""
        return ""

    def _why_gone(self, node: Node, found: Refusal) -> Outcome:
        """Something that the record points at is gone: whether it was merged, and into what."""
        values = [value for value in self._values(node).values() if isinstance(value, str)]
        values += [one for value in self._values(node).values() if isinstance(value, list) for one in value]
        people = [value for value in (*values, node.id) if _type_of(value) in ("Contact", "Lead")]
        for type in ("Contact", "Lead"):
            mine = [one for one in people if _type_of(one) == type]
            if not mine:
                continue
            fields = ("Id", "IsDeleted", "MasterRecordId")
            for row in self._api.query(soql.select(fields, type, soql.among("Id", mine)), deleted=True):
                if text(row, "MasterRecordId"):
                    return _moved(text(row, "Id"), text(row, "MasterRecordId"))
        return _plain(found)

    def _named_duplicate(self, node: Node, found: Refusal) -> Outcome:
        """A duplicate rule that does not say which record it found is asked again for this record alone."""
        try:
            body = self._api.write(
                "POST", f"sobjects/{node.type}", json=self._values(node), headers=_TELL_RECORDS
            )
        except Refused as refused:
            again = outcome(refused.faults)
            return again if not isinstance(again, Rejected) else _plain(found)
        except Lost as lost:
            return Unclear(str(lost), self._writes[node.write].key)
        return Receipt(self._writes[node.write].key, str(body["id"]), True, self._now)

    def _done(self, place: int, id: str, *, created: bool) -> None:
        self._outcomes[place] = Receipt(self._writes[place].key, id, created, self._now)

    def _unclear(self, nodes: Iterable[Node], lost: Lost) -> None:
        self._happened = True
        for node in nodes:
            if isinstance(self._outcomes.get(node.write), Receipt):
                # The activity is there, and whoever looks for its key would not see that somebody is missing
                # on it. Sent again it is refused with its id, and they are put on it.
                self._outcomes[node.write] = TryAgain(str(lost), AFTER_TROUBLE)
            else:
                self._outcomes[node.write] = Unclear(str(lost), self._writes[node.write].key)

    def _trouble(self, nodes: Sequence[Node], trouble: TryAgain | AuthLapsed) -> None:
        if not self._happened:
            raise trouble
        after = trouble.after if isinstance(trouble, TryAgain) else AFTER_TROUBLE
        for node in nodes:
            if node.extra or node.write not in self._outcomes:
                self._outcomes[node.write] = TryAgain(str(trouble), after)


class _Open:
    """In place of the outcome of a write that has none yet."""


_OPEN = _Open()


def _groups(nodes: Sequence[Node]) -> list[list[Node]]:
    """Nodes that hang together by their links, each group in the order given."""
    root: dict[int, int] = {}

    def find(place: int) -> int:
        while root.setdefault(place, place) != place:
            place = root[place]
        return place

    for node in nodes:
        for other in node.links():
            root[find(other)] = find(node.write)
    groups: dict[int, list[Node]] = {}
    for node in nodes:
        groups.setdefault(find(node.write), []).append(node)
    return list(groups.values())


def _ordered(group: Sequence[Node]) -> list[Node]:
    """What is pointed at before what points at it."""
    done: set[int] = set()
    ordered: list[Node] = []
    waiting = list(group)
    inside = {node.write for node in group if not node.extra}
    while waiting:
        ready = [one for one in waiting if one.links() & inside <= done]
        if not ready:
            return [*ordered, *waiting]
        ordered += ready
        done |= {node.write for node in ready if not node.extra}
        waiting = [one for one in waiting if one not in ready]
    return ordered


def _content(fields: DocumentFields) -> tuple[str, str] | None:
    """Name and content (base64) of a file: of an address that holds it (`data:`, RFC 2397), or a note where
    there is no address; None for an address elsewhere, which becomes a link."""
    name = mapping.clean(fields.name) or "file"
    if not fields.uri:
        note = f"The file {name} was not handed over with the interaction {fields.interaction}."
        return f"{name}.txt", base64.b64encode(mapping.clean(note).encode()).decode()
    if not fields.uri.startswith("data:"):
        return None
    content = inline(fields.uri)
    if content is None:
        raise Rejected(f"The file {name} cannot be read from its address.", ("uri",))
    return name, base64.b64encode(content).decode()


def _targets(fields: Fields) -> list[Target]:
    found = [getattr(fields, name, None) for name in ("account", "activity", "contact")]
    return [one for one in (*found, *getattr(fields, "people", ())) if one is not None]


def _fields(write: Write, type: type[F]) -> F:
    assert isinstance(write.fields, type)
    return write.fields


def _existing(target: Target | None) -> Existing:
    assert isinstance(target, Existing)
    return target


def _is_id(id: str) -> bool:
    return len(id) in (15, 18) and id.isascii() and id.isalnum()


def _type_of(id: str) -> str:
    if not _is_id(id):
        return ""
    return {"003": "Contact", "00Q": "Lead"}.get(id[:3]) or activities.type_of(id)


def _is_lead(who: Who | Sequence[Who]) -> bool:
    if isinstance(who, Sequence) and not isinstance(who, str):
        return bool(who) and _is_lead(who[0])
    return isinstance(who, str) and who.startswith(activities.LEAD_PREFIX)


def _moved(id: str, into: str) -> MovedTo:
    type = "lead" if id.startswith(activities.LEAD_PREFIX) else "contact"
    return MovedTo(f"The {type} {id!r} was merged into {into!r} in Salesforce.", type, into)


def _plain(found: Refusal) -> Outcome:
    """A refusal of a change, which never is a reason to take another record."""
    if isinstance(found, Rejected | TryAgain):
        return found
    return Rejected(str(found))


def _unnamed_duplicate(faults: tuple[Fault, ...]) -> bool:
    return any(fault.code == "DUPLICATES_DETECTED" and not fault.matches for fault in faults)


_FIELDS: Mapping[WriteKind, type[Fields]] = {
    "create_contact": ContactFields,
    "create_account": AccountFields,
    "update_contact": ContactFields,
    "log_activity": ActivityFields,
    "update_activity": ActivityFields,
    "delete_activity": ActivityFields,
    "document": DocumentFields,
    "contact_role": ContactRoleFields,
}
_ON_EXISTING = frozenset({"update_contact", "update_activity", "delete_activity"})
_PREPARE: Mapping[WriteKind, Callable[[Carrier, int, Write], None]] = {
    "create_contact": Carrier._create_contact,
    "create_account": Carrier._create_account,
    "update_contact": Carrier._update_contact,
    "log_activity": Carrier._log_activity,
    "update_activity": Carrier._update_activity,
    "delete_activity": Carrier._delete_activity,
    "document": Carrier._document,
    "contact_role": Carrier._contact_role,
}
