"""Fields, modules, users, the organisation; limits; several requests in one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

QUERY = "select id from Contacts where id is not null"


def fields(firm: Any, module: str = "Contacts") -> dict[str, Any]:
    """What is known of a module's fields, by name."""
    return {one["api_name"]: one for one in firm.data("/settings/fields", key="fields", module=module)}


def create(firm: Any, *given: dict[str, Any], module: str = "Contacts") -> Any:
    """The answer to new fields."""
    return firm.ask("POST", f"/settings/fields?module={module}", {"fields": list(given)})


def test_fields_are_described(firm: Any) -> None:
    """Type, length, whether demanded, own, writable; stages of deals with their forecast."""
    known = fields(firm)
    assert (known["Phone"]["data_type"], known["Phone"]["length"]) == ("phone", 30)
    assert known["Last_Name"]["system_mandatory"] is True
    assert known["Created_Time"]["operation_type"]["api_update"] is False
    assert (known["Account_Name"]["data_type"], known["Owner"]["data_type"]) == ("lookup", "ownerlookup")
    assert known["FirstContact_Key"]["custom_field"] is True
    assert fields(firm, "Leads")["Company"]["system_mandatory"] is True
    stages = {one["actual_value"]: one for one in fields(firm, "Deals")["Stage"]["pick_list_values"]}
    assert stages["Closed Won"]["forecast_type"] == "Closed Won"
    assert stages["Qualification"]["forecast_type"] == "Open"
    assert firm.error("GET", "/settings/fields")[1] == "REQUIRED_PARAM_MISSING"
    assert firm.error("GET", "/settings/fields", params={"module": "Nonsense"})[1] == "INVALID_MODULE"


def test_what_fields_say_by_quirk(firms: Any) -> None:
    """The word for unique, the forecast, what layouts demand."""
    assert fields(firms())["FirstContact_Key"]["unique"] == {"case_sensitive": False}
    firm = firms(unique_word="casesensitive", forecast="no", company="free", required_field="enforced")
    assert fields(firm)["FirstContact_Key"]["unique"] == {"casesensitive": False}
    assert all("forecast_type" not in one for one in fields(firm, "Deals")["Stage"]["pick_list_values"])
    assert fields(firm, "Leads")["Company"]["system_mandatory"] is False
    assert fields(firm)["Referral_Note"]["system_mandatory"] is True


def test_our_fields_are_there_or_to_be_made(firms: Any) -> None:
    """`fields: ready` has them; else an administrator makes them, under a name that comes from the label."""
    assert "FirstContact_Key" not in fields(firms(fields="missing"))
    firm = firms(fields="missing")
    given = {"field_label": "FirstContact Key", "data_type": "text", "length": 32}
    answer = create(firm, {**given, "unique": {"case_sensitive": False}})
    assert (answer.status_code, answer.json()["fields"][0]["message"]) == (201, "field created")
    known = fields(firm)["FirstContact_Key"]
    assert (known["length"], known["custom_field"], bool(known["unique"])) == (32, True, True)
    firm.made("Contacts", Last_Name="Ng", FirstContact_Key="k")
    assert firm.refused("Contacts", Last_Name="Ng", FirstContact_Key="k")["code"] == "DUPLICATE_DATA"
    twice = create(firm, given, {"field_label": "Other", "data_type": "boolean"})
    assert twice.status_code == 207
    assert [item["code"] for item in twice.json()["fields"]] == ["DUPLICATE_DATA", "SUCCESS"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"data_type": "text"}, "MANDATORY_NOT_FOUND"),
        ({"field_label": "A"}, "MANDATORY_NOT_FOUND"),
        ({"field_label": "A", "data_type": "text", "api_name": "B"}, "INVALID_DATA"),
        ({"field_label": "A", "data_type": "nonsense"}, "INVALID_DATA"),
        ({"field_label": "A", "data_type": "text", "length": 256}, "INVALID_DATA"),
        ({"field_label": "A", "data_type": "textarea", "length": 2001}, "INVALID_DATA"),
        ({"field_label": "A", "data_type": "textarea", "textarea": {"type": "huge"}}, "INVALID_DATA"),
        ({"field_label": "A", "data_type": "boolean", "unique": {"case_sensitive": True}}, "NOT_ALLOWED"),
        ({"field_label": "A", "data_type": "text", "unique": {"x": True}}, "INVALID_DATA"),
        ({"field_label": "A", "data_type": "text", "external": {"type": "x"}}, "INVALID_DATA"),
        ({"field_label": "§§", "data_type": "text"}, "INVALID_DATA"),
    ],
)
def test_a_field_that_cannot_be(firm: Any, given: dict[str, Any], code: str) -> None:
    """What is missing, unknown, too long or not possible is refused by itself."""
    answer = create(firm, given)
    assert (answer.status_code, answer.json()["fields"][0]["code"]) == (400, code)


