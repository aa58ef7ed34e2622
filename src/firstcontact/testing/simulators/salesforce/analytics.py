"""Reports and list views of created contacts (apis A1, "Reports")."""

from __future__ import annotations

from typing import Any

from firstcontact.testing.simulators.salesforce.ids import make_id
from firstcontact.testing.simulators.salesforce.query import Runner
from firstcontact.testing.simulators.salesforce.refusal import Refusal, not_found
from firstcontact.testing.simulators.salesforce.rest import NAME
from firstcontact.testing.simulators.salesforce.service import Call, Reply, Route, Service
from firstcontact.testing.simulators.salesforce.soql import Query

TYPES = {
    "ContactList": "Contact",
    "AccountList": "Account",
    "LeadList": "Lead",
    "OpportunityList": "Opportunity",
}
COLUMNS = {
    "FIRST_NAME": "FirstName",
    "LAST_NAME": "LastName",
    "EMAIL": "Email",
    "PHONE1": "Phone",
    "NAME": "Name",
}
COLUMNS |= {"CREATED_DATE": "CreatedDate", "TITLE": "Title", "CONTACT_ID": "Id"}


def reports(service: Service, call: Call) -> Reply:
    """All reports."""
    said = [_brief(call, id, metadata) for id, metadata in service.reports.items()]
    return Reply(body=said)


def _brief(call: Call, id: str, metadata: dict[str, Any]) -> dict[str, Any]:
    path = f"/analytics/reports/{id}"
    urls = {"url": call.url(path), "describeUrl": call.url(f"{path}/describe")}
    return {"id": id, "name": metadata["name"], **urls, "instancesUrl": call.url(f"{path}/instances")}


def create(service: Service, call: Call) -> Reply:
    """A report from its metadata."""
    metadata = call.mapping().get("reportMetadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise Refusal(400, "BAD_REQUEST", "reportMetadata with a name is missing")
    id = make_id("00O", len(service.reports) + 1)
    metadata = {"reportFormat": "TABULAR", "detailColumns": [], "reportFilters": [], **metadata, "id": id}
    _run(service, call, metadata)
    service.reports[id] = metadata
    return Reply(body={"reportMetadata": metadata, "reportExtendedMetadata": {}, "reportTypeMetadata": {}})


def run(service: Service, call: Call, id: str) -> Reply:
    """A report's rows (apis A1, "Reports")."""
    metadata = service.reports.get(id)
    if metadata is None:
        raise not_found()
    if call.method == "POST":
        metadata = {**metadata, **(call.mapping().get("reportMetadata") or {})}
    rows = _run(service, call, metadata)
    details = call.params.get("includeDetails", "").lower() == "true"
    cells = [{"dataCells": [{"label": _label(one), "value": one} for one in row]} for row in rows]
    fact = {
        "aggregates": [{"label": str(len(rows)), "value": len(rows)}],
        **({"rows": cells} if details else {}),
    }
    return Reply(
        body={
            "attributes": {"reportId": id, "reportName": metadata["name"], "type": "Report"},
            "allData": True,
            "factMap": {"T!T": fact},
            "hasDetailRows": details,
            "groupingsDown": {"groupings": []},
            "groupingsAcross": {"groupings": []},
            "reportMetadata": metadata,
            "reportExtendedMetadata": {},
        }
    )


def remove(service: Service, call: Call, id: str) -> Reply:
    """A report is deleted."""
    del call
    if service.reports.pop(id, None) is None:
        raise not_found()
    return Reply(status=204)


def _run(service: Service, call: Call, metadata: dict[str, Any]) -> list[list[Any]]:
    type = (metadata.get("reportType") or {}).get("type", "")
    name = TYPES.get(type)
    if name is None:
        raise Refusal(400, "BAD_REQUEST", f"The report type {type} is none of yours")
    runner = Runner(service.org, call.version)
    tests = []
    for one in metadata["reportFilters"]:
        field, get = runner.getter(_column(one["column"]), name)
        if one.get("operator") != "equals":
            raise Refusal(400, "BAD_REQUEST", f"The operator {one.get('operator')} is not offered")
        wanted = str(one.get("value", "")).lower()
        if field.type == "boolean":
            wanted = str(wanted in ("true", "1")).lower()
        tests.append((get, wanted))
    columns = [runner.getter(_column(one), name)[1] for one in metadata["detailColumns"]]
    rows = [
        row
        for row in service.org.live(name)
        if all(_label(get(row)).lower() == value for get, value in tests)
    ]
    return [[get(row) for get in columns] for row in rows]


def _column(text: str) -> str:
    return COLUMNS.get(text, text.rpartition(".")[2])


def _label(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def list_views(service: Service, call: Call, name: str) -> Reply:
    """List views of an object: there is none but that of all records."""
    name = service.org.kind(name).name
    id = make_id("00B", 1)
    path = call.url(f"/sobjects/{name}/listviews/{id}")
    view = {"id": id, "label": f"All {name}s", "developerName": f"All{name}s", "soqlCompatible": True}
    urls = {"url": path, "describeUrl": f"{path}/describe", "resultsUrl": f"{path}/results"}
    return Reply(body={"done": True, "listviews": [{**view, **urls}], "nextRecordsUrl": None, "size": 1})


def list_view_results(service: Service, call: Call, name: str, id: str) -> Reply:
    """The records of the list view."""
    name = service.org.kind(name).name
    if id != make_id("00B", 1):
        raise not_found()
    runner = Runner(service.org, call.version)
    rows = runner.project(Query(source=name, fields=("Id",)), name, list(service.org.live(name)))
    return Reply(body={"done": True, "id": id, "records": rows, "size": len(rows)})


ID = r"(\w{15,18})"
ROUTES = (
    Route("/analytics/reports", {"GET": reports, "POST": create}),
    Route(f"/analytics/reports/{ID}", {"GET": run, "POST": run, "DELETE": remove}),
    Route(f"/sobjects/{NAME}/listviews", {"GET": list_views}),
    Route(f"/sobjects/{NAME}/listviews/{ID}/results", {"GET": list_view_results}),
)
