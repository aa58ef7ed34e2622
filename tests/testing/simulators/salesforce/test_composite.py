"""Several requests in one, at the simulated Salesforce."""

from __future__ import annotations

from typing import Any

import pytest

KEY = "FirstContact_Key__c"


def contact(reference: str = "c", key: str = "k1", **more: Any) -> dict[str, Any]:
    """A part that upserts a contact."""
    body = {"LastName": "Diaz", **more}
    return {"method": "PATCH", "url": f"sobjects/Contact/{KEY}/{key}", "referenceId": reference, "body": body}


def task(reference: str = "t", who: str = "@{c.id}", key: str = "t1", **more: Any) -> dict[str, Any]:
    """A part that upserts a task of a contact."""
    body = {"WhoId": who, "Subject": "Call", **more}
    return {"method": "PATCH", "url": f"sobjects/Task/{KEY}/{key}", "referenceId": reference, "body": body}


BAD = {"method": "POST", "url": "sobjects/Contact", "referenceId": "bad", "body": {"FirstName": "Jo"}}


def counts(api) -> tuple[int, int]:
    """How many contacts and tasks there are."""
    return tuple(api.query(f"SELECT COUNT() FROM {name}")["totalSize"] for name in ("Contact", "Task"))


def test_later_parts_use_earlier_answers(api) -> None:
    """References to ids, to collections and to queries are replaced in bodies and addresses."""
    said = api.composite(
        contact(),
        task(),
        {"method": "GET", "url": "query?q=SELECT+Id+FROM+Contact", "referenceId": "q"},
        task("t2", "@{q.records[0].Id}", "t2"),
        {"method": "GET", "url": "sobjects/Contact/@{c.id}?fields=Name", "referenceId": "r"},
    )
    assert [part["httpStatusCode"] for part in said] == [201, 201, 200, 201, 200]
    assert [part["referenceId"] for part in said] == ["c", "t", "q", "t2", "r"]
    id = said[0]["body"]["id"]
    assert said[0]["httpHeaders"]["Location"].endswith(id)
    assert {one["WhoId"] for one in api.query("SELECT WhoId FROM Task")["records"]} == {id}
    assert said[4]["body"]["Name"] == "Diaz"


