"""What each path answers, asked alone or in a batch (apis A5). Strict: what is not known is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.dynamics import defining, metadata
from firstcontact.testing.simulators.dynamics.actions import ACTIONS, Place, privileges
from firstcontact.testing.simulators.dynamics.addresses import Address, address, found, needed, segment, split
from firstcontact.testing.simulators.dynamics.batch import Answer
from firstcontact.testing.simulators.dynamics.calls import Call, answered
from firstcontact.testing.simulators.dynamics.queries import (
    MOST_ROWS,
    check_options,
    listed,
    read_shape,
    rows_of,
)
from firstcontact.testing.simulators.dynamics.records import (
    Caller,
    Written,
    create,
    delete,
    navigation,
    read_body,
    update,
)
from firstcontact.testing.simulators.dynamics.refusals import (
    Refusal,
    bad,
    changed_meanwhile,
    does_not_exist,
    exists_already,
    lacks_privilege,
    no_segment,
    no_such_key,
    not_allowed,
    payload,
)
from firstcontact.testing.simulators.dynamics.relations import collections
from firstcontact.testing.simulators.dynamics.schema import Table
from firstcontact.testing.simulators.dynamics.showing import context, etag, far_table, gathered, shown
from firstcontact.testing.simulators.dynamics.state import Row

MOST_ADDRESS = 32_768
MOST_AGGREGATED = 50_000
_GROUPED = re.compile(
    r"(?:filter\((?P<filter>.*)\)/)?groupby\(\((?P<by>[^()]*)\),aggregate\(\$count as (?P<count>\w+)\)\)",
    re.DOTALL,
)
_RIGHTS = {"GET": "Read", "POST": "Create", "PATCH": "Write", "PUT": "Write", "DELETE": "Delete"}


class Api:
    """Carries out calls on one environment."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._state = place.state
        self._user = place.user

    def answer(self, call: Call) -> Answer:
        """One operation, all of it or none of it. Raises Refusal."""
        with self._state.transaction():
            caller = self._caller(call)
            prefer = call.prefer
            answer = self._routed(call, caller)
        if prefer.applied and call.method != "DELETE":
            answer.headers["Preference-Applied"] = ",".join(prefer.applied)
        return answer

    def _caller(self, call: Call) -> Caller:
        """Who does it: with `CallerObjectId` or `MSCRMCallerID` somebody else, through us (apis A5)."""
        for header, column in (
            ("callerobjectid", "azureactivedirectoryobjectid"),
            ("mscrmcallerid", "systemuserid"),
        ):
            wanted = call.headers.get(header)
            if wanted is None:
                continue
            users = [row for row in self._state.all("systemuser") if row.get(column) == wanted.lower()]
            if "prvActOnBehalfOfAnotherUser" in self._state.quirks.forbidden:
                raise lacks_privilege("prvActOnBehalfOfAnotherUser", self._user)
            if not users or users[0]["isdisabled"]:
                why = "The specified user is either disabled or is not a member of any business unit."
                raise Refusal(403, "0x80040225", why)
            return Caller(user=users[0]["systemuserid"], through=self._user)
        return Caller(user=self._user)

    # --- routes ----------------------------------------------------------------------------------------

    def _routed(self, call: Call, caller: Caller) -> Answer:
        segments = split(call.path)
        if not segments:
            return self._service(call)
        name = segments[0].partition("(")[0]
        if name in ACTIONS:
            return ACTIONS[name](self._place, call, caller)
        if name == "EntityDefinitions":
            return self._definitions(call, [segment(one) for one in segments])
        place = address(self._state, segments[0])
        self._allowed(call, place.table)
        if len(segments) == 1:
            return self._record(call, place, caller) if place.one else self._table(call, place.table, caller)
        return self._beyond(call, place, segments[1:], caller)

    def _allowed(self, call: Call, table: Table) -> None:
        right = f"prv{_RIGHTS.get(call.method, 'Read')}{table.privilege}"
        if right in self._state.quirks.forbidden:
            raise lacks_privilege(right, self._user)

    def _may_bind(self, table: Table, written: Written) -> None:
        """Pointing at a record needs Append here and AppendTo there, giving it away Assign. Raises Refusal
        403."""
        values = [(name, held) for name, held in written.values.items() if isinstance(held, tuple)]
        values += [("partyid", one["partyid"]) for one in written.parties or () if one["partyid"]]
        for name, (target, _) in values:
            there = self._state.table(target).privilege
            needed = (f"prvAppend{table.privilege}", f"prvAppendTo{there}")
            for right in (f"prvAssign{table.privilege}",) if name == "ownerid" else needed:
                if right in self._state.quirks.forbidden:
                    raise lacks_privilege(right, self._user)

    def _service(self, call: Call) -> Answer:
        """`GET /api/data/v9.2/`: which sets there are (OData 4.0)."""
        if call.method != "GET":
            raise not_allowed(call.method, "/")
        sets = [{"name": one.set, "kind": "EntitySet", "url": one.set} for one in self._state.tables.values()]
        return answered(200, {"@odata.context": f"{call.base}/$metadata", "value": sets})

    def _table(self, call: Call, table: Table, caller: Caller) -> Answer:
        """`GET /contacts?…` and `POST /contacts` (apis A5, "Lookup", "Create")."""
        if call.method == "GET":
            if "$apply" in call.options:
                return answered(200, self._grouped(call, table))
            return answered(200, listed(self._state, table, call.options, call.prefer, call.base))
        if call.method != "POST":
            raise not_allowed(call.method, f"/{table.set}")
        written = read_body(self._state, table, call.body(), call.resolved, creating=True)
        self._may_bind(table, written)
        id = create(self._state, table, written, caller, find_duplicates=_finds_duplicates(call))
        return self._written(call, table, id, created=True)

    def _record(self, call: Call, place: Address, caller: Caller) -> Answer:
        """`GET`, `PATCH` (which makes what is not there), `DELETE` of one record (apis A5, "Upsert")."""
        table = place.table
        if call.method == "PATCH":
            return self._upsert(call, place, caller)
        if call.method == "POST" or call.method not in _RIGHTS:
            raise not_allowed(call.method, call.path)
        row = needed(self._state, place)
        if call.method == "DELETE":
            _check_match(call, row)
            delete(self._state, table, row[table.id])
            return Answer(status=204)
        if call.method != "GET":
            raise not_allowed(call.method, call.path)
        if call.headers.get("if-none-match") == etag(row):
            return Answer(status=304)
        return self._one(call, table, row)

    def _one(self, call: Call, table: Table, row: Row, status: int = 200) -> Answer:
        check_options(call.options, frozenset({"$select", "$expand"}))
        shape = read_shape(self._state, table, call.options, call.prefer)
        view = {"@odata.context": f"{context(call.base, table, shape)}/$entity"}
        view |= shown(self._state, table, row, shape)
        answer = answered(status, view)
        answer.headers["ETag"] = etag(row)
        return answer

    def _upsert(self, call: Call, place: Address, caller: Caller) -> Answer:
        """204 both ways; `If-Match: *` only changes, `If-None-Match: *` only makes (apis A5)."""
        table, row = place.table, found(self._state, place)
        if row is None and call.headers.get("if-match") is not None:
            raise no_such_key(table.name) if place.key else does_not_exist(table.name, place.id)
        if row is not None and call.headers.get("if-none-match") == "*":
            raise exists_already()
        body = call.body()
        if isinstance(body, Mapping) and set(body) & {table.id, *(place.key.columns if place.key else ())}:
            raise payload(table.set, "the key must not be repeated in the body.")
        written = read_body(self._state, table, body, call.resolved, creating=row is None)
        self._may_bind(table, written)
        duplicates = _finds_duplicates(call)
        if row is None:
            named = place.values if place.key else {table.id: place.id}
            whole = Written(values={**written.values, **named}, parties=written.parties)
            id = create(self._state, table, whole, caller, find_duplicates=duplicates)
            return self._written(call, table, id, created=True)
        _check_match(call, row)
        id = row[table.id]
        update(self._state, table, id, written, caller, find_duplicates=duplicates)
        return self._written(call, table, id, created=False)

    def _written(self, call: Call, table: Table, id: str, *, created: bool) -> Answer:
        """204 with `OData-EntityId`; with `return=representation` 201 or 200 and the record (apis A5)."""
        where = f"{call.base}/{table.set}({id})"
        if call.prefer.representation:
            answer = self._one(call, table, self._state.need(table.name, id), 201 if created else 200)
        else:
            check_options(call.options, frozenset({"$select", "$expand"}))
            answer = Answer(status=204, headers={})
        answer.headers["OData-EntityId"] = where
        if created:
            answer.headers["Location"] = where
        return answer

    def _beyond(self, call: Call, place: Address, rest: list[str], caller: Caller) -> Answer:
        """What lies behind a table or a record: `$count`, a property, what a navigation property leads to
        (OData 4.0, part 2)."""
        table = place.table
        if not place.one:
            if rest != ["$count"] or call.method != "GET":
                raise no_segment(rest[0])
            check_options(call.options, frozenset({"$filter"}))
            count = len(rows_of(self._state, table, call.options.get("$filter")))
            text = str(min(count, MOST_ROWS)).encode()
            return Answer(status=200, headers={"Content-Type": "text/plain"}, content=text)
        row = needed(self._state, place)
        if rest == ["Microsoft.Dynamics.CRM.RetrieveUserPrivileges()"] and table.name == "systemuser":
            return answered(200, privileges(self._place, call))
        if len(rest) == 2 and rest[1] == "$ref":
            return self._reference(call, table, row, rest[0], caller)
        if len(rest) > 1 or call.method != "GET":
            raise no_segment(rest[-1]) if len(rest) > 1 else not_allowed(call.method, call.path)
        return self._far(call, table, row, rest[0])

    def _far(self, call: Call, table: Table, row: Row, name: str) -> Answer:
        by_property = {column.property: column for column in table.columns.values()}
        if name in by_property:
            held = row.get(by_property[name].name)
            if held is None:
                return Answer(status=204)
            value = held[1] if isinstance(held, tuple) else held
            where = f"{call.base}/$metadata#{table.set}({row[table.id]})/{name}"
            return answered(200, {"@odata.context": where, "value": value})
        far = far_table(self._state, table, name)
        collection = collections(table).get(name)
        if collection is not None:
            rows = gathered(self._state, table, row, *collection)
            return answered(200, listed(self._state, far, call.options, call.prefer, call.base, rows))
        column, _ = navigation(self._state, table, name)
        held = row.get(column.name)
        target = self._state.get(*held) if held is not None else None
        if held is None or target is None:
            return Answer(status=204)
        return self._one(call, self._state.table(held[0]), target)

    def _reference(self, call: Call, table: Table, row: Row, name: str, caller: Caller) -> Answer:
        """`DELETE /contacts(id)/parentcustomerid_account/$ref` empties a lookup (Microsoft's page "Associate
        and disassociate table rows")."""
        column, _ = navigation(self._state, table, name)
        if call.method != "DELETE":
            raise not_allowed(call.method, call.path)
        update(self._state, table, row[table.id], Written(values={column.name: None}), caller)
        return Answer(status=204)

    def _grouped(self, call: Call, table: Table) -> dict[str, Any]:
        """`$apply=filter(…)/groupby((…),aggregate($count as n))`: the one aggregation there is here
        (Microsoft's page "Aggregate data")."""
        check_options({name: "" for name in call.options if name != "$apply"}, frozenset())
        asked = _GROUPED.fullmatch(call.options["$apply"])
        if asked is None:
            raise Refusal(501, "0x8006088c", "Of $apply, only counting by groups is simulated.")
        rows = rows_of(self._state, table, asked["filter"])
        if len(rows) > MOST_AGGREGATED:
            raise bad("The maximum record limit is exceeded. Reduce the number of records.", "0x8004e023")
        known = {column.property: column for column in table.columns.values()}
        names = [one.strip() for one in asked["by"].split(",")]
        if unknown := [name for name in names if name not in known]:
            raise bad(f"Could not find a property named '{unknown[0]}' on {table.name}.")
        counts: dict[tuple[Any, ...], int] = {}
        for row in rows:
            held = tuple(row.get(known[name].name) for name in names)
            group = tuple(one[1] if isinstance(one, tuple) else one for one in held)
            counts[group] = counts.get(group, 0) + 1
        groups = [{**dict(zip(names, group, strict=True)), asked["count"]: n} for group, n in counts.items()]
        return {"@odata.context": f"{call.base}/$metadata#{table.set}", "value": groups}

    def _definitions(self, call: Call, segments: list[tuple[str, str | None]]) -> Answer:
        """`EntityDefinitions…`: read, and columns and keys made and taken away (apis A5)."""
        if call.method == "GET":
            return answered(200, metadata.told(self._state, segments, call.options, call.base))
        if "prvCreateAttribute" in self._state.quirks.forbidden:
            raise lacks_privilege("prvCreateAttribute", self._user)
        if len(segments) != 2 or segments[0][1] is None:
            raise not_allowed(call.method, call.path)
        self._check_solution(call)
        table = metadata.definition(self._state, segments[0][1])
        name, inside = segments[1]
        if call.method == "DELETE" and inside is not None:
            defining.drop(self._state, table, name, inside)
            return Answer(status=204)
        makers = {"Attributes": defining.make_attribute, "Keys": defining.make_key}
        if call.method != "POST" or name not in makers or inside is not None:
            raise not_allowed(call.method, call.path)
        made = makers[name](self._state, table, call.body())
        where = f"{call.base}/EntityDefinitions({metadata.metadata_id(table.name)})/{name}({made})"
        return Answer(status=204, headers={"OData-EntityId": where})

    def _check_solution(self, call: Call) -> None:
        wanted = call.headers.get("mscrm.solutionuniquename")
        if wanted is None or any(row["uniquename"] == wanted for row in self._state.all("solution")):
            return
        raise bad(f"The solution with uniquename {wanted} was not found.", "0x80048403")


def _check_match(call: Call, row: Row) -> None:
    wanted = call.headers.get("if-match")
    if wanted not in (None, "*", etag(row)):
        raise changed_meanwhile()


def _finds_duplicates(call: Call) -> bool:
    """Off unless this header switches it on (apis A5, "Duplicate detection")."""
    return call.headers.get("mscrm.suppressduplicatedetection", "true").lower() == "false"
