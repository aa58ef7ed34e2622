"""Several requests in one: composite, graphs, batch (apis A1, "Composite")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from firstcontact.testing.simulators.salesforce.refusal import Refusal, parser_error
from firstcontact.testing.simulators.salesforce.service import Call, Reply, Route, Service

MOST = 25
MOST_QUERIES = 5
MOST_NODES = 500
MOST_GRAPHS = 75
_URL = re.compile(r"/services/data/v(\d\d\.0)(/[^?]*)(?:\?(.*))?")
_REFERENCE = re.compile(r"@\{([^}]+)\}")
_NAME = re.compile(r"\w+")
_STEP = re.compile(r"\.?([A-Za-z_]\w*)|\[(\d+)\]")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."
Part = dict[str, Any]


class _NoValue(Exception):
    """A reference to something that the answer referred to does not have, or that failed."""


def composite(service: Service, call: Call) -> Reply:
    """Up to 25 requests, later ones with results of earlier ones; one API call (apis A1, "Composite")."""
    body = call.mapping()
    _known(body, {"allOrNone", "compositeRequest", "collateSubrequests"})
    parts = _parts(body.get("compositeRequest"))
    if len(parts) > MOST:
        raise Refusal(400, "INVALID_INPUT", f"The composite request may have at most {MOST} subrequests")
    if sum(_queries(part) for part in parts) > MOST_QUERIES:
        message = f"No more than {MOST_QUERIES} subrequests can be sObject Collections or query operations"
        raise Refusal(400, "INVALID_INPUT", message)
    said, _ = _run(service, call, parts, "composite", all_or_none=body.get("allOrNone") is True)
    return Reply(body={"compositeResponse": said})


def graph(service: Service, call: Call) -> Reply:
    """Graphs of requests: each is done as a whole or not at all (apis A1, "Composite": recorded)."""
    body = call.mapping()
    _known(body, {"graphs"})
    graphs = body.get("graphs")
    if not isinstance(graphs, list) or not graphs:
        raise parser_error("The request has no list of graphs")
    ids = [one.get("graphId") for one in graphs]
    if len(graphs) > MOST_GRAPHS or len(set(ids)) < len(ids) or not all(ids):
        raise Refusal(400, "INVALID_INPUT", f"at most {MOST_GRAPHS} graphs, each with an id of its own")
    parts = [_parts(one.get("compositeRequest")) for one in graphs]
    if sum(map(len, parts)) > MOST_NODES:
        raise Refusal(400, "INVALID_INPUT", f"The graphs may have at most {MOST_NODES} nodes")
    said = []
    for id, requests in zip(ids, parts, strict=True):
        answers, good = _run(service, call, requests, "graph", all_or_none=True)
        response = {"compositeResponse": answers}
        said.append({"graphId": id, "graphResponse": response, "isSuccessful": good})
    return Reply(body={"graphs": said})


def batch(service: Service, call: Call) -> Reply:
    """Up to 25 requests that know nothing of each other; each counts as one API call."""
    body = call.mapping()
    _known(body, {"batchRequests", "haltOnError"})
    requests = body.get("batchRequests")
    if not isinstance(requests, list) or not 0 < len(requests) <= MOST:
        raise Refusal(400, "INVALID_INPUT", f"A batch has 1 to {MOST} requests")
    results = []
    for one in requests:
        url = "/services/data/" + str(one.get("url", "")).lstrip("/").removeprefix("services/data/")
        reply = _sent(service, call, {**one, "url": url, "body": one.get("richInput")}, "batch")
        results.append({"statusCode": reply.status, "result": reply.body})
    service.used += len(requests) - 1
    return Reply(body={"hasErrors": any(one["statusCode"] >= 300 for one in results), "results": results})


# --- one part after the other ------------------------------------------------------------------------------


def _run(
    service: Service, call: Call, parts: list[Part], within: str, *, all_or_none: bool
) -> tuple[list[Part], bool]:
    start = service.org.mark()
    answers: dict[str, Reply] = {}
    for part in parts:
        if all_or_none and any(reply.status >= 300 for reply in answers.values()):
            answers[part["referenceId"]] = _halted(HALTED)
            continue
        before = service.org.mark()
        try:
            resolved = _resolved(part, answers)
        except _NoValue as missing:
            answers[part["referenceId"]] = _halted(str(missing))
            continue
        reply = _sent(service, call, resolved, within)
        if reply.status >= 300:
            service.org.undo(before)
        answers[part["referenceId"]] = reply
    good = all(reply.status < 300 for reply in answers.values())
    if all_or_none and not good:
        service.org.undo(start)
        answers = {id: _halted(HALTED) if one.status < 300 else one for id, one in answers.items()}
    return [_answer(part, answers[part["referenceId"]]) for part in parts], good


def _sent(service: Service, call: Call, part: Part, within: str) -> Reply:
    match = _URL.fullmatch(str(part.get("url", "")))
    if match is None:
        return Reply(
            status=404, body=Refusal(404, "NOT_FOUND", "The requested resource does not exist").body()
        )
    version, path, query = match.groups()
    headers = {"sforce-duplicate-rule-header": call.headers.get("sforce-duplicate-rule-header", "")}
    own = part.get("httpHeaders") or {}
    sub = Call(
        method=str(part.get("method", "")),
        path=path,
        version=version,
        params=dict(parse_qsl(query or "", keep_blank_values=True)),
        headers={**headers, **{name.lower(): value for name, value in own.items()}},
        given=part.get("body") if part.get("body") is not None else {},
        within=within,
    )
    refusal = _misplaced(service, sub)
    return Reply(status=refusal.status, body=refusal.body()) if refusal else service.dispatch(sub)


def _misplaced(service: Service, call: Call) -> Refusal | None:
    """What may not be a part of a composite request."""
    first = call.path.split("/")[1]
    allowed = {"graph": {"sobjects"}, "composite": {"sobjects", "query", "queryAll"}}.get(
        call.within, {"sobjects", "query", "queryAll", "search", "limits"}
    )
    if call.within == "composite":
        if call.path.startswith("/composite/sobjects"):
            return None
        if service.org.quirks.get("composite_search", True):
            allowed = allowed | {"search", "parameterizedSearch"}
    if first in allowed:
        return None
    message = f"The URL {call.path} is not supported within a {call.within} request"
    return Refusal(400, "INVALID_INPUT", message)


def _queries(part: Part) -> bool:
    match = _URL.fullmatch(part["url"])
    path = match[2] if match else ""
    return path.split("/")[1:2] in (
        ["query"],
        ["queryAll"],
        ["search"],
        ["parameterizedSearch"],
    ) or path.startswith("/composite/sobjects")


def _parts(given: Any) -> list[Part]:
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        raise parser_error("The request has no list of subrequests")
    seen: set[str] = set()
    for part in given:
        _known(part, {"method", "url", "referenceId", "body", "httpHeaders"})
        id = part.get("referenceId")
        if not isinstance(id, str) or not _NAME.fullmatch(id):
            message = f"Provided referenceId ('{id}') must start with a letter or a number"
            raise Refusal(400, "JSON_PARSER_ERROR", message)
        if id in seen:
            raise Refusal(400, "JSON_PARSER_ERROR", f"Reference Ids must be unique: {id}")
        if part.get("method") not in ("GET", "POST", "PATCH", "DELETE", "PUT"):
            raise Refusal(400, "JSON_PARSER_ERROR", f"{part.get('method')} is no method")
        if not isinstance(part.get("url"), str):
            raise Refusal(400, "JSON_PARSER_ERROR", f"{id} has no url")
        seen.add(id)
    return given


def _known(body: Mapping[str, Any], names: set[str]) -> None:
    unknown = set(body) - names
    if unknown:
        raise parser_error(f'Unrecognized field "{sorted(unknown)[0]}", not marked as ignorable')


def _halted(message: str) -> Reply:
    return Reply(status=400, body=[{"errorCode": "PROCESSING_HALTED", "message": message}])


def _answer(part: Part, reply: Reply) -> Part:
    return {
        "body": reply.body,
        "httpHeaders": dict(reply.headers),
        "httpStatusCode": reply.status,
        "referenceId": part["referenceId"],
    }


# --- references ---------------------------------------------------------------------------------------


def _resolved(part: Part, answers: Mapping[str, Reply]) -> Part:
    """The part with `@{ref.id}` and the like replaced by what the answers say. Raises _NoValue."""
    return {**part, "url": _replaced(part["url"], answers), "body": _replaced(part.get("body"), answers)}


def _replaced(value: Any, answers: Mapping[str, Reply]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(one, answers) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, answers) for one in value]
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda match: str(_value(match[1], answers)), value)


def _value(path: str, answers: Mapping[str, Reply]) -> Any:
    name = _NAME.match(path)
    reply = answers.get(name[0]) if name else None
    if name is None or reply is None or reply.status >= 300:
        raise _NoValue(f"Invalid reference specified. No value for {path} found.")
    value = reply.body
    for step in _STEP.finditer(path, name.end()):
        try:
            value = value[int(step[2])] if step[2] else value[step[1]]
        except (KeyError, IndexError, TypeError):
            raise _NoValue(f"Invalid reference specified. No value for {path} found.") from None
    return value


ROUTES = (
    Route("/composite", {"POST": composite}),
    Route("/composite/graph", {"POST": graph}),
    Route("/composite/batch", {"POST": batch}),
)
