"""Bulk API 2.0 (apis A1, "Bulk API 2.0"): query jobs with CSV pages, and small ingest jobs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec

from firstcontact.testing.simulators.salesforce import records, soql
from firstcontact.testing.simulators.salesforce.ids import make_id
from firstcontact.testing.simulators.salesforce.query import Runner
from firstcontact.testing.simulators.salesforce.refusal import Refusal, not_found
from firstcontact.testing.simulators.salesforce.rest import timed_out
from firstcontact.testing.simulators.salesforce.service import Call, Reply, Route, Service

CSV = "text/csv"
MOST = 50_000
DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "TAB": "\t", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


class Job(msgspec.Struct, kw_only=True):
    """A job: what was asked, how far it is, and its rows. polls: how often it is still being worked on."""

    id: str
    kind: str
    operation: str
    object: str
    delimiter: str
    ending: str
    by: str
    at: str
    version: str
    state: str
    polls: int
    key: str = ""
    columns: list[str] = []
    rows: list[list[str]] = []
    content: str = ""
    good: list[dict[str, str]] = []
    bad: list[dict[str, str]] = []


def make_query(service: Service, call: Call) -> Reply:
    """A query job: UploadComplete, later JobComplete (apis A1, "Bulk API 2.0")."""
    given = call.mapping()
    operation = given.get("operation")
    if operation not in ("query", "queryAll"):
        raise Refusal(400, "INVALIDJOB", f"Unsupported operation: {operation}")
    if service.broken_search:
        raise timed_out()
    parsed = soql.parse(str(given.get("query", "")))
    if parsed.counts or parsed.group or not all(isinstance(one, str) for one in parsed.fields):
        raise Refusal(
            400, "API_ERROR", "Aggregate relationships and subqueries are not supported in Bulk Query"
        )
    job = _job(service, call, given, "query", operation, service.org.kind(parsed.source).name)
    _, found = Runner(service.org, call.version).run(parsed, deleted=operation == "queryAll")
    job.columns = [str(one) for one in parsed.fields]
    job.rows = [[_cell(_along(one, path)) for path in job.columns] for one in found]
    job.state = "UploadComplete"
    return Reply(body=_said(job))


def _job(service: Service, call: Call, given: dict[str, Any], kind: str, operation: str, name: str) -> Job:
    delimiter, ending = given.get("columnDelimiter", "COMMA"), given.get("lineEnding", "LF")
    if delimiter not in DELIMITERS or ending not in ENDINGS or given.get("contentType", "CSV") != "CSV":
        raise Refusal(400, "INVALIDJOB", "Unsupported content type, delimiter or line ending")
    id = make_id("750", len(service.jobs) + 1)
    service.jobs[id] = Job(
        id=id,
        kind=kind,
        operation=operation,
        object=name,
        delimiter=delimiter,
        ending=ending,
        by=service.org.acting,
        at=service.org.at(),
        version=call.version,
        state="Open",
        polls=int(service.org.quirks.get("bulk_polls", 1)),
    )
    made: Job = service.jobs[id]
    return made


def look(service: Service, call: Call, kind: str, id: str) -> Reply:
    """How far a job is: InProgress for a while, then JobComplete."""
    del call
    job = _found(service, kind, id)
    if job.state in ("UploadComplete", "InProgress"):
        job.state = "InProgress" if job.polls > 0 else "JobComplete"
        job.polls -= 1
    return Reply(body={**_said(job), **_counts(job)})


def set_state(service: Service, call: Call, kind: str, id: str) -> Reply:
    """Abort a job, or say that all was uploaded."""
    job = _found(service, kind, id)
    state = call.mapping().get("state")
    if state == "Aborted" and job.state not in ("JobComplete", "Failed"):
        job.state = "Aborted"
    elif state == "UploadComplete" and kind == "ingest" and job.state == "Open":
        job.state = "UploadComplete"
        _ingest(service, job)
    else:
        raise Refusal(400, "INVALIDJOBSTATE", f"Invalid state change from {job.state} to {state}")
    return Reply(body=_said(job))


def forget(service: Service, call: Call, kind: str, id: str) -> Reply:
    """Delete a job that ended."""
    del call
    job = _found(service, kind, id)
    if job.state not in ("JobComplete", "Aborted", "Failed"):
        raise Refusal(400, "INVALIDJOBSTATE", f"A job in the state {job.state} cannot be deleted")
    del service.jobs[id]
    return Reply(status=204)


def results(service: Service, call: Call, id: str) -> Reply:
    """A page of a query job's rows; `Sforce-Locator` says where the next one begins, `null` at the end (apis
    A1, "Bulk API 2.0")."""
    job = _found(service, "query", id)
    if job.state != "JobComplete":
        raise Refusal(400, "INVALIDJOBSTATE", f"The job is in the state {job.state}, and has no results yet")
    most, locator = call.params.get("maxRecords", str(MOST)), call.params.get("locator", "0")
    if not most.isdigit() or not locator.isdigit() or int(most) < 1:
        raise Refusal(400, "INVALID_REQUEST", "maxRecords or locator is no number of this job")
    start, size = int(locator), min(int(most), int(service.org.quirks.get("bulk_page", MOST)))
    part = job.rows[start : start + size]
    following = str(start + size) if start + size < len(job.rows) else "null"
    headers = {"Sforce-Locator": following, "Sforce-NumberOfRecords": str(len(part)), "Content-Type": CSV}
    return Reply(content=_text(job, [job.columns, *part]), headers=headers)


def make_ingest(service: Service, call: Call) -> Reply:
    """An ingest job (apis A1, "Bulk API 2.0")."""
    given = call.mapping()
    operation = given.get("operation")
    if operation not in ("insert", "update", "upsert", "delete"):
        raise Refusal(400, "INVALIDJOB", f"Unsupported operation: {operation}")
    name = service.org.kind(str(given.get("object", ""))).name
    job = _job(service, call, given, "ingest", operation, name)
    if operation == "upsert":
        job.key = records.key_field(service.org, name, str(given.get("externalIdFieldName", ""))).name
    return Reply(
        body={**_said(job), "contentUrl": f"services/data/v{call.version}/jobs/ingest/{job.id}/batches"}
    )


def upload(service: Service, call: Call, id: str) -> Reply:
    """The rows of an ingest job, once: 201."""
    job = _found(service, "ingest", id)
    if not call.headers.get("content-type", "").startswith(CSV):
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Content type not supported.")
    if job.state != "Open" or job.content:
        raise Refusal(400, "INVALIDJOBSTATE", "The job takes no more data")
    job.content = call.content.decode("utf-8", "replace")
    return Reply(status=201, content=b"", headers={"Content-Type": CSV})


def outcome(service: Service, call: Call, id: str, which: str) -> Reply:
    """Rows that were carried out, that failed, or that were not looked at."""
    del call
    job = _found(service, "ingest", id)
    rows = {"successfulResults": job.good, "failedResults": job.bad}.get(which, [])
    first = ["sf__Id", "sf__Created" if which == "successfulResults" else "sf__Error"]
    columns = [*(first if which != "unprocessedrecords" else []), *job.columns]
    lines = [[row.get(column, "") for column in columns] for row in rows]
    return Reply(content=_text(job, [columns, *lines]), headers={"Content-Type": CSV})


# --- rows ------------------------------------------------------------------------------------------------


def _ingest(service: Service, job: Job) -> None:
    reader = csv.DictReader(io.StringIO(job.content), delimiter=DELIMITERS[job.delimiter])
    job.columns = list(reader.fieldnames or ())
    for row in reader:
        mark = service.org.mark()
        try:
            id, created = _carry_out(service, job, row)
            job.good.append({**row, "sf__Id": id, "sf__Created": str(created).lower()})
        except (Refusal, records.Several) as refusal:
            service.org.undo(mark)
            job.bad.append({**row, "sf__Id": row.get("Id", ""), "sf__Error": str(refusal)})


def _carry_out(service: Service, job: Job, row: dict[str, str]) -> tuple[str, bool]:
    org, name = service.org, job.object
    given = {key: _typed(service, name, key, value) for key, value in row.items() if value != ""}
    if job.operation == "insert":
        return records.insert(org, name, given), True
    if job.operation == "upsert":
        return records.upsert(org, name, job.key, given.pop(job.key, ""), given)
    if job.operation == "delete":
        records.delete(org, name, row.get("Id", ""))
    else:
        records.update(org, name, row.get("Id", ""), given)
    return row.get("Id", ""), False


def _typed(service: Service, name: str, field: str, text: str) -> Any:
    """A cell as JSON would have it."""
    sort = service.org.seen(name, field).type
    if text == "#N/A":
        return None
    if sort == "boolean":
        return text.lower() == "true"
    return int(text) if sort == "int" and text.lstrip("-").isdigit() else text


def _along(record: dict[str, Any], path: str) -> Any:
    value: Any = record
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = next((one for key, one in value.items() if key.lower() == step.lower()), None)
    return value


def _cell(value: Any) -> str:
    """A value in CSV: a time ends with a Z here."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text.removesuffix("+0000") + "Z" if text.endswith("+0000") and "T" in text else text


