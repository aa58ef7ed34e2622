"""sObject Collections: up to 200 records, each with its own result (apis A1, "sObject Collections")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from firstcontact.testing.simulators.salesforce import records
from firstcontact.testing.simulators.salesforce.ids import read_id
from firstcontact.testing.simulators.salesforce.query import Runner
from firstcontact.testing.simulators.salesforce.refusal import Refusal, parser_error
from firstcontact.testing.simulators.salesforce.rest import NAME, rule_of
from firstcontact.testing.simulators.salesforce.service import Call, Reply, Route, Service
from firstcontact.testing.simulators.salesforce.soql import Query

MOST = 200
MOST_CHUNKS = 10
Result = dict[str, Any]
Step = Callable[[Mapping[str, Any]], Result]


def create(service: Service, call: Call) -> Reply:
    """New records of several types (recorded: the result has `id success errors`)."""
    rule = rule_of(call)

    def step(given: Mapping[str, Any]) -> Result:
        return _done(records.insert(service.org, _type(given), given, rule))

    return _each(service, call, step)


def change(service: Service, call: Call) -> Reply:
    """Set fields of records, each named by its `id`."""
    rule = rule_of(call)

    def step(given: Mapping[str, Any]) -> Result:
        id = _id(given)
        if not id:
            raise Refusal(400, "MISSING_ARGUMENT", "Id not specified in an update call", ())
        records.update(service.org, _type(given), id, given, rule)
        return _done(read_id(id))

    return _each(service, call, step)


def upsert(service: Service, call: Call, name: str, key: str) -> Reply:
    """Create or update records of one type by a key field (recorded: the result has `created`, and a record
    without `attributes` is its own error)."""
    rule = rule_of(call)
    name = service.org.kind(name).name
    field = records.key_field(service.org, name, key)

    def step(given: Mapping[str, Any]) -> Result:
        if _type(given).lower() != name.lower():
            message = f"The collection is of {name}, and a record in it of {_type(given)}"
            raise Refusal(400, "INVALID_TYPE", message, ())
        value = next((one for key, one in given.items() if key.lower() == field.name.lower()), None)
        rest = {key: one for key, one in given.items() if key.lower() != field.name.lower()}
        if value is None:
            if field.name != "Id":
                raise Refusal(400, "MISSING_ARGUMENT", f"{field.name} not specified", ())
            return {**_done(records.insert(service.org, name, rest, rule)), "created": True}
        try:
            id, created = records.upsert(service.org, name, field.name, value, rest, rule)
        except records.Several as several:
            message = f"{field.name}: more than one record found for external id field: {several.ids}"
            raise Refusal(400, "DUPLICATE_EXTERNAL_ID", message, ()) from None
        return {**_done(id), "created": created}

    return _each(service, call, step, upserting=True)


def remove(service: Service, call: Call) -> Reply:
    """Delete records by `ids`."""
    ids = [one for one in call.params.get("ids", "").split(",") if one]
    _few(len(ids))
    steps = [partial(_removed, service, one) for one in ids]
    return Reply(body=_carried_out(service, steps, _all_or_none(call.params.get("allOrNone"))))


def _removed(service: Service, id: str) -> Result:
    name = service.org.type_of(id)
    if not name:
        raise Refusal(400, "MALFORMED_ID", f"malformed id {id}", ())
    records.delete(service.org, name, id)
    return _done(read_id(id))


def retrieve(service: Service, call: Call, name: str) -> Reply:
    """Records of one type by `ids`, null for one that is not there."""
    if call.method == "GET":
        ids, fields = call.params.get("ids", "").split(","), call.params.get("fields", "").split(",")
    else:
        given = call.mapping()
        ids, fields = given.get("ids", []), given.get("fields", [])
    kind = service.org.kind(name)
    runner = Runner(service.org, call.version)
    query = Query(source=kind.name, fields=tuple(one for one in fields if one))
    said: list[Any] = []
    for id in ids:
        row = service.org.row(kind.name, read_id(id))
        gone = row is None or row["IsDeleted"]
        said.append(None if gone or row is None else runner.project(query, kind.name, [row])[0])
    return Reply(body=said)


# --- one after the other ------------------------------------------------------------------------------------


def _each(service: Service, call: Call, step: Step, *, upserting: bool = False) -> Reply:
    body = call.mapping()
    given = body.get("records")
    if not isinstance(given, list):
        raise parser_error("The request has no list of records")
    _few(len(given))
    if set(body) - {"allOrNone", "records"}:
        raise parser_error(f"Unrecognized field {sorted(set(body) - {'allOrNone', 'records'})[0]}")
    types = [one.get("attributes", {}).get("type", "") if isinstance(one, dict) else "" for one in given]
    if len([key for key, _ in groupby(types)]) > MOST_CHUNKS:
        message = "cannot have more than 10 chunks in a single operation."
        raise Refusal(400, "INVALID_INPUT", message)
    steps = [partial(step, one) for one in given]
    return Reply(body=_carried_out(service, steps, _all_or_none(body.get("allOrNone")), upserting))


def _few(number: int) -> None:
    if number > MOST:
        raise Refusal(400, "INVALID_INPUT", f"record limit reached. cannot submit more than {MOST} records")
    if not number:
        raise Refusal(400, "INVALID_INPUT", "no records were given")


def _carried_out(
    service: Service, steps: Sequence[Callable[[], Result]], all_or_none: bool, upserting: bool = False
) -> list[Result]:
    """Each step's result; with `allOrNone` all are taken back where one failed."""
    start = service.org.mark()
    results: list[Result] = []
    for step in steps:
        before = service.org.mark()
        try:
            results.append(step())
        except Refusal as refusal:
            service.org.undo(before)
            failed: Result = {"success": False, "errors": [_element(service, refusal)]}
            results.append({**failed, "created": False} if upserting else failed)
    if all_or_none and not all(one["success"] for one in results):
        service.org.undo(start)
        results = [_rolled_back(one) if one["success"] else one for one in results]
    return results


def _element(service: Service, refusal: Refusal) -> Result:
    element = refusal.element()
    if not service.org.quirks.get("collections_name_duplicates", True):
        element = {key: element[key] for key in ("statusCode", "message", "fields")}
    return element


def _rolled_back(result: Result) -> Result:
    message = (
        "Record rolled back because not all records were valid and the request was using AllOrNone header"
    )
    error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": message, "fields": []}
    kept = {key: False for key in result if key == "created"}
    return {"success": False, "errors": [error], **kept}


def _done(id: str) -> Result:
    return {"id": id, "success": True, "errors": []}


def _type(given: Any) -> str:
    attributes = given.get("attributes") if isinstance(given, dict) else None
    if not isinstance(attributes, dict) or not attributes.get("type"):
        # The words of the recording, which a record without attributes was answered.
        raise Refusal(
            400,
            "JSON_PARSER_ERROR",
            "Nested object for polymorphic foreign key must have an attributes field before any "
            "other fields.",
            (),
        )
    return str(attributes["type"])


def _id(given: Mapping[str, Any]) -> str:
    return next((str(value) for key, value in given.items() if key.lower() == "id" and value), "")


def _all_or_none(said: Any) -> bool:
    return said is True or str(said).lower() == "true"


ROUTES = (
    Route("/composite/sobjects", {"POST": create, "PATCH": change, "DELETE": remove}),
    Route(f"/composite/sobjects/{NAME}", {"GET": retrieve, "POST": retrieve}),
    Route(f"/composite/sobjects/{NAME}/{NAME}", {"PATCH": upsert}),
)
