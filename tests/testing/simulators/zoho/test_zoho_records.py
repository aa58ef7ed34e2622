"""Inserting, changing, deleting: each record has its own result."""

from __future__ import annotations

from typing import Any

import pytest

JO = {"Last_Name": "Diaz", "First_Name": "Jo", "Email": "jo@acme.example"}


def test_a_new_record_is_told(firm: Any) -> None:
    """201, with id, times and people; the record is there as it was sent."""
    answer = firm.insert("Contacts", {**JO, "Phone": "(415) 555-0123", "Title": "CFO"})
    assert answer.status_code == 201
    (item,) = answer.json()["data"]
    assert (item["code"], item["status"], item["message"]) == ("SUCCESS", "success", "record added")
    assert set(item["details"]) == {"id", "Created_Time", "Modified_Time", "Created_By", "Modified_By"}
    assert item["details"]["Created_Time"] == "2026-03-02T04:00:00-08:00"
    record = firm.one("Contacts", item["details"]["id"])
    assert (record["Full_Name"], record["Phone"], record["Title"]) == ("Jo Diaz", "(415) 555-0123", "CFO")
    assert record["Owner"]["id"] == record["Created_By"]["id"] == firm.simulator.api_user.id


def test_times_are_in_the_user_s_zone(firms: Any) -> None:
    """The same moment is written with the offset of the zone; whole seconds."""
    firm = firms(time_zone="+05:30", at=1_772_452_800_900_000)
    assert firm.one("Contacts", firm.made("Contacts", **JO))["Created_Time"] == "2026-03-02T17:30:00+05:30"


MIXED = [JO, {"First_Name": "No"}, {"Last_Name": "Roe"}]


@pytest.mark.parametrize(
    ("mode", "mixed", "none"), [("multi", 207, 400), ("success", 201, 201), ("accepted", 202, 202)]
)
def test_results_are_per_record(firms: Any, mode: str, mixed: int, none: int) -> None:
    """A refused record stops no other and is answered in its place, whatever the status of the whole is
    (must reproduce)."""
    firm = firms(batch_status=mode)
    answer = firm.insert("Contacts", *MIXED)
    assert answer.status_code == mixed
    first, refused, last = answer.json()["data"]
    assert (first["status"], last["status"]) == ("success", "success")
    assert refused == {
        "code": "MANDATORY_NOT_FOUND",
        "details": {"api_name": "Last_Name", "json_path": "$.data[1].Last_Name"},
        "message": "required field not found",
        "status": "error",
    }
    assert len(firm.desk.dump()["contacts"]) == 2
    assert firm.insert("Contacts", {"First_Name": "No"}).status_code == none
    changed = firm.ask("PUT", "/Contacts", {"data": [{"id": first["details"]["id"], "Title": "A"}]})
    assert changed.status_code == 200


def test_a_hundred_records_a_request(firm: Any) -> None:
    """A hundred are taken, one more is refused as a whole."""
    rows = [{"Last_Name": f"N{n}"} for n in range(100)]
    answer = firm.insert("Contacts", *rows)
    assert (answer.status_code, len(answer.json()["data"])) == (201, 100)
    status, code, details = firm.error("POST", "/Contacts", {"data": [*rows, {"Last_Name": "N"}]})
    assert (status, code, details["maximum_length"]) == (400, "INVALID_DATA", 100)
    assert len(firm.desk.dump()["contacts"]) == 100


