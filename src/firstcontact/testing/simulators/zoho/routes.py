"""What each path and method does; a route names what of apis A4 it is from."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.testing.simulators.zoho import (
    attachments,
    coql,
    deal_roles,
    listing,
    merging,
    query,
    search,
    settings,
    writing,
)
from firstcontact.testing.simulators.zoho import limits as costs
from firstcontact.testing.simulators.zoho.errors import (
    Refused,
    ZohoError,
    bad_body,
    bad_parameter,
    lacking,
    missing,
    no_module,
    no_such_method,
    no_such_path,
    no_such_record,
)
from firstcontact.testing.simulators.zoho.oauth import mismatch, need
from firstcontact.testing.simulators.zoho.schema import NOT_RECORDS, Field
from firstcontact.testing.simulators.zoho.showing import fields_asked, shown
from firstcontact.testing.simulators.zoho.state import Record, State, User

_FIELDS_NEEDED = 4
"""From this version on, lists need `fields`."""
_ACTIONS = {"GET": "READ", "POST": "CREATE", "PUT": "UPDATE", "DELETE": "DELETE"}
SEARCH_SCOPE = "zohosearch.securesearch.read"
MOST_DELETED = 100
_BODY = frozenset(
    {"data", "trigger", "duplicate_check_fields", "skip_feature_execution", "apply_feature_execution"}
)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request: `parts` of its path behind the version, decoded; header names in small letters."""

    method: str
    version: int
    path: str
    parts: tuple[str, ...]
    params: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    scopes: tuple[str, ...]

    def body(self) -> Any:
        """What was sent, as JSON. Raises ZohoError."""
        try:
            return json.loads(self.content)
        except ValueError:
            raise ZohoError(400, "INVALID_REQUEST", "the body is no JSON") from None


class Answer(msgspec.Struct, frozen=True):
    """A status, a body as plain values (None: empty, bytes: a file), and what it costs."""

    status: int
    body: Any
    cost: int = 1


