"""Records, queries, searches and limits: one resource a request."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any
from urllib.parse import unquote

from firstcontact.testing.simulators.salesforce import records, searching, soql, sosl, times
from firstcontact.testing.simulators.salesforce.describing import describe, describe_global
from firstcontact.testing.simulators.salesforce.duplicates import Header, read_header
from firstcontact.testing.simulators.salesforce.ids import make_id
from firstcontact.testing.simulators.salesforce.limits import limits_now
from firstcontact.testing.simulators.salesforce.query import Runner
from firstcontact.testing.simulators.salesforce.refusal import Refusal, not_found
from firstcontact.testing.simulators.salesforce.service import Call, Reply, Route, Service

MOST_ROWS = 2000
FEWEST_ROWS = 200
RESOURCES = ("sobjects", "query", "queryAll", "search", "limits", "composite", "jobs", "tooling", "analytics")


def rule_of(call: Call) -> Header:
    """The duplicate rule header of a request."""
    return read_header(call.headers.get("sforce-duplicate-rule-header", ""))


def resources(service: Service, call: Call) -> Reply:
    """What this version offers (apis A1, "Version to target")."""
    del service
    return Reply(body={name: call.url(f"/{name}") for name in RESOURCES})


def limits(service: Service, call: Call) -> Reply:
    """Limits, with the capitals of the wire (apis A1, "Limits": recorded)."""
    del call
    return Reply(body=limits_now(service))


# --- objects ------------------------------------------------------------------------------------------------


def objects(service: Service, call: Call) -> Reply:
    """The list of objects, which tells what is switched on (apis A1, "Activities": probe at connect time)."""
    return Reply(body=describe_global(service.org, call))


def describe_object(service: Service, call: Call, name: str) -> Reply:
    """An object's fields (apis A1, "Lookup by phone" and "Create": types, required fields)."""
    return Reply(body=describe(service.org, call, _known(service, name)))


def about(service: Service, call: Call, name: str) -> Reply:
    """An object in short."""
    name = _known(service, name)
    said = next(one for one in describe_global(service.org, call)["sobjects"] if one["name"] == name)
    return Reply(body={"objectDescribe": said, "recentItems": []})


def _known(service: Service, name: str) -> str:
    try:
        return service.org.kind(name).name
    except Refusal:
        raise not_found() from None


# --- records ------------------------------------------------------------------------------------------------


def create(service: Service, call: Call, name: str) -> Reply:
    """A new record: 201 and its address (apis A1, "Create / upsert / batch": recorded)."""
    name = _known(service, name)
    id = records.insert(service.org, name, call.mapping(), rule_of(call))
    return Reply(
        status=201,
        body={"id": id, "success": True, "errors": []},
        headers={"Location": call.url(f"/sobjects/{name}/{id}")},
    )


def read(service: Service, call: Call, name: str, id: str) -> Reply:
    """One record; `If-Modified-Since` (apis A1, "Create": optimistic concurrency)."""
    name = _known(service, name)
    try:
        row = records.existing(service.org, name, unquote(id))
    except Refusal:
        raise not_found() from None
    if "if-modified-since" in call.headers and not _changed_after(row, call.headers["if-modified-since"]):
        return Reply(status=304)
    _unmodified(call, row)
    wanted = call.params.get("fields", "")
    fields = [one.strip() for one in wanted.split(",") if one.strip()]
    if not fields:
        fields = [one.name for one in service.org.seen_fields(name) if one.type not in ("ids", "base64")]
    query = soql.Query(source=name, fields=tuple(fields))
    return Reply(body=Runner(service.org, call.version).project(query, name, [row])[0])


def change(service: Service, call: Call, name: str, id: str) -> Reply:
    """Set fields of a record: 204; 412 where it was changed since `If-Unmodified-Since` (apis A1)."""
    name = _known(service, name)
    row = service.org.row(name, unquote(id))
    if row is not None:
        _unmodified(call, row)
    _no_id(call)
    records.update(service.org, name, unquote(id), call.mapping(), rule_of(call))
    return Reply(status=204)


def remove(service: Service, call: Call, name: str, id: str) -> Reply:
    """Delete a record: 204; again, 404 ENTITY_IS_DELETED (apis A1, "Error envelope"); 412 where it was
    changed since `If-Unmodified-Since` (the vendor's page on conditional requests)."""
    row = service.org.row(_known(service, name), unquote(id))
    if row is not None and not row["IsDeleted"]:
        _unmodified(call, row)
    records.delete(service.org, _known(service, name), unquote(id))
    return Reply(status=204)