def test_several_are_changed_by_id(firm: Any) -> None:
    """What is sent is set, null empties, the rest stays; an id that is none is refused by itself."""
    id = firm.made("Contacts", **JO, Title="CFO")
    firm.wait(5)
    rows = [{"id": id, "Title": None, "Mobile": "415-555-0101"}, {"id": "1", "Title": "x"}]
    answer = firm.ask("PUT", "/Contacts", {"data": rows, "trigger": []})
    assert answer.status_code == 207
    done, refused = answer.json()["data"]
    assert done["message"] == "record updated"
    assert (refused["code"], refused["details"]["api_name"]) == ("INVALID_DATA", "id")
    record = firm.one("Contacts", id)
    assert (record["Title"], record["Mobile"], record["Email"]) == (None, "415-555-0101", JO["Email"])
    assert record["Modified_Time"] > record["Created_Time"]
    one = firm.ask("PUT", f"/Contacts/{id}", {"data": [{"Title": "CEO"}]})
    assert (one.status_code, firm.one("Contacts", id)["Title"]) == (200, "CEO")
    assert firm.ask("PUT", "/Contacts/1", {"data": [{"Title": "CEO"}]}).status_code == 400


def test_deleting(firm: Any) -> None:
    """Several by id, each with its result; deleted ones are deleted no second time."""
    first, second = firm.made("Contacts", **JO), firm.made("Contacts", Last_Name="Roe")
    answer = firm.ask("DELETE", "/Contacts", params={"ids": f"{first},1"})
    assert answer.status_code == 207
    assert [item["code"] for item in answer.json()["data"]] == ["SUCCESS", "INVALID_DATA"]
    assert firm.ask("DELETE", f"/Contacts/{second}").status_code == 200
    assert firm.ask("DELETE", f"/Contacts/{second}").status_code == 400
    assert firm.desk.dump()["contacts"] == []
    assert firm.error("DELETE", "/Contacts")[1] == "REQUIRED_PARAM_MISSING"
    many = ",".join(str(n) for n in range(101))
    assert firm.error("DELETE", "/Contacts", params={"ids": many})[1] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(("answer", "status"), [("204", 204), ("400", 400), ("404", 404)])
def test_a_record_that_is_not_there(firms: Any, answer: str, status: int) -> None:
    """It is answered with an empty 204, or an error, by quirk."""
    told = firms(missing_record=answer).ask("GET", "/Contacts/5110000000000009999")
    assert told.status_code == status
    assert (told.content == b"") == (answer == "204")


# --- upsert ------------------------------------------------------------------------------------------------


def upserted(firm: Any, module: str, row: dict[str, Any], *checks: str) -> Any:
    """The result of an upsert of one record, which is 200."""
    body = {"data": [row], "trigger": [], **({"duplicate_check_fields": list(checks)} if checks else {})}
    answer = firm.ask("POST", f"/{module}/upsert", body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][0]


def test_an_upsert_says_what_it_did(firm: Any) -> None:
    """`action` and `duplicate_field` tell an insert from an update (must reproduce)."""
    made = upserted(firm, "Contacts", JO)
    assert (made["action"], made["duplicate_field"], made["message"]) == ("insert", None, "record added")
    again = upserted(firm, "Contacts", {**JO, "Email": "JO@acme.example", "Title": "CFO"})
    assert (again["action"], again["duplicate_field"]) == ("update", "Email")
    assert again["details"]["id"] == made["details"]["id"]
    assert firm.one("Contacts", made["details"]["id"])["Title"] == "CFO"


def test_an_upsert_by_chosen_fields(firm: Any) -> None:
    """The order of `duplicate_check_fields` decides; only the system's and unique fields are taken."""
    first = firm.made("Contacts", **JO, FirstContact_Key="k1")
    other = firm.made("Contacts", Last_Name="Roe", Email="roe@acme.example", FirstContact_Key="k2")
    row = {**JO, "FirstContact_Key": "k2"}
    by_key = upserted(firm, "Contacts", row, "FirstContact_Key", "Email")
    assert (by_key["duplicate_field"], by_key["details"]["id"]) == ("FirstContact_Key", other)
    by_mail = upserted(firm, "Contacts", {**JO, "Title": "x"}, "Email")
    assert by_mail["details"]["id"] in (first, other)
    body = {"data": [JO], "duplicate_check_fields": ["Title"]}
    assert firm.error("POST", "/Contacts/upsert", body)[1] == "INVALID_DATA"
    assert upserted(firm, "Accounts", {"Account_Name": "Acme"})["action"] == "insert"
    assert upserted(firm, "Accounts", {"Account_Name": "acme"})["duplicate_field"] == "Account_Name"