def test_how_many_fields_a_request_makes(firm: Any) -> None:
    """Five; large text areas are asked for as such; notes take none."""
    many = [{"field_label": f"F{n}", "data_type": "text"} for n in range(6)]
    assert firm.error("POST", "/settings/fields?module=Leads", {"fields": many})[1] == "INVALID_DATA"
    assert create(firm, *many[:5], module="Leads").status_code == 201
    large = {"field_label": "Long", "data_type": "textarea", "length": 32000, "textarea": {"type": "large"}}
    assert create(firm, large).status_code == 201
    assert create(firm, many[0], module="Notes").json()["fields"][0]["code"] == "NOT_SUPPORTED"


def test_where_fields_are_not_made(firms: Any) -> None:
    """Our login may have no right to; fields of activities may not be unique."""
    given = {"field_label": "A", "data_type": "text"}
    told = firms(field_creation="refused").error("POST", "/settings/fields?module=Leads", {"fields": [given]})
    assert told[:2] == (403, "NO_PERMISSION")
    firm = firms(activity_unique="refused")
    answer = create(firm, {**given, "unique": {"case_sensitive": False}}, module="Calls")
    assert answer.json()["fields"][0]["code"] == "NOT_ALLOWED"
    assert create(firm, given, module="Calls").status_code == 201
    assert fields(firm, "Calls")["FirstContact_Key"]["unique"] == {}
    assert firm.call(FirstContact_Key="k") != firm.call(FirstContact_Key="k")


def test_the_word_for_a_unique_field(firms: Any) -> None:
    """The specification and Zoho's client library write it otherwise: both are taken, or one by quirk."""
    words = ("case_sensitive", "casesensitive")
    for mode in ("either", *words):
        firm = firms(unique_sent=mode)
        for word in words:
            answer = create(firm, {"field_label": word, "data_type": "text", "unique": {word: False}})
            assert (answer.status_code == 201) == (mode in ("either", word)), (mode, word)


def test_users(firms: Any) -> None:
    """All, active, inactive, ourselves; in pages."""
    firm = firms()
    here = firm.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "active": True})
    left = firm.desk.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": False})
    every = {one["id"]: one for one in firm.data("/users", key="users", type="AllUsers")}
    assert (every[here]["status"], every[left]["status"]) == ("active", "inactive")
    assert (every[here]["full_name"], every[here]["email"]) == ("Ana Ruiz", "ana@firm.example")
    active = [one["id"] for one in firm.data("/users", key="users", type="ActiveUsers")]
    assert here in active
    assert left not in active
    (me,) = firm.data("/users", key="users", type="CurrentUser")
    assert me["id"] == firm.simulator.api_user.id
    assert firm.data(f"/users/{left}", key="users")[0]["id"] == left
    assert firm.error("GET", "/users/1")[1] == "INVALID_DATA"
    pages = firm.ask("GET", "/users", params={"per_page": 3}).json()
    assert (len(pages["users"]), pages["info"]["more_records"]) == (3, True)


def test_the_organisation(firm: Any) -> None:
    """Name, licence, and which modules there are."""
    (org,) = firm.data("/org", key="org")
    assert (org["company_name"], org["license_details"]["paid_type"]) == ("Firm", "enterprise")
    modules = {one["api_name"]: one for one in firm.data("/settings/modules", key="modules")}
    assert {"Contacts", "Leads", "Accounts", "Deals", "Calls", "Events", "Tasks", "Notes"} <= set(modules)
    assert modules["Calls"]["creatable"] is True


# --- limits ------------------------------------------------------------------------------------------------


def test_credits_of_a_day(firms: Any) -> None:
    """Used up, everything is refused; how many are left is told once half of them are used."""
    firm = firms(credits=4)
    headers = [firm.ask("GET", "/org").headers.get("X-API-CREDITS-REMAINING") for _ in range(4)]
    assert headers == [None, "2", "1", "0"]
    assert firm.error("GET", "/org")[:2] == (429, "TOO_MANY_REQUESTS")
    firm.wait(3_000)
    assert firm.ask("GET", "/org").status_code == 429
    firm = firms(credits=1, credits_header="never")
    assert "X-API-CREDITS-REMAINING" not in firm.ask("GET", "/org").headers
    firm = firms(credits=4, credits_header="always")
    assert firm.ask("GET", "/org").headers["X-API-CREDITS-REMAINING"] == "3"


def test_credits_come_back_after_a_day(firms: Any) -> None:
    """A rolling day."""
    firm = firms(credits=1)
    assert firm.ask("GET", "/org").status_code == 200
    firm.wait(86_400)
    form = {**firm.kept, "grant_type": "refresh_token"}
    firm.token = firm.client.post("/oauth/v2/token", data=form).json()["access_token"]
    assert firm.ask("GET", "/org").status_code == 200


def left(firm: Any, method: str, path: str, body: Any) -> int:
    """What is left of a hundred credits after a request."""
    return int(firm.ask(method, path, body).headers["X-API-CREDITS-REMAINING"])


@pytest.mark.parametrize(("mode", "cost"), [("per_ten", 3), ("one", 1)])
def test_what_writing_costs(firms: Any, mode: str, cost: int) -> None:
    """A credit for ten records, or for a request, by quirk."""
    firm = firms(credits=100, credits_header="always", write_credits=mode)
    rows = {"data": [{"Last_Name": f"N{n}"} for n in range(21)]}
    assert left(firm, "POST", "/Contacts", rows) == 100 - cost