def read_by_key(service: Service, call: Call, name: str, key: str, value: str) -> Reply:
    """One record by a key field; 300 with addresses for several (apis A1, "Error envelope")."""
    name = _known(service, name)
    field = records.key_field(service.org, name, key)
    found = records.bearing(service.org, name, field, unquote(value))
    if len(found) > 1:
        return _several(call, name, found)
    if not found:
        raise not_found()
    return read(service, call, name, found[0])


def upsert(service: Service, call: Call, name: str, key: str, value: str) -> Reply:
    """Create or update by a key: 201, or 200, with `created` (apis A1, "Upsert by external id": recorded; 204
    in older versions is switchable)."""
    name = _known(service, name)
    given = call.mapping()
    if key.lower() in (one.lower() for one in given):
        raise Refusal(
            400,
            "INVALID_FIELD",
            f"The {key} field should not be specified in the sobject data.",
            (),
        )
    only = call.params.get("updateOnly", "").lower() == "true"
    try:
        id, created = records.upsert(
            service.org, name, key, unquote(value), given, rule_of(call), update_only=only
        )
    except records.Several as several:
        return _several(call, name, several.ids)
    headers = {"Location": call.url(f"/sobjects/{name}/{id}")}
    if not created and service.org.quirks.get("upsert_204"):
        return Reply(status=204, headers=headers)
    body = {"id": id, "success": True, "errors": [], "created": created}
    return Reply(status=201 if created else 200, body=body, headers=headers)


def remove_by_key(service: Service, call: Call, name: str, key: str, value: str) -> Reply:
    """Delete a record by a key field."""
    name = _known(service, name)
    field = records.key_field(service.org, name, key)
    found = records.bearing(service.org, name, field, unquote(value))
    if len(found) > 1:
        return _several(call, name, found)
    if not found:
        raise not_found()
    records.delete(service.org, name, found[0])
    return Reply(status=204)


def _several(call: Call, name: str, ids: list[str]) -> Reply:
    return Reply(status=300, body=[call.url(f"/sobjects/{name}/{id}") for id in ids])


def _no_id(call: Call) -> None:
    if any(name.lower() == "id" for name in call.mapping()):
        message = "The Id field should not be specified in the sobject data."
        raise Refusal(400, "INVALID_FIELD", message, ())


def _changed_after(row: dict[str, Any], since: str) -> bool:
    try:
        at = parsedate_to_datetime(since)
    except ValueError:
        raise Refusal(400, "INVALID_INPUT", f"{since} is no date of a header") from None
    return times.milliseconds(row["LastModifiedDate"]) // 1000 > int(at.timestamp())


def _unmodified(call: Call, row: dict[str, Any]) -> None:
    since = call.headers.get("if-unmodified-since")
    if since is not None and _changed_after(row, since):
        message = "Precondition failed"
        raise Refusal(412, "PRECONDITION_FAILED", message)


# --- deleted and updated --------------------------------------------------------------------------


def deleted(service: Service, call: Call, name: str) -> Reply:
    """Ids of records deleted in a time, merged ones too."""
    start, end = _window(call)
    rows = service.org.rows[_known(service, name)].values()
    found = [row for row in rows if row["IsDeleted"] and start <= row["SystemModstamp"] < end]
    return Reply(
        body={
            "deletedRecords": [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in found],
            "earliestDateAvailable": times.written(0),
            "latestDateCovered": end,
        }
    )


def updated(service: Service, call: Call, name: str) -> Reply:
    """Ids of records that were written in a time and are there."""
    start, end = _window(call)
    rows = service.org.live(_known(service, name))
    ids = [row["Id"] for row in rows if start <= row["SystemModstamp"] < end]
    return Reply(body={"ids": ids, "latestDateCovered": end})


def _window(call: Call) -> tuple[str, str]:
    found = []
    for name in ("start", "end"):
        try:
            found.append(times.written(times.milliseconds(call.params.get(name, "").replace(" ", "+"))))
        except ValueError:
            message = f"{name} is missing or no date and time"
            raise Refusal(400, "INVALID_REPLICATION_DATE", message) from None
    return found[0], found[1]


# --- queries ----------------------------------------------------------------------------------------

_locators = count(1)


def query(service: Service, call: Call) -> Reply:
    """SOQL (apis A1, "SOQL"): pages by `nextRecordsUrl`; a short page is not the end."""
    return _run(service, call, deleted=False)


