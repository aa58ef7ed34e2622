"""`POST /__composite_requests`: up to five requests in one, later ones pointing at earlier ones (apis A4,
"Batch"; the specification's composite_requests)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from firstcontact.testing.simulators.zoho.errors import ZohoError, bad_body, missing
from firstcontact.testing.simulators.zoho.routes import Answer, Call
from firstcontact.testing.simulators.zoho.state import State

MOST_WRITTEN = 1
MOST_READ = 25
_URI = re.compile(r"/crm/v(\d+)(?:\.\d+)?(/[^?]*)")
_REFERENCE = re.compile(r"@\{(\w+):\$((?:\.\w+|\[\d+\])*)\}")
_KEYS = frozenset({"sub_request_id", "method", "uri", "headers", "params", "body"})


def run(state: State, call: Call, answer: Callable[[Call], Answer]) -> Answer:
    """Each request's answer within one. Without `rollback_on_fail` it costs one credit. Raises ZohoError."""
    body = call.body()
    if call.method != "POST" or not isinstance(body, Mapping):
        raise ZohoError(400, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one")
    for key in body:
        if key not in ("__composite_requests", "rollback_on_fail", "parallel_execution"):
            raise bad_body(key, "jsonobject")
    if body.get("rollback_on_fail"):
        raise ZohoError(400, "NOT_SUPPORTED", "the simulator does not roll back", {})
    given = body.get("__composite_requests")
    if not isinstance(given, list) or not given:
        raise missing("__composite_requests")
    if len(given) > state.quirks.composite:
        where = {"api_name": "__composite_requests", "json_path": "$.__composite_requests"}
        raise ZohoError(400, "INVALID_DATA", "too many", {**where, "maximum_length": state.quirks.composite})
    known: dict[str, Any] = {}
    items = [_one(call, place, one, known, answer) for place, one in enumerate(given)]
    failed = sum(item["status"] == "error" for item in items)
    status = 200 if not failed else 400 if failed == len(items) else 207
    return Answer(status, {"__composite_requests": items})


def _one(
    call: Call, place: int, given: Any, known: dict[str, Any], answer: Callable[[Call], Answer]
) -> dict[str, Any]:
    try:
        inner = _inner(call, place, given, known)
        answered = answer(inner)
    except ZohoError as error:
        return error.body()
    if isinstance(given.get("sub_request_id"), str):
        known[given["sub_request_id"]] = answered.body
    response = {
        "status_code": answered.status,
        "headers": {"Content-Type": "application/json;charset=UTF-8"},
        "body": answered.body,
    }
    return {
        "code": "SUCCESS",
        "message": "composite sub request executed successfully",
        "status": "success",
        "details": {"response": response},
    }


def _inner(call: Call, place: int, given: Any, known: Mapping[str, Any]) -> Call:
    where = f"$.__composite_requests[{place}]"
    if not isinstance(given, Mapping) or set(given) - _KEYS:
        raise bad_body("__composite_requests", "jsonobject", where)
    for name in ("method", "uri"):
        if not isinstance(given.get(name), str):
            raise missing(name, f"{where}.{name}")
    uri, body = _resolved(given["uri"], known, where), given.get("body")
    match = _URI.fullmatch(uri)
    if match is None or match[2] == "/__composite_requests":
        raise bad_body("uri", "string", f"{where}.uri")
    text = _resolved(json.dumps(body), known, where) if body is not None else ""
    rows = body.get("data") if isinstance(body, Mapping) else None
    if isinstance(rows, list) and len(rows) > MOST_WRITTEN:
        details = {"api_name": "data", "json_path": f"{where}.body.data", "maximum_length": MOST_WRITTEN}
        raise ZohoError(400, "INVALID_DATA", "more records than a request within one holds", details)
    headers = {str(k).lower(): str(v) for k, v in (given.get("headers") or {}).items()}
    params = {str(k): str(v) for k, v in (given.get("params") or {}).items()}
    return replace(
        call,
        method=given["method"],
        version=int(match[1]),
        path=match[2],
        parts=tuple(match[2].split("/")[1:]),
        params=params,
        headers=headers,
        content=text.encode(),
    )


def _resolved(text: str, known: Mapping[str, Any], where: str) -> str:
    """References of the form `@{1:$.data[0].details.id}` replaced by what they point at. Raises ZohoError."""

    def value(match: re.Match[str]) -> str:
        found: Any = known.get(match[1])
        for step in re.findall(r"\.(\w+)|\[(\d+)\]", match[2]):
            try:
                found = found[step[0]] if step[0] else found[int(step[1])]
            except (KeyError, IndexError, TypeError):
                found = None
        if not isinstance(found, str | int):
            details = {"api_name": "uri", "json_path": where, "reference": match[0]}
            raise ZohoError(400, "INVALID_REFERENCE", "the reference points at nothing", details)
        return str(found)

    return _REFERENCE.sub(value, text)