# --- unique and external fields --------------------------------------------------------------------------


def test_a_unique_value_is_taken_once(firm: Any) -> None:
    """A second record with it is refused, and told which one has it; also within one request; letter case
    is no difference; a deleted record frees it."""
    id = firm.made("Contacts", Last_Name="Ng", FirstContact_Key="k1")
    item = firm.refused("Contacts", Last_Name="Roe", FirstContact_Key="K1")
    assert item["code"] == "DUPLICATE_DATA"
    details = item["details"]
    assert (details["api_name"], details["json_path"]) == ("FirstContact_Key", "$.data[0].FirstContact_Key")
    assert (details["id"], details["duplicate_record"]["id"]) == (id, id)
    assert details["duplicate_record"]["module"]["api_name"] == "Contacts"
    both = firm.insert("Contacts", *[{"Last_Name": "A", "FirstContact_Key": "k2"}] * 2)
    assert [item["code"] for item in both.json()["data"]] == ["SUCCESS", "DUPLICATE_DATA"]
    firm.desk.delete("contact", id)
    assert firm.made("Contacts", Last_Name="Roe", FirstContact_Key="k1")


def test_the_email_may_be_unique(firms: Any) -> None:
    """Two contacts share an address unless the administrator marked the field."""
    firm = firms()
    firm.made("Contacts", **JO)
    assert firm.made("Contacts", **JO)
    firm = firms(email_unique=True)
    id = firm.made("Contacts", **JO)
    assert firm.refused("Contacts", **JO)["details"]["duplicate_record"]["id"] == id
    other = firm.made("Contacts", Last_Name="Roe")
    answer = firm.ask("PUT", f"/Contacts/{other}", {"data": [{"Email": JO["Email"]}]})
    assert answer.json()["data"][0]["code"] == "DUPLICATE_DATA"
    assert firm.ask("PUT", f"/Contacts/{id}", {"data": [{"Email": JO["Email"]}]}).status_code == 200


def test_a_record_by_its_external_value(firm: Any) -> None:
    """`X-EXTERNAL` names the field whose value stands in the path: read, change, delete."""
    field = {"field_label": "Outer Key", "data_type": "text", "external": {"type": "org", "show": False}}
    assert firm.ask("POST", "/settings/fields?module=Calls", {"fields": [field]}).status_code == 201
    id = firm.call(Outer_Key="a/b c")
    header = {"headers": {"X-EXTERNAL": "Calls.Outer_Key"}}
    path = "/Calls/a%2Fb%20c"
    assert firm.ask("GET", path, **header).json()["data"][0]["id"] == id
    assert firm.ask("PUT", path, {"data": [{"Subject": "New"}]}, **header).status_code == 200
    assert firm.one("Calls", id)["Subject"] == "New"
    assert firm.error("GET", path, headers={"X-EXTERNAL": "Calls.Subject"})[1] == "INVALID_DATA"
    assert firm.error("GET", path)[:2] == (404, "INVALID_URL_PATTERN")
    assert firm.insert("Calls", {"Subject": "x", "Outer_Key": "a/b c"}).status_code == 400
    assert firm.ask("DELETE", path, **header).status_code == 200
    assert firm.ask("GET", path, **header).status_code == 204


# --- what is demanded and refused ------------------------------------------------------------------------


def test_what_a_layout_demands(firms: Any) -> None:
    """Leads need Company, contacts perhaps a field of the firm's own, by quirk."""
    firm = firms(required_field="enforced")
    assert firm.refused("Leads", Last_Name="Ng")["details"]["api_name"] == "Company"
    assert firm.made("Leads", Last_Name="Ng", Company="Acme")
    assert firm.refused("Contacts", **JO)["details"]["api_name"] == "Referral_Note"
    assert firm.made("Contacts", **JO, Referral_Note="x")
    assert firms(company="free").made("Leads", Last_Name="Ng")