def test_what_depends_on_a_failure_is_halted(api) -> None:
    """Without allOrNone a failure halts only the parts that refer to it."""
    said = api.composite(BAD, task("a", "@{bad.id}"), contact("c2", "k2"))
    assert [part["httpStatusCode"] for part in said] == [400, 400, 201]
    assert said[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert counts(api) == (1, 0)


def test_all_or_none_takes_everything_back(api) -> None:
    """With allOrNone one failure takes back the others, which are PROCESSING_HALTED."""
    said = api.composite(contact(), task(), BAD, contact("c2", "k2"), allOrNone=True)
    codes = [part["body"][0]["errorCode"] for part in said]
    assert codes == ["PROCESSING_HALTED", "PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert {part["httpStatusCode"] for part in said} == {400}
    assert counts(api) == (0, 0)


def test_a_composite_request_has_limits(api) -> None:
    """25 parts, 5 of them queries or collections; ids of parts are unique words; unknown keys are refused."""
    query = {"method": "GET", "url": "query?q=SELECT+Id+FROM+Contact"}
    refused = [
        [contact(f"c{n}", f"k{n}") for n in range(26)],
        [{**query, "referenceId": f"q{n}"} for n in range(6)],
        [contact(), contact()],
        [contact("not a word")],
        [{**contact(), "verb": "PATCH"}],
        [],
    ]
    for parts in refused:
        prefixed = [{**part, "url": f"/services/data/v62.0/{part['url']}"} for part in parts]
        assert api("POST", "composite", {"compositeRequest": prefixed}).status_code == 400
    assert counts(api) == (0, 0)
    fine = api.composite(*({**query, "referenceId": f"q{n}"} for n in range(5)))
    assert {part["httpStatusCode"] for part in fine} == {200}


@pytest.mark.parametrize("taken", [True, False])
def test_a_search_as_a_part_is_switchable(org, taken: bool) -> None:
    """composite_search: the documentation does not list it; both sides are here."""
    api = org(composite_search=taken)
    (said,) = api.composite({"method": "GET", "url": "search?q=FIND+%7Babc%7D", "referenceId": "s"})
    assert said["httpStatusCode"] == (200 if taken else 400)
    (nested,) = api.composite({"method": "POST", "url": "composite", "referenceId": "n", "body": {}})
    assert nested["httpStatusCode"] == 400


def test_graphs_stand_alone(api) -> None:
    """Each graph is done or not as a whole, whatever becomes of the others; one call in all."""
    before = api.simulator.requests
    given = [
        ("good", [contact(), task()]),
        ("bad", [contact("c", "k2"), task("t", key="t2", CallType="Sideways")]),
    ]
    graphs = [
        {
            "graphId": id,
            "compositeRequest": [{**part, "url": f"/services/data/v62.0/{part['url']}"} for part in parts],
        }
        for id, parts in given
    ]
    good, bad = api("POST", "composite/graph", {"graphs": graphs}).json()["graphs"]
    assert (good["graphId"], good["isSuccessful"], bad["isSuccessful"]) == ("good", True, False)
    codes = [part["body"][0]["errorCode"] for part in bad["graphResponse"]["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    assert api.simulator.requests - before == 1
    assert counts(api) == (1, 1)


def test_graphs_have_limits(api) -> None:
    """500 nodes and 75 graphs, of records alone."""

    def post(*sizes: int, **more: Any) -> Any:
        part = {**contact(), "url": f"/services/data/v62.0/sobjects/Contact/{KEY}/k", **more}
        graphs = [
            {"graphId": str(g), "compositeRequest": [{**part, "referenceId": f"r{n}"} for n in range(size)]}
            for g, size in enumerate(sizes)
        ]
        return api("POST", "composite/graph", {"graphs": graphs})

    assert post(*[1] * 76).status_code == 400
    assert post(300, 201).status_code == 400
    assert post(300, 200).status_code == 200
    query = post(1, method="GET", url="/services/data/v62.0/query?q=SELECT+Id+FROM+Contact").json()
    assert not query["graphs"][0]["isSuccessful"]


def test_a_batch_counts_each_of_its_requests(api) -> None:
    """The parts of a batch know nothing of each other, and each is an API call."""
    before = api.simulator.requests
    requests = [
        {"method": "POST", "url": "v62.0/sobjects/Contact", "richInput": {"LastName": "Diaz"}},
        {"method": "GET", "url": "v62.0/search?q=FIND+%7BDiaz%7D"},
        {"method": "GET", "url": "v62.0/nothing"},
    ]
    said = api("POST", "composite/batch", {"batchRequests": requests}).json()
    assert said["hasErrors"]
    assert [one["statusCode"] for one in said["results"]] == [201, 200, 400]
    assert api.simulator.requests - before == 3


# --- collections --------------------------------------------------------------------------------------


def record(name: str = "Contact", **fields: Any) -> dict[str, Any]:
    """A record of a collection."""
    return {"attributes": {"type": name}, **fields}


def test_a_collection_says_something_of_each(api) -> None:
    """Created, updated, upserted and deleted records have results in order; a failure spoils no other."""
    made = api(
        "POST",
        "composite/sobjects",
        {"records": [record(LastName="A"), record(), record("Account", Name="B")]},
    )
    first, failed, account = made.json()
    assert (first["success"], failed["success"], account["id"][:3]) == (True, False, "001")
    changed = [record(id=first["id"], Title="CFO"), record(id="999999999", Title="CFO")]
    done, unknown = api("PATCH", "composite/sobjects", {"records": changed}).json()
    assert (done, unknown["errors"][0]["statusCode"]) == (
        {"id": first["id"], "success": True, "errors": []},
        "MALFORMED_ID",
    )
    upserted = [
        record(**{KEY: "k1"}, LastName="C"),
        record(**{KEY: "k1"}, LastName="D"),
        record(LastName="E"),
    ]
    said = api("PATCH", f"composite/sobjects/Contact/{KEY}", {"records": upserted}).json()
    assert [one.get("created") for one in said] == [True, False, False]
    assert said[2]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"
    ids = f"{first['id']},{account['id']},{first['id']}"
    gone = api("DELETE", f"composite/sobjects?ids={ids}").json()
    assert [one["success"] for one in gone] == [True, True, False]
    assert gone[2]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_a_collection_can_be_all_or_none(api) -> None:
    """With allOrNone nothing stays, and the good ones say why."""
    body = {"allOrNone": True, "records": [record(LastName="A"), record()]}
    good, bad = api("POST", "composite/sobjects", body).json()
    assert good["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert bad["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert counts(api) == (0, 0)


def test_a_collection_has_limits(api) -> None:
    """200 records and 10 runs of one type; more are refused as a whole."""
    many = [record(LastName="A") for _ in range(201)]
    assert api("POST", "composite/sobjects", {"records": many}).status_code == 400
    mixed = [record("Account", Name="B"), record(LastName="A")]
    assert api("POST", "composite/sobjects", {"records": mixed * 6}).status_code == 400
    assert counts(api) == (0, 0)
    assert api("POST", "composite/sobjects", {"records": mixed * 5}).status_code == 200
    assert counts(api) == (5, 0)


def test_records_are_retrieved_together(api) -> None:
    """By GET or POST, in the order asked for, null for one that is not there."""
    ids = [api.made("Contact", LastName=name) for name in "AB"]
    asked = [ids[1], "003xx0000000zzzAAA", ids[0]]
    got = api("GET", f"composite/sobjects/Contact?ids={','.join(asked)}&fields=LastName").json()
    posted = api("POST", "composite/sobjects/Contact", {"ids": asked, "fields": ["LastName"]}).json()
    assert got == posted
    assert [one and one["LastName"] for one in got] == ["B", None, "A"]
