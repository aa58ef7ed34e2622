"""Carrying out writes: as few requests as Salesforce allows, each write answered for itself (apis A1).

What belongs together (a contact and its first activities) goes as one graph, which happens as a whole or not
at all. What does not fit into one request of graphs, and every graph that did not happen, goes in collections
of 200 records, five of them in a request, those that others point at first; there each record is refused or
taken on its own. So graphs only save requests, and what is refused is said in one place.

Records are inserted with our key in a unique field, never upserted: a repeated insert is refused with the id
of the first record, and leaves what a person has set since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from firstcontact.connectors.contract import (
    AuthLapsed,
    Exists,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.connectors.salesforce import soql
from firstcontact.connectors.salesforce.client import COLLECTION, QUERIES, Api, Part, Refused
from firstcontact.connectors.salesforce.ending import Ending
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
from firstcontact.connectors.salesforce.nodes import Node, groups, moved, ordered, type_of
from firstcontact.connectors.salesforce.organisation import Organisation
from firstcontact.connectors.salesforce.preparing import Preparation
from firstcontact.connectors.salesforce.shapes import KEY, Shapes
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.planning.write import Receipt, Write

GRAPHS = 75
NODES = 500
"""In one request of graphs."""

_ALLOW_ALERTS = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
_TELL_RECORDS = {"Sforce-Duplicate-Rule-Header": "allowSave=false; includeRecordDetails=true"}
Refusal = Exists | Rejected | TryAgain


class Carrier:
    """Carries out the writes of one call of `apply`."""

    def __init__(
        self, api: Api, organisation: Organisation, region: str, now: int, writes: Sequence[Write]
    ) -> None:
        self._api = api
        self._organisation = organisation
        self._now = now
        self._writes = writes
        self._preparation = Preparation(api, region, now, writes)
        self._outcomes = self._preparation.outcomes
        self._nodes: list[Node] = []
        self._shapes: Shapes = {}
        self._happened = False
        self._others: bool | None = None

    def carry(self) -> list[Outcome]:
        """One outcome for each write, in order. Raises NotOffered before anything is sent; TryAgain and
        AuthLapsed only where nothing has happened."""
        if not self._writes:
            return []
        self._shapes = self._organisation.shapes()
        self._preparation.prepare(self._shapes)
        self._nodes = self._preparation.nodes
        self._send_graphs()
        self._send_waves()
        Ending(self._api, self._preparation, self._shapes, self._happened, self._changed).carry()
        return [self._outcomes[place] for place in range(len(self._writes))]

    # --- sending: graphs -------------------------------------------------------------------------

    def _send_graphs(self) -> None:
        """Everything in one request of graphs, where something points at something and all of it fits in."""
        nodes = [node for node in self._open() if not node.deletes]
        together = groups(nodes)
        if not any(node.links() for node in nodes) or len(together) > GRAPHS or len(nodes) > NODES:
            return
        numbered = {id(node): f"n{number}" for number, node in enumerate(nodes)}
        owner = {node.write: numbered[id(node)] for node in nodes if not node.extra}
        sent = {
            f"g{number}": [
                self._part(node, numbered[id(node)], lambda place: f"@{{{owner[place]}.id}}")
                for node in ordered(group)
            ]
            for number, group in enumerate(together)
        }
        try:
            answers = self._api.graphs(sent)
        except Refused:
            return
        except Lost as lost:
            self._unclear(nodes, lost)
            return
        for number, group in enumerate(together):
            given = answers.get(f"g{number}")
            for node in group if given is not None else ():
                status, body = (given or {}).get(numbered[id(node)], (0, None))
                if not node.extra and 200 <= status < 300:
                    made = str(body["id"]) if isinstance(body, Mapping) and body.get("id") else node.id
                    self._preparation.done(node.write, made, created=not node.id)
        self._happened = self._happened or bool(answers)
        finished = {
            node.write for number, group in enumerate(together) if f"g{number}" in answers for node in group
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
                self._preparation.done(node.write, str(result.get("id") or node.id), created=not node.id)
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
            self._preparation.done(node.write, ours, created=False)
        elif node.deletes and has(faults, GONE):
            self._preparation.done(node.write, node.id, created=False)
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
        people = [value for value in (*values, node.id) if type_of(value) in ("Contact", "Lead")]
        for type in ("Contact", "Lead"):
            mine = [one for one in people if type_of(one) == type]
            if not mine:
                continue
            fields = ("Id", "IsDeleted", "MasterRecordId")
            for row in self._api.query(soql.select(fields, type, soql.among("Id", mine)), deleted=True):
                if text(row, "MasterRecordId"):
                    return moved(text(row, "Id"), text(row, "MasterRecordId"))
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


def _plain(found: Refusal) -> Outcome:
    """A refusal of a change, which never is a reason to take another record."""
    if isinstance(found, Rejected | TryAgain):
        return found
    return Rejected(str(found))


def _unnamed_duplicate(faults: tuple[Fault, ...]) -> bool:
    return any(fault.code == "DUPLICATES_DETECTED" and not fault.matches for fault in faults)