WRONG = {
    "Nonsense": "x",
    "Email": "no address",
    "Last_Name": "N" * 81,
    "First_Name": 5,
    "Email_Opt_Out": "yes",
    "Date_of_Birth": "yesterday",
    "Account_Name": {"id": "1"},
    "Owner": {"id": "1"},
    "Title": "\0",
    "Phone": "4" * 31,
    "Created_Time": "2026-03-02T12:00:00+00:00",
    "Full_Name": "Jo Diaz",
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_value_that_is_not_possible(firm: Any, name: str) -> None:
    """An unknown field, a wrong kind, a length, a pointer at nothing, a computed field: each is named."""
    item = firm.refused("Contacts", **{**JO, name: WRONG[name]})
    code = "NOT_ALLOWED" if name in ("Created_Time", "Full_Name") else "INVALID_DATA"
    assert (item["code"], item["details"]["api_name"]) == (code, name)
    assert item["details"]["json_path"] == f"$.data[0].{name}"


def test_limits_of_values_are_told(firm: Any) -> None:
    """The maximal length and the expected type stand in the details."""
    assert firm.refused("Contacts", Last_Name="N" * 81)["details"]["maximum_length"] == 80
    assert firm.refused("Contacts", **JO, Title=5)["details"]["expected_data_type"] == "text"


def test_picklists_and_numbers_by_quirk(firms: Any) -> None:
    """A value that is not in the list, and a number with odd signs, are taken or refused."""
    odd = {**JO, "Lead_Source": "FirstContact", "Phone": "415.555.0102 *x"}
    assert firms().made("Contacts", **odd)
    closed = firms(picklists="closed").refused("Contacts", **odd)
    assert closed["details"]["api_name"] == "Lead_Source"
    assert "Cold Call" in closed["details"]["supported_values"]
    assert firms(phone_check="pattern").refused("Contacts", **odd)["details"]["api_name"] == "Phone"


def test_an_inactive_user_owns_nothing(firm: Any) -> None:
    """A record is given to active users only."""
    ana = firm.desk.add("user", {"name": "Ana Ruiz", "active": True})
    assert firm.one("Contacts", firm.made("Contacts", **JO, Owner={"id": ana}))["Owner"]["name"] == "Ana Ruiz"
    firm.desk.edit("user", ana, {"active": False})
    assert firm.refused("Contacts", **JO, Owner={"id": ana})["details"]["api_name"] == "Owner"


def test_workflows_are_set_off_unless_left_out(firm: Any) -> None:
    """`trigger: []` fires none; without it, or with workflow in it, every write does."""
    id = firm.made("Contacts", **JO)
    firm.ask("PUT", f"/Contacts/{id}", {"data": [{"Title": "x"}], "trigger": ["approval"]})
    firm.ask("DELETE", f"/Contacts/{firm.made('Contacts', **JO)}", params={"wf_trigger": "false"})
    assert firm.simulator.fired == []
    firm.ask("PUT", f"/Contacts/{id}", {"data": [{"Title": "y"}]})
    firm.ask("POST", "/Contacts/upsert", {"data": [{"Last_Name": "Roe"}], "trigger": ["workflow"]})
    firm.ask("DELETE", f"/Contacts/{id}")
    assert [(module, action) for module, _, action in firm.simulator.fired] == [
        ("Contacts", "update"),
        ("Contacts", "insert"),
        ("Contacts", "delete"),
    ]
    assert firm.error("POST", "/Contacts", {"data": [JO], "trigger": ["all"]})[1] == "INVALID_DATA"


def test_a_locked_record_is_left(firm: Any) -> None:
    """Neither changed nor deleted by the API, until somebody unlocks it."""
    id = firm.made("Contacts", **JO)
    firm.desk.lock("contact", id)
    answer = firm.ask("PUT", f"/Contacts/{id}", {"data": [{"Title": "x"}]})
    assert answer.json()["data"][0]["code"] == "RECORD_LOCKED"
    assert firm.ask("DELETE", f"/Contacts/{id}").json()["data"][0]["code"] == "RECORD_LOCKED"
    firm.desk.lock("contact", id, locked=False)
    assert firm.ask("PUT", f"/Contacts/{id}", {"data": [{"Title": "x"}]}).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MANDATORY_NOT_FOUND"),
        ({"data": []}, "INVALID_DATA"),
        ({"data": {}}, "INVALID_DATA"),
        ({"data": ["x"]}, "INVALID_DATA"),
        ([], "INVALID_DATA"),
        ({"data": [JO], "more": 1}, "INVALID_DATA"),
    ],
)
def test_a_body_that_is_none(firm: Any, body: Any, code: str) -> None:
    """Without `data`, with another kind of it, or with keys that are not known, the whole is refused."""
    assert firm.error("POST", "/Contacts", body)[:2] == (400, code)
    assert firm.desk.dump()["contacts"] == []