class Routes:
    """The API's paths over one organisation."""

    def __init__(self, state: State, me: User, pages: listing.Pages) -> None:
        self._state = state
        self._me = me
        self._pages = pages

    def answer(self, call: Call) -> Answer:
        """What a request is answered. Raises ZohoError, Nothing."""
        merging.catch_up(self._state)
        self._state.acting = self._me
        first = call.parts[0]
        if first == "settings":
            return self._settings(call)
        if first == "users":
            return self._users(call)
        if call.parts == ("org",):
            _only(call, "GET")
            need(call.scopes, "org", "", "READ")
            return Answer(200, settings.org_view(self._state))
        if call.parts == ("coql",):
            return self._coql(call)
        return self._module(call)

    # --- settings and people ---------------------------------------------------------------------------

    def _settings(self, call: Call) -> Answer:
        """`/settings/modules`, `/settings/fields` (apis A4, "Create / upsert": unique fields)."""
        if call.parts == ("settings", "modules"):
            _only(call, "GET")
            need(call.scopes, "settings", "modules", "READ")
            listing.known_parameters(call.params, frozenset({"status"}))
            return Answer(200, settings.modules_view(self._state))
        if call.parts != ("settings", "fields"):
            raise no_such_path()
        _only(call, "GET", "POST")
        need(call.scopes, "settings", "fields", _ACTIONS[call.method])
        if call.method == "GET":
            return Answer(200, settings.fields_view(self._state, call.params))
        items = settings.create_fields(self._state, call.params, call.body())
        return Answer(self._status(items, 201), {"fields": items})

    def _users(self, call: Call) -> Answer:
        """`/users` and `/users/{id}` (apis A4, "Activities": owners; the specification's users)."""
        _only(call, "GET")
        need(call.scopes, "users", "", "READ")
        if len(call.parts) == 1:
            return Answer(200, settings.users_view(self._state, self._me, call.params))
        user = self._state.users.get(call.parts[1])
        if user is None or len(call.parts) > 2:
            raise no_such_record()
        return Answer(200, {"users": [settings.user_view(user)]})

    def _coql(self, call: Call) -> Answer:
        """`POST /coql` (apis A4, "Lookup": at most 2,000 rows; 204 when empty is a quirk)."""
        _only(call, "POST")
        need(call.scopes, "coql", "", "READ")
        body = call.body()
        if not isinstance(body, Mapping) or not isinstance(body.get("select_query"), str):
            raise missing("select_query")
        for name in body:
            if name not in ("select_query", "include_meta"):
                raise bad_body(name, "jsonobject")
        asked = coql.read(body["select_query"], self._state.quirks.coql_in)
        need(call.scopes, "modules", asked.module, "READ")
        if self._state.search_broken:
            raise ZohoError(500, "INTERNAL_ERROR", "Internal Server Error")
        rows, more = query.run(self._state, asked)
        cost = costs.for_rows(asked.count)
        if not rows and self._state.quirks.coql_empty == "204":
            return Answer(204, None, cost)
        return Answer(200, {"data": rows, "info": {"count": len(rows), "more_records": more}}, cost)

    # --- modules -----------------------------------------------------------------------------------------

    def _module(self, call: Call) -> Answer:
        """Everything below a module's name (apis A4)."""
        name = call.parts[0]
        if name not in self._state.modules or name in NOT_RECORDS:
            raise no_module()
        if call.method not in _ACTIONS:
            raise no_such_method()
        need(call.scopes, "modules", name, _ACTIONS[call.method])
        if name in self._state.quirks.forbidden:
            raise ZohoError(
                403, "NO_PERMISSION", "permission denied", {"permissions": [f"Crm_Implied_View_{name}"]}
            )
        rest = call.parts[1:]
        if not rest:
            return self._all_of(call, name)
        special = self._special(call, name, rest)
        if special is not None:
            return special()
        record = self._record(call, name, rest[0])
        if len(rest) == 1:
            return self._one_of(call, name, record, rest[0])
        if list(rest[1:]) == ["actions", "merge"]:
            return self._merge(call, record)
        if record is None:
            raise no_such_record()
        return self._below(call, record, rest[1:])

    def _special(self, call: Call, name: str, rest: Sequence[str]) -> Callable[[], Answer] | None:
        known: dict[tuple[str, str, tuple[str, ...]], Callable[[], Answer]] = {
            ("GET", "", ("search",)): lambda: self._search(call, name),
            ("GET", "", ("deleted",)): lambda: self._deleted(call, name),
            ("GET", "", ("actions", "count")): lambda: self._count(call, name),
            ("POST", "", ("upsert",)): lambda: self._upsert(call, name),
            ("GET", "Contacts", ("roles",)): lambda: Answer(200, deal_roles.all_roles()),
        }
        path = tuple(rest)
        found = known.get((call.method, "", path)) or known.get((call.method, name, path))
        if found is None and any(path == there for _, only, there in known if only in ("", name)):
            raise no_such_method()
        return found

    def _search(self, call: Call, name: str) -> Answer:
        """`GET /{module}/search` (apis A4, "Lookup": 204 without a body on no hit)."""
        if SEARCH_SCOPE not in {scope.lower() for scope in call.scopes}:
            raise mismatch()
        return Answer(200, search.searched(self._state, name, call.params))

    def _deleted(self, call: Call, name: str) -> Answer:
        """`GET /{module}/deleted` (the specification's getDeletedRecords)."""
        return Answer(200, listing.deleted(self._state, name, call.params, _since(call)))

    def _count(self, call: Call, name: str) -> Answer:
        """`GET /{module}/actions/count` (the specification's getRecordCount)."""
        return Answer(200, {"count": search.counted(self._state, name, call.params)})

    def _all_of(self, call: Call, name: str) -> Answer:
        """`/{module}`: list, insert, update, delete several (apis A4)."""
        if call.method == "GET":
            needed = call.version >= _FIELDS_NEEDED
            found = listing.listed(self._state, self._pages, name, call.params, _since(call), needed)
            return Answer(200, found)
        if call.method == "DELETE":
            return self._delete_several(call, name)
        rows, asked = self._rows(call)
        if call.method == "POST":
            items = writing.each(rows, lambda row: writing.insert(self._state, name, row, asked))
            return self._written(items, 201)
        items = writing.each(
            rows, lambda row: writing.update(self._state, name, self._named(name, row), row, asked)
        )
        return self._written(items, 200)

    def _rows(self, call: Call, one: bool = False) -> tuple[list[dict[str, Any]], writing.Asked]:
        listing.known_parameters(call.params, frozenset())
        body = call.body()
        rows = writing.rows(body, one)
        known = {
            "data",
            "trigger",
            "duplicate_check_fields",
            "skip_feature_execution",
            "apply_feature_execution",
        }
        for key in body:
            if key not in known:
                raise bad_body(key, "jsonobject")
        return rows, writing.Asked(call.version, writing.fires(body))

    def _named(self, name: str, row: Mapping[str, Any]) -> Record | None:
        id = row.get("id")
        return self._state.get(name, str(id) if id is not None else None)

    def _upsert(self, call: Call, name: str) -> Answer:
        """`POST /{module}/upsert`: 200, each item with its action (apis A4; recorded)."""
        rows, asked = self._rows(call)
        checks = writing.checks_of(self._state, name, call.body())
        items = writing.each(rows, lambda row: writing.upsert(self._state, name, row, checks, asked))
        return self._written(items, 200)

    def _delete_several(self, call: Call, name: str) -> Answer:
        """`DELETE /{module}?ids=` (apis A4, "Create / upsert": per-record results)."""
        listing.known_parameters(call.params, frozenset({"ids", "wf_trigger"}))
        if not call.params.get("ids"):
            raise lacking("ids")
        ids = call.params["ids"].split(",")
        if len(ids) > MOST_DELETED:
            details = {"limit": MOST_DELETED, "param_name": "ids"}
            raise ZohoError(400, "LIMIT_EXCEEDED", "too many ids", details)
        asked = _deleting(call)
        rows: list[dict[str, Any]] = [{"id": id.strip()} for id in ids]
        items = writing.each(rows, lambda row: writing.delete(self._state, name, row["id"], asked))
        return self._written(items, 200)

    def _written(self, items: list[dict[str, Any]], good: int) -> Answer:
        cost = math.ceil(len(items) / 10) if self._state.quirks.write_credits == "per_ten" else 1
        return Answer(self._status(items, good), {"data": items}, cost)

    def _status(self, items: Sequence[Mapping[str, Any]], good: int) -> int:
        """Of several records some may be refused: per-record results, and an overall status that differs by
        quirk (apis A4: 207 or 202 not verified; the specification: 207, 400 where all are)."""
        failed = sum(item["status"] == "error" for item in items)
        mode = self._state.quirks.batch_status
        if not failed or mode == "success":
            return good
        if mode == "accepted":
            return 202
        return 400 if failed == len(items) else 207

    # --- one record --------------------------------------------------------------------------------------

    def _record(self, call: Call, name: str, reference: str) -> Record | None:
        """By id, or by the value of an external field that `X-EXTERNAL: {module}.{field}` names (apis A4)."""
        header = call.headers.get("x-external")
        if header is None:
            if not reference.isdigit():
                raise no_such_path()
            return self._state.get(name, reference)
        module, _, field_name = header.partition(".")
        field: Field | None = self._state.modules[name].fields.get(field_name) if module == name else None
        if field is None or not field.external:
            raise ZohoError(400, "INVALID_DATA", "the external field is none", {"header_name": "X-EXTERNAL"})
        return self._state.holder(name, field, reference)

    def _one_of(self, call: Call, name: str, record: Record | None, reference: str) -> Answer:
        """`/{module}/{id or external value}`: read, change, delete (apis A4, "External id"; recorded)."""
        if call.method == "GET":
            listing.known_parameters(call.params, frozenset({"fields"}))
            names = fields_asked(self._state.modules[name], call.params.get("fields"), needed=False)
            if record is None:
                return self._not_there()
            fresh = listing.since(self._state, _since(call))
            if not fresh(record.values["Modified_Time"]):
                return Answer(304, None)
            return Answer(200, {"data": [shown(self._state, record, names)]})
        if call.method == "PUT":
            rows, asked = self._rows(call, one=True)
            items = writing.each(rows, lambda row: writing.update(self._state, name, record, row, asked))
            return self._written(items, 200)
        if call.method != "DELETE":
            raise no_such_method()
        listing.known_parameters(call.params, frozenset({"wf_trigger"}))
        asked = _deleting(call)
        id = record.id if record is not None else reference
        items = writing.each([{}], lambda _row: writing.delete(self._state, name, id, asked))
        return self._written(items, 200)

    def _merge(self, call: Call, record: Record | None) -> Answer:
        """`/{module}/{id}/actions/merge`: merge into this record, and the state of merges that were put off
        (the vendor's pages "Merge Records" and "Get Records Merge Status")."""
        _only(call, "GET", "POST")
        if call.method == "GET":
            if record is None:
                raise no_such_record()
            jobs = merging.jobs_of(self._state, record)
            return Answer(200, {"merge": jobs}) if jobs else Answer(204, None)
        listing.known_parameters(call.params, frozenset())
        try:
            children = merging.asked(self._state, call.version, record, call.body())
        except Refused as refused:
            return Answer(400, {"merge": [refused.item("$.merge[0].data[0]")]})
        assert record is not None
        return Answer(*merging.carried(self._state, record, children))

    def _not_there(self) -> Answer:
        """A record that is not there: an empty 204, or an error (not verified)."""
        if self._state.quirks.missing_record == "204":
            return Answer(204, None)
        error = no_such_record()
        raise ZohoError(int(self._state.quirks.missing_record), error.code, str(error), error.details)

    def _below(self, call: Call, record: Record, rest: Sequence[str]) -> Answer:
        """`/{module}/{id}/Attachments`, `/Notes`, and `/Deals/{id}/Contact_Roles`."""
        if rest[0] == "Attachments" and len(rest) <= 2:
            return self._attachments(call, record, rest[1:])
        if rest[0] == "Contact_Roles" and record.module == "Deals" and len(rest) <= 2:
            return self._roles(call, record, rest[1:])
        if list(rest) == ["Notes"]:
            _only(call, "GET")
            return self._notes(call, record)
        raise no_such_path()

    def _attachments(self, call: Call, record: Record, rest: Sequence[str]) -> Answer:
        """Files and links (the specification's attachments; apis A4 names none of its own)."""
        state = self._state
        if not rest and call.method == "GET":
            needed = call.version >= _FIELDS_NEEDED
            return Answer(200, attachments.listed(state, record, call.params, needed))
        if not rest and call.method == "POST":
            kind = call.headers.get("content-type", "")
            return Answer(200, attachments.attach(state, record, call.params, kind, call.content))
        if not rest or call.method not in ("GET", "DELETE"):
            raise no_such_method()
        found = attachments.one_of(state, record, rest[0])
        if call.method == "GET":
            if found.id not in state.files:
                raise bad_parameter("id", "a link is not downloaded")
            return Answer(200, state.files[found.id])
        state.remove(found, type="permanent")
        state.files.pop(found.id, None)
        item = {
            "code": "SUCCESS",
            "details": {"id": found.id},
            "message": "record deleted",
            "status": "success",
        }
        return Answer(200, {"data": [item]})

    def _roles(self, call: Call, deal: Record, rest: Sequence[str]) -> Answer:
        """Contacts of a deal (the specification's deal_contact_roles)."""
        if not rest:
            _only(call, "GET")
            return Answer(200, deal_roles.listed(self._state, deal, call.params))
        _only(call, "PUT", "DELETE")
        if call.method == "PUT":
            return Answer(200, deal_roles.associate(self._state, deal, rest[0], call.body()))
        return Answer(200, deal_roles.dissociate(self._state, deal, rest[0]))

    def _notes(self, call: Call, record: Record) -> Answer:
        """`GET /{module}/{id}/Notes` (apis A4, "Activities")."""
        listing.known_parameters(call.params, frozenset({"fields", "page", "per_page"}))
        needed = call.version >= _FIELDS_NEEDED
        names = fields_asked(self._state.modules["Notes"], call.params.get("fields"), needed)
        found = [one for one in self._state.all("Notes") if one.values.get("Parent_Id") == record.id]
        if not found:
            raise listing.Nothing(204)
        info = {"per_page": 200, "count": len(found), "page": 1, "more_records": False}
        return Answer(200, {"data": [shown(self._state, one, names) for one in found], "info": info})


def _only(call: Call, *methods: str) -> None:
    if call.method not in methods:
        raise no_such_method()


def _since(call: Call) -> str | None:
    return call.headers.get("if-modified-since")


def _deleting(call: Call) -> writing.Asked:
    wanted = call.params.get("wf_trigger", "true")
    if wanted not in ("true", "false"):
        raise bad_parameter("wf_trigger")
    return writing.Asked(call.version, wanted == "true")