def query_all(service: Service, call: Call) -> Reply:
    """SOQL over deleted and merged records, too."""
    return _run(service, call, deleted=True)


def _run(service: Service, call: Call, *, deleted: bool) -> Reply:
    if "q" not in call.params:
        raise soql.malformed("A query string has to be specified")
    if service.broken_search:
        raise timed_out()
    parsed = soql.parse(call.params["q"])
    total, found = Runner(service.org, call.version).run(parsed, deleted=deleted)
    if parsed.counts:
        return Reply(body={"totalSize": total, "done": True, "records": []})
    size = _batch_size(call)
    locator = make_id("01g", next(_locators))
    service.cursors[locator] = (total, found)
    return _page(service, call, locator, 0, size)


def timed_out() -> Refusal:
    """What a search or a query that takes too long is answered."""
    return Refusal(400, "QUERY_TIMEOUT", "Your query request was running for too long.")


def more(service: Service, call: Call, locator: str) -> Reply:
    """The next page of a query."""
    id, _, at = locator.partition("-")
    if id not in service.cursors or not at.isdigit():
        raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    if service.broken_search:
        raise timed_out()
    return _page(service, call, id, int(at), _batch_size(call))


def _page(service: Service, call: Call, locator: str, at: int, size: int) -> Reply:
    total, found = service.cursors[locator]
    part = found[at : at + size]
    if at + size >= total:
        del service.cursors[locator]
        return Reply(body={"totalSize": total, "done": True, "records": part})
    following = call.url(f"/query/{locator}-{at + size}")
    return Reply(body={"totalSize": total, "done": False, "nextRecordsUrl": following, "records": part})


def _batch_size(call: Call) -> int:
    said = call.headers.get("sforce-query-options", "")
    name, _, size = said.replace(" ", "").partition("=")
    if name.lower() == "batchsize" and size.isdigit():
        return min(max(int(size), FEWEST_ROWS), MOST_ROWS)
    return MOST_ROWS


def search(service: Service, call: Call) -> Reply:
    """SOSL (apis A1, "SOSL (recommended)"): `{"searchRecords": […]}` (recorded)."""
    if "q" not in call.params:
        raise sosl.malformed("A search string has to be specified")
    if service.broken_search:
        raise timed_out()
    sought = sosl.parse(call.params["q"])
    runner = Runner(service.org, call.version)
    return Reply(body={"searchRecords": searching.search(service.org, service.index, sought, runner)})


def parameterized(service: Service, call: Call) -> Reply:
    """A search by parameters (apis A1, "Response (recorded)")."""
    wanted = call.params.get("q", "")
    if len(wanted) < 2:
        raise sosl.malformed("Search term must be longer than one character")
    if service.broken_search:
        raise timed_out()
    group = call.params.get("in", "ALL").upper()
    names = [name for name in call.params.get("sobject", "").split(",") if name]
    fields = tuple(one for one in call.params.get("fields", "").split(",") if one) or ("Id",)
    returning = tuple(soql.Query(source=name, fields=fields) for name in names)
    parts = tuple(sosl.Term(word) for word in wanted.split())
    sought = sosl.Search(sosl.All_(parts), group, returning, sosl.MOST)
    runner = Runner(service.org, call.version)
    return Reply(body={"searchRecords": searching.search(service.org, service.index, sought, runner)})


NAME = r"([A-Za-z]\w*)"
ROUTES = (
    Route("/", {"GET": resources}),
    Route("/limits", {"GET": limits}),
    Route("/sobjects", {"GET": objects}),
    Route(f"/sobjects/{NAME}", {"GET": about, "POST": create}),
    Route(f"/sobjects/{NAME}/describe", {"GET": describe_object}),
    Route(f"/sobjects/{NAME}/deleted", {"GET": deleted}),
    Route(f"/sobjects/{NAME}/updated", {"GET": updated}),
    Route(f"/sobjects/{NAME}/([^/]+)", {"GET": read, "PATCH": change, "DELETE": remove}),
    Route(f"/sobjects/{NAME}/{NAME}/([^/]+)", {"GET": read_by_key, "PATCH": upsert, "DELETE": remove_by_key}),
    Route("/query", {"GET": query}),
    Route("/queryAll", {"GET": query_all}),
    Route("/(?:query|queryAll)/([^/]+)", {"GET": more}),
    Route("/search", {"GET": search}),
    Route("/parameterizedSearch", {"GET": parameterized}),
)