def _text(job: Job, lines: list[list[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=DELIMITERS[job.delimiter], lineterminator=ENDINGS[job.ending], quoting=csv.QUOTE_ALL
    )
    writer.writerows(lines)
    return out.getvalue().encode()


def _found(service: Service, kind: str, id: str) -> Job:
    job = service.jobs.get(id)
    if job is None or job.kind != kind:
        raise not_found("The requested resource does not exist")
    found: Job = job
    return found


def _said(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.by,
        "createdDate": job.at,
        "systemModstamp": job.at,
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
        "lineEnding": job.ending,
        "columnDelimiter": job.delimiter,
    }


def _counts(job: Job) -> dict[str, Any]:
    done = job.state == "JobComplete"
    counted = len(job.rows) if job.kind == "query" else len(job.good) + len(job.bad)
    failed = {} if job.kind == "query" else {"numberRecordsFailed": len(job.bad) if done else 0}
    return {
        "numberRecordsProcessed": counted if done else 0,
        **failed,
        "retries": 0,
        "totalProcessingTime": 0,
    }


def query_jobs(service: Service, call: Call) -> Reply:
    """All query jobs."""
    del call
    return _listed(service, "query")


def ingest_jobs(service: Service, call: Call) -> Reply:
    """All ingest jobs."""
    del call
    return _listed(service, "ingest")


def _listed(service: Service, kind: str) -> Reply:
    return Reply(body={"done": True, "records": list(_of(service, kind)), "nextRecordsUrl": None})


def _of(service: Service, kind: str) -> Iterator[dict[str, Any]]:
    return (_said(job) for job in service.jobs.values() if job.kind == kind)


ID = r"(\w{15,18})"
ROUTES = (
    Route("/jobs/query", {"POST": make_query, "GET": query_jobs}),
    Route("/jobs/ingest", {"POST": make_ingest, "GET": ingest_jobs}),
    Route(f"/jobs/(query|ingest)/{ID}", {"GET": look, "PATCH": set_state, "DELETE": forget}),
    Route(f"/jobs/query/{ID}/results", {"GET": results}),
    Route(f"/jobs/ingest/{ID}/batches", {"PUT": upload}),
    Route(f"/jobs/ingest/{ID}/(successfulResults|failedResults|unprocessedrecords)", {"GET": outcome}),
)
