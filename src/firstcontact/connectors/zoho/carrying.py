"""Carrying out writes: up to a hundred records of a module in a request, each answered for itself (apis A4).

Records are inserted with our key in a unique field, never upserted: a repeated insert is refused with the id
of the first record, and leaves what a person has set since. Where a module takes no unique field, the keys
are asked for first. Every request says `trigger: []`, so that none of the organisation's workflows fires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.connectors.contract import (
    AuthLapsed,
    Exists,
    MovedTo,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.toolkit.writes import existing, fields_of
from firstcontact.connectors.zoho import activities, contacts, documents, mapping, offered
from firstcontact.connectors.zoho.capabilities import CAPABILITIES
from firstcontact.connectors.zoho.client import Api, Row
from firstcontact.connectors.zoho.faults import (
    CLOSED,
    DUPLICATE,
    INVALID,
    SUCCESS,
    UNSURE,
    Fault,
    Refused,
    fault_of,
    outcome,
)
from firstcontact.connectors.zoho.looking import Look, named_id
from firstcontact.connectors.zoho.mapping import Values, text
from firstcontact.connectors.zoho.merging import Merger
from firstcontact.connectors.zoho.modules import Modules
from firstcontact.connectors.zoho.nodes import Node, portions
from firstcontact.connectors.zoho.shapes import ACTIVITIES, KEY, TITLE, Module, is_id
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    DocumentFields,
    MergeFields,
    Receipt,
    Write,
    WriteKind,
)

_READ = frozenset({"update_contact", "update_activity", "delete_activity", "delete_contact"})
"""Writes about a record that has to be known as it is."""
_DISPENSABLE = frozenset({"Lead_Source"})
"""Fields without which a new record is made where Zoho does not take our value: lists that an administrator
keeps."""


class Carrier:
    """Carries out the writes of one call of `apply`."""

    def __init__(
        self, api: Api, modules: Modules, look: Look, region: str, now: int, writes: Sequence[Write]
    ) -> None:
        self._api = api
        self._modules = modules
        self._look = look
        self._region = region
        self._now = now
        self._writes = writes
        self._outcomes: dict[int, Outcome] = {}
        self._nodes: list[Node] = []
        self._present: Mapping[tuple[str, str], Row] = {}
        self._logged_on: frozenset[str] = frozenset()
        self._happened = False

    def carry(self) -> list[Outcome]:
        """One outcome for each write, in order. Raises NotOffered before anything is sent; TryAgain and
        AuthLapsed only where nothing has happened."""
        for write in self._writes:
            offered.check(write)
        self._read_present()
        for place, write in enumerate(self._writes):
            if write.kind in _PREPARE:
                self._prepare(place, write)
        self._look_for_keys()
        for portion in portions(self._nodes):
            self._send(portion)
        for place, write in enumerate(self._writes):
            if write.kind == "document":
                self._document(place, write)
            elif write.kind == "merge_contacts":
                self._merge(place, write)
        return [self._outcomes[place] for place in range(len(self._writes))]

    # --- what has to be known first --------------------------------------------------------------

    def _read_present(self) -> None:
        """The records that are changed, a hundred of a module in a request."""
        wanted: dict[str, dict[str, None]] = {}
        for write in self._writes:
            if write.kind in _READ:
                module, id = offered.place(write)
                if module and is_id(id):
                    wanted.setdefault(module, {})[id] = None
        found: dict[tuple[str, str], Row] = {}
        for name, ids in wanted.items():
            shape = self._modules.of(name)
            known = activities.activity_fields if name in ACTIVITIES else mapping.record_fields
            fields = known(shape)
            for row in self._api.records(name, list(ids), fields):
                found[name, text(row, "id")] = row
        self._present = found
        leaving = {offered.place(write) for write in self._writes if write.kind == "delete_contact"}
        self._logged_on = self._look.logged_on([id for _, id in sorted(leaving & found.keys())])

    def _look_for_keys(self) -> None:
        """Which of the new records are there already, in modules that would take them twice."""
        new = [node for node in self._nodes if not node.id]
        for name in dict.fromkeys(node.module for node in new):
            if self._modules.of(name).unique(KEY):
                continue
            places: dict[str, list[int]] = {}
            for node in new:
                if node.module == name:
                    places.setdefault(self._writes[node.write].key, []).append(node.write)
            for receipt in reversed(self._look.written_in(name, list(places))):
                for place in places[receipt.key]:
                    self._done(place, receipt.id, created=False)
        self._nodes = [node for node in self._nodes if node.write not in self._outcomes]

    # --- each write as a record ------------------------------------------------------------------

    def _prepare(self, place: int, write: Write) -> None:
        try:
            _PREPARE[write.kind](self, place, write)
        except (Rejected, MovedTo) as refusal:
            self._outcomes[place] = refusal

    def _create_contact(self, place: int, write: Write) -> None:
        fields = fields_of(write, ContactFields)
        module = self._own("Contacts")
        values = contacts.new_contact(fields, write.key, module, self._region)
        if fields.account is not None:
            values["Account_Name"] = offered.target(fields.account, "account")
        self._nodes.append(Node(write=place, module="Contacts", values=values))

    def _create_account(self, place: int, write: Write) -> None:
        module = self._own("Accounts")
        values = mapping.new_account(fields_of(write, AccountFields), write.key, module)
        self._nodes.append(Node(write=place, module="Accounts", values=values))

    def _update_contact(self, place: int, write: Write) -> None:
        fields = fields_of(write, ContactFields)
        name, row = self._row(write, "contact")
        module = self._modules.of(name)
        values = contacts.changed_contact(fields, write.changed, row, module, self._region)
        if fields.account is not None and module.takes("Account_Name"):
            account = offered.target(fields.account, "account")
            if account["id"] != text(row, "Account_Name"):
                values["Account_Name"] = account
        elif "account" in write.changed and module.takes("Account_Name") and text(row, "Account_Name"):
            values["Account_Name"] = None
        self._change(place, name, row, contacts.kept_mark(values, row, module))

    def _change(self, place: int, module: str, row: Row, values: Values) -> None:
        if values:
            self._nodes.append(Node(write=place, module=module, values=values, id=text(row, "id")))
        else:
            self._done(place, named_id(module, text(row, "id")), created=False)

    def _log_activity(self, place: int, write: Write) -> None:
        fields = fields_of(write, ActivityFields)
        offered.check_links(fields)
        if fields.kind in CAPABILITIES.contact_required_for and not fields.people:
            raise Rejected(
                f"Text messages are logged on a contact in {TITLE}, and there is none.", ("people",)
            )
        module = self._own(activities.module_for(fields.kind))
        values = activities.new_activity(fields, write.key, module)
        self._nodes.append(Node(write=place, module=module.name, values=values))

    def _update_activity(self, place: int, write: Write) -> None:
        fields = fields_of(write, ActivityFields)
        offered.check_links(fields)
        name, row = self._row(write, "activity")
        module = self._modules.of(name)
        self._change(place, name, row, activities.changed_activity(fields, write.changed, row, module))

    def _delete_activity(self, place: int, write: Write) -> None:
        module, id = offered.place(write)
        row = self._present.get((module, id))
        given = existing(write.target).id
        if row is None:
            self._done(place, given, created=False)
        elif not text(row, KEY):
            raise Rejected(f"The activity {given!r} was made by a person in {TITLE}.", ("target",))
        elif activities.edited(row):
            raise Rejected(f"A person has edited the activity {given!r} in {TITLE} since.", ("target",))
        else:
            self._nodes.append(Node(write=place, module=module, id=id, deletes=True))

    def _delete_contact(self, place: int, write: Write) -> None:
        """Whom people have logged something on stays, since it may go with the contact."""
        module, id = offered.place(write)
        row = self._present.get((module, id))
        if row is None:
            self._done(place, id, created=False)
            return
        contacts.untouched(row)
        if id in self._logged_on:
            words = f"People have logged activities on the contact {id!r} in {TITLE}, which may go with it."
            raise Rejected(words, ("target",))
        self._nodes.append(Node(write=place, module=module, id=id, deletes=True))

    def _own(self, name: str) -> Module:
        """A module that has our key. Raises Rejected: without it nobody could tell after a lost answer
        whether a record was made."""
        module = self._modules.of(name)
        if not module.takes(KEY):
            raise Rejected(
                f"{TITLE} has no field {KEY} in {name} yet, or our user may not write it; "
                "firstcontact doctor --fix makes it.",
                (KEY,),
            )
        return module

    def _row(self, write: Write, what: str) -> tuple[str, Row]:
        """A record that is to be changed, as it is. Raises Rejected."""
        module, id = offered.place(write)
        row = self._present.get((module, id))
        if row is None:
            given = existing(write.target).id
            raise Rejected(f"{TITLE} has no {what} {given!r}, or not any more.", (what,))
        return module, row

    # --- sending ---------------------------------------------------------------------------------

    def _send(self, nodes: Sequence[Node]) -> None:
        try:
            results = self._request(nodes)
        except Refused as refused:
            self._all_refused(nodes, refused.fault)
            return
        except Lost as lost:
            self._happened = True
            self._unclear(nodes, str(lost))
            return
        except (TryAgain, AuthLapsed) as trouble:
            self._trouble(nodes, trouble)
            return
        if len(results) != len(nodes):
            self._happened = True
            self._unclear(nodes, f"{TITLE} left out results of its answer.")
            return
        self._happened = self._happened or any(result.get("code") == SUCCESS for result in results)
        for node, result in zip(nodes, results, strict=True):
            self._take(node, result)

    def _request(self, nodes: Sequence[Node]) -> list[Row]:
        first = nodes[0]
        if first.deletes:
            asked = {"ids": ",".join(node.id for node in nodes), "wf_trigger": "false"}
            body = self._api.write("DELETE", first.module, params=asked)
        else:
            data = [{**node.values, **({"id": node.id} if node.id else {})} for node in nodes]
            method = "PUT" if first.id else "POST"
            body = self._api.write(method, first.module, json={"data": data, "trigger": []})
        results: Any = (body or {}).get("data")
        if not isinstance(results, list):
            raise Lost(f"{TITLE} answered a write with something else.")
        return results

    def _all_refused(self, nodes: Sequence[Node], fault: Fault) -> None:
        """No to all of them together: the module is closed to us, or one spoils the request, and halves find
        it."""
        if len(nodes) == 1 or fault.code in CLOSED:
            for node in nodes:
                self._refused(node, fault)
            return
        half = len(nodes) // 2
        self._send(nodes[:half])
        self._send(nodes[half:])

    # --- answers ---------------------------------------------------------------------------------

    def _take(self, node: Node, result: Row) -> None:
        if result.get("code") == SUCCESS:
            details = result.get("details") or {}
            id = text(details, "id") or node.id
            self._done(node.write, named_id(node.module, id), created=not node.id)
            return
        self._refused(node, fault_of(result))

    def _refused(self, node: Node, fault: Fault) -> None:
        """The outcome of a record that was not taken. No trouble in asking why is raised, since others of the
        same call may have been carried out."""
        try:
            self._judge(node, fault)
        except (TryAgain, AuthLapsed, Refused) as trouble:
            after = trouble.after if isinstance(trouble, TryAgain) else AFTER_TROUBLE
            self._outcomes[node.write] = TryAgain(str(trouble), after)

    def _judge(self, node: Node, fault: Fault) -> None:
        write = self._writes[node.write]
        if fault.code in UNSURE:
            self._unclear([node], f"{TITLE} failed at a record ({fault.code}).")
        elif fault.code == DUPLICATE and fault.field == KEY:
            self._done(node.write, self._first(node, fault), created=False)
        elif node.deletes and fault.code == INVALID:
            self._done(node.write, named_id(node.module, node.id), created=False)
        elif fault.field in _DISPENSABLE and fault.field in node.values and fault.code == INVALID:
            left = {name: value for name, value in node.values.items() if name != fault.field}
            self._send([msgspec.structs.replace(node, values=left)])
        else:
            found = outcome(fault, node.module, made=not node.id)
            if isinstance(found, Exists) and found.type == "account" and write.kind != "create_account":
                found = Rejected(str(found), (fault.field,))
            self._outcomes[node.write] = found

    def _first(self, node: Node, fault: Fault) -> str:
        """The record that bears our key already. Raises TryAgain where Zoho names none and has none."""
        if fault.record:
            return named_id(node.module, fault.record)
        there = self._look.written_in(node.module, [self._writes[node.write].key])
        if not there:
            raise TryAgain(f"{TITLE} has a record with this key and does not show it yet.", AFTER_TROUBLE)
        return there[0].id

    def _done(self, place: int, id: str, *, created: bool) -> None:
        self._outcomes[place] = Receipt(self._writes[place].key, id, created, self._now)

    def _unclear(self, nodes: Iterable[Node], sentence: str) -> None:
        for node in nodes:
            self._outcomes[node.write] = Unclear(sentence, self._writes[node.write].key)

    def _trouble(self, nodes: Sequence[Node], trouble: TryAgain | AuthLapsed) -> None:
        if not self._happened:
            raise trouble
        after = trouble.after if isinstance(trouble, TryAgain) else AFTER_TROUBLE
        for node in nodes:
            self._outcomes[node.write] = TryAgain(str(trouble), after)

    # --- merging ---------------------------------------------------------------------------------

    def _merge(self, place: int, write: Write) -> None:
        """One after the other: Zoho takes one merge in a request, and what it fills counts for the next."""
        fields = fields_of(write, MergeFields)
        merger = Merger(self._api, self._modules.of("Contacts"), self._region)
        try:
            survivor = merger.merge(fields.loser.id, existing(write.target).id)
        except Rejected as rejected:
            self._outcomes[place] = rejected
        except Refused as refused:
            self._outcomes[place] = Rejected(str(refused), (refused.fault.field,))
        except Lost as lost:
            self._happened = True
            self._outcomes[place] = Unclear(str(lost), write.key)
        except (TryAgain, AuthLapsed) as trouble:
            self._happened = self._happened or merger.happened
            self._trouble([Node(write=place, module="")], trouble)
        else:
            self._happened = True
            self._done(place, survivor, created=False)

    # --- files -----------------------------------------------------------------------------------

    def _document(self, place: int, write: Write) -> None:
        fields = fields_of(write, DocumentFields)
        try:
            receipt = documents.carry(self._api, write, fields, self._now)
        except (Rejected, Exists) as rejected:
            self._outcomes[place] = Rejected(str(rejected), ("file",))
        except Refused as refused:
            self._outcomes[place] = Rejected(str(refused), (refused.fault.field,))
        except Lost as lost:
            self._happened = True
            self._outcomes[place] = Unclear(str(lost), write.key)
        except (TryAgain, AuthLapsed) as trouble:
            self._trouble([Node(write=place, module="")], trouble)
        else:
            self._happened = True
            self._outcomes[place] = receipt


_PREPARE: Mapping[WriteKind, Callable[[Carrier, int, Write], None]] = {
    "create_contact": Carrier._create_contact,
    "create_account": Carrier._create_account,
    "update_contact": Carrier._update_contact,
    "log_activity": Carrier._log_activity,
    "update_activity": Carrier._update_activity,
    "delete_activity": Carrier._delete_activity,
    "delete_contact": Carrier._delete_contact,
}