@pytest.mark.parametrize(("limit", "cost"), [(200, 1), (201, 2), (1000, 2), (2000, 3)])
def test_what_a_query_costs(firms: Any, limit: int, cost: int) -> None:
    """By its limit."""
    firm = firms(credits=100, credits_header="always")
    assert left(firm, "POST", "/coql", {"select_query": f"{QUERY} limit {limit}"}) == 100 - cost


def test_how_too_much_is_refused(firms: Any) -> None:
    """Code, status and when to ask again are switches; it ends."""
    firm = firms()
    firm.simulator.exhaust(30)
    answer = firm.ask("GET", "/org")
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert "retry-after" not in answer.headers
    firm.wait(30)
    assert firm.ask("GET", "/org").status_code == 200
    firm = firms(limit_code="LIMIT_EXCEEDED", limit_status="403", retry_after=True)
    firm.simulator.exhaust(30)
    answer = firm.ask("GET", "/org")
    assert (answer.status_code, answer.json()["code"]) == (403, "LIMIT_EXCEEDED")
    assert answer.headers["retry-after"] == "30"


def test_requests_at_once(firms: Any) -> None:
    """Beyond the cap they are refused; one after another they are not."""
    firm = firms(concurrency=2, busy_seconds=0.2)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: firm.ask("GET", "/org").status_code, range(6)))
    assert answers.count(200) == 2
    assert answers.count(429) == 4
    assert firm.ask("GET", "/org").status_code == 200


def test_every_request_is_on_record(firm: Any) -> None:
    """Requests are counted and told with their parameters; log-ins are none."""
    firm.client.post("/oauth/v2/token", data={"grant_type": "refresh_token"})
    firm.ask("GET", "/users", params={"type": "CurrentUser"})
    assert firm.simulator.requests == 1
    assert firm.simulator.log == [("GET", "/crm/v8/users?type=CurrentUser")]


def test_answers_tell_the_time(firm: Any) -> None:
    """The Date header is the simulator's clock, so that a skew can be seen."""
    assert firm.ask("GET", "/org").headers["Date"] == "Mon, 02 Mar 2026 12:00:00 GMT"


# --- several requests in one -----------------------------------------------------------------------------


def inner(method: str, path: str, body: Any = None, id: str = "") -> dict[str, Any]:
    """A request within one."""
    given = {"method": method, "uri": f"/crm/v8{path}"}
    return {**given, **({"body": body} if body else {}), **({"sub_request_id": id} if id else {})}


def composite(firm: Any, *requests: dict[str, Any]) -> Any:
    """The answer of one that holds others."""
    return firm.ask("POST", "/__composite_requests", {"__composite_requests": list(requests)})


def test_a_later_request_points_at_an_earlier_one(firm: Any) -> None:
    """`@{1:$.data[0].details.id}` is the id that request 1 made; it is one request."""
    contact = inner("POST", "/Contacts", {"data": [{"Last_Name": "Ng"}], "trigger": []}, "1")
    who = {"Who_Id": {"id": "@{1:$.data[0].details.id}"}, "Call_Start_Time": "2026-03-02T12:00:00+00:00"}
    row = {"Subject": "Call", "Call_Type": "Missed", **who}
    answer = composite(firm, contact, inner("POST", "/Calls", {"data": [row], "trigger": []}))
    assert answer.status_code == 200
    first, second = [item["details"]["response"] for item in answer.json()["__composite_requests"]]
    assert (first["status_code"], second["status_code"]) == (201, 201)
    assert firm.only("activities")["contacts"] == [firm.only("contacts")["id"]]
    assert firm.simulator.requests == 1
    assert firm.simulator.fired == []


def test_requests_in_one_have_answers_of_their_own(firm: Any) -> None:
    """One that is refused is answered in its place: 207; one record each; five at most."""
    good = inner("GET", "/org")
    wrong = inner("GET", "/Contacts/@{9:$.data[0].id}")
    answer = composite(firm, good, wrong)
    assert answer.status_code == 207
    assert [item["status"] for item in answer.json()["__composite_requests"]] == ["success", "error"]
    two = inner("POST", "/Contacts", {"data": [{"Last_Name": "A"}, {"Last_Name": "B"}]})
    assert composite(firm, two).json()["__composite_requests"][0]["details"]["maximum_length"] == 1
    assert firm.desk.dump()["contacts"] == []
    assert composite(firm, *[good] * 5).status_code == 200
    answer = composite(firm, *[good] * 6)
    assert (answer.status_code, answer.json()["details"]["maximum_length"]) == (400, 5)
    for body in (
        {},
        {"__composite_requests": []},
        {"__composite_requests": [good], "rollback_on_fail": True},
    ):
        assert firm.ask("POST", "/__composite_requests", body).status_code == 400


def test_how_many_requests_in_one(firms: Any) -> None:
    """The number is not verified: a switch."""
    assert composite(firms(composite=10), *[inner("GET", "/org")] * 6).status_code == 200