def test_a_body_that_is_no_json(firm: Any) -> None:
    """It is refused as such."""
    answer = firm.ask("POST", "/Contacts", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/Nonsense?fields=id", 400, "INVALID_MODULE"),
        ("GET", "/Attachments?fields=id", 400, "INVALID_MODULE"),
        ("GET", "/settings/nonsense", 404, "INVALID_URL_PATTERN"),
        ("GET", "/Contacts/x", 404, "INVALID_URL_PATTERN"),
        ("PATCH", "/Contacts", 400, "INVALID_REQUEST_METHOD"),
        ("DELETE", "/org", 400, "INVALID_REQUEST_METHOD"),
        ("POST", "/Contacts/search", 400, "INVALID_REQUEST_METHOD"),
        ("GET", "/Contacts/upsert", 400, "INVALID_REQUEST_METHOD"),
        ("GET", "/Contacts?fields=id&more=1", 400, "INVALID_DATA"),
        ("GET", "/Contacts?fields=id&fields=id", 400, "INVALID_DATA"),
        ("GET", "/Contacts?fields=Nonsense", 400, "INVALID_DATA"),
        ("GET", "/users?type=Nonsense", 400, "INVALID_DATA"),
    ],
)
def test_what_is_not_known_is_refused(firm: Any, method: str, path: str, status: int, code: str) -> None:
    """Modules, paths, methods, parameters, fields: nothing unknown is taken."""
    assert firm.error(method, path)[:2] == (status, code)


def test_versions(firms: Any) -> None:
    """v2 to the newest are there; one that is not has no such address."""
    firm = firms()
    for version in (2, 6, 7, 8):
        assert firm.ask("GET", "/org", version=version).status_code == 200
    assert firm.error("GET", "/org", version=1)[:2] == (404, "INVALID_URL_PATTERN")
    assert firm.error("GET", "/org", version=9)[:2] == (404, "INVALID_URL_PATTERN")
    older = firms(newest_version=6)
    assert older.ask("GET", "/org", version=6).status_code == 200
    assert older.error("GET", "/org", version=8)[0] == 404


def test_a_forbidden_module(firms: Any) -> None:
    """Without permission a module is refused by records and by COQL, and settings say so."""
    firm = firms(forbidden=("Leads",))
    assert firm.error("GET", "/Leads", params={"fields": "id"})[:2] == (403, "NO_PERMISSION")
    query = {"select_query": "select id from Leads where id is not null"}
    assert firm.error("POST", "/coql", query)[1] == "INVALID_MODULE"
    allowed = {one["api_name"]: one["viewable"] for one in firm.data("/settings/modules", key="modules")}
    assert (allowed["Leads"], allowed["Contacts"]) == (False, True)
