"""Merging by the API, at once and as a job, and what goes with a contact that is deleted."""

from __future__ import annotations

from typing import Any

import pytest


def body(*children: str, fields: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A request with these children, from whom these fields are taken."""
    data: list[dict[str, Any]] = [{"id": one} for one in children]
    if fields:
        data[0]["_fields"] = [{"api_name": name} for name in fields]
    return {"merge": [{"data": data, **more}]}


def path(master: str, module: str = "Contacts") -> str:
    """Where a record is merged into."""
    return f"/{module}/{master}/actions/merge"


def test_a_merge_moves_what_hung_on_the_child(firm: Any) -> None:
    """Calls are the master's, the child is deleted, blanks stay blank but for the fields that are named, and
    those are taken as they are."""
    master = firm.made("Contacts", Last_Name="Diaz", Department="Sales")
    child = firm.made("Contacts", Last_Name="Diaz", Title="CFO", Department="Finance", Phone="+14155550134")
    call = firm.call(Who_Id={"id": child})
    answer = firm.ask("POST", path(master), body(child, fields=("Title", "Department")))
    assert answer.status_code == 201
    (item,) = answer.json()["merge"]
    assert (item["code"], item["details"], item["status"]) == ("SUCCESS", {"id": master}, "success")
    row = firm.one("Contacts", master)
    assert (row["Title"], row["Department"], row["Phone"]) == ("CFO", "Finance", None)
    assert row["Modified_By"]["id"] == firm.simulator.state.me.id
    assert firm.one("Calls", call)["Who_Id"]["id"] == master
    assert [one["id"] for one in firm.data("/Contacts/deleted")] == [child]
    assert firm.ask("GET", path(master)).status_code == 204


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 400, "MANDATORY_NOT_FOUND"),
        ({"merge": []}, 400, "INVALID_DATA"),
        ({"merge": [{"data": []}]}, 400, "MANDATORY_NOT_FOUND"),
        ({"merge": [{"data": [{}]}]}, 400, "MANDATORY_NOT_FOUND"),
        ({"merge": [{"data": [{"id": "1"}]}]}, 400, "INVALID_DATA"),
        ({"merge": [{"data": [{"id": "CHILD"}], "trigger": []}]}, 400, "INVALID_DATA"),
        ({"merge": [{"data": [{"id": "CHILD"}] * 3}]}, 400, "INVALID_DATA"),
        ({"merge": [{"data": [{"id": "MASTER"}]}]}, 400, "INVALID_DATA"),
        (body("CHILD", fields=("Nope",)), 400, "INVALID_DATA"),
        (body("CHILD", fields=("Created_By",)), 400, "INVALID_DATA"),
        (body("CHILD", fields=("Title", "Title")), 400, "DUPLICATE_DATA"),
    ],
)
def test_what_is_no_merge_is_refused(firm: Any, sent: Any, status: int, code: str) -> None:
    """One merge in a request, one or two other records of the module, fields that there are, each once."""
    import json

    master, child = firm.made("Contacts", Last_Name="Diaz"), firm.made("Contacts", Last_Name="Roe")
    given = json.loads(json.dumps(sent).replace("CHILD", child).replace("MASTER", master))
    answer = firm.ask("POST", path(master), given)
    said = answer.json()
    assert (answer.status_code, (said.get("merge") or [said])[0]["code"]) == (status, code)
    assert len(firm.data("/Contacts", fields="id")) == 2


def test_where_a_merge_is_refused_as_a_whole(firm: Any) -> None:
    """An older version knows no merge, calls are not merged, and a locked record is not."""
    master, child = firm.made("Contacts", Last_Name="Diaz"), firm.made("Contacts", Last_Name="Roe")
    assert firm.ask("POST", path(master), body(child), version=5).json()["code"] == "INVALID_MODULE"
    first, second = firm.call(), firm.call()
    assert firm.error("POST", path(first, "Calls"), body(second))[1] == "NOT_ALLOWED"
    assert firm.error("PUT", path(master), body(child))[1] == "INVALID_REQUEST_METHOD"
    assert firm.error("POST", path("511"), body(child))[1] == "INVALID_DATA"
    firm.desk.lock("contact", child)
    answer = firm.ask("POST", path(master), body(child)).json()
    assert answer["merge"][0]["code"] == "NOT_ALLOWED"


def test_a_merge_as_a_job(firms: Any) -> None:
    """With merge_job scheduled it is done twenty seconds later; until then the records take part in no other,
    and the state is told."""
    firm = firms(merge_job="scheduled")
    master, child = firm.made("Contacts", Last_Name="Diaz"), firm.made("Contacts", Last_Name="Roe")
    answer = firm.ask("POST", path(master), body(child))
    (item,) = answer.json()["merge"]
    assert (answer.status_code, item["code"]) == (202, "SCHEDULED")
    job = item["details"]["job_id"]
    assert firm.ask("GET", path(master)).json() == {"merge": [{"job_id": job, "status": "RUNNING"}]}
    assert firm.ask("POST", path(master), body(child)).json()["merge"][0]["code"] == "NOT_ALLOWED"
    firm.wait(21)
    assert firm.ask("GET", path(master)).json() == {"merge": [{"job_id": job, "status": "COMPLETED"}]}
    assert [one["id"] for one in firm.data("/Contacts", fields="id")] == [master]


@pytest.mark.parametrize(("quirk", "left"), [("unlinked", 1), ("cascade", 0)])
def test_what_goes_with_a_deleted_contact(firms: Any, quirk: str, left: int) -> None:
    """Its activities stay without it, or go with it; those of a merged one never do."""
    firm = firms(contact_deleted=quirk)
    gone, child, master = (firm.made("Contacts", Last_Name=name) for name in ("One", "Two", "Three"))
    firm.call(Who_Id={"id": gone})
    kept = firm.call(Who_Id={"id": child})
    firm.ask("POST", path(master), body(child))
    firm.ask("DELETE", f"/Contacts/{gone}")
    calls = [one["id"] for one in firm.data("/Calls", fields="id")]
    assert len(calls) == 1 + left
    assert kept in calls
