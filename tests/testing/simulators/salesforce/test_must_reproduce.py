"""The lines of apis.md, part D, "Simulator must-reproduce list", for Salesforce: one test each."""

from __future__ import annotations


def test_quota_is_403(api) -> None:
    """A limit that is used up is 403 REQUEST_LIMIT_EXCEEDED, without Retry-After, until it is over."""
    api.simulator.exhaust(3600)
    answer = api("GET", "limits")
    assert answer.status_code == 403
    assert answer.json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    assert "Retry-After" not in answer.headers
    api.clock.wait(3_601_000_000)
    assert api("GET", "limits").status_code == 200


def test_errors_are_arrays(api) -> None:
    """Every refusal is a JSON array of `message` and `errorCode`, with `fields` where fields are at fault."""
    answers = [
        api("GET", "nothing"),
        api("DELETE", "limits"),
        api("POST", "sobjects/Contact", {"FirstName": "Jo"}),
        api("GET", "query", params={"q": "SELECT"}),
        api("GET", "search", params={"q": "FIND"}),
        api("GET", "/services/data/v30.0/limits"),
        api("GET", "limits", headers={"Authorization": "Bearer none"}),
        api("GET", "/elsewhere"),
    ]
    for answer in answers:
        (error,) = answer.json()
        assert {"message", "errorCode"} <= set(error), answer.text
    assert [answer.status_code for answer in answers] == [404, 405, 400, 400, 400, 410, 401, 404]
    assert answers[2].json()[0]["fields"] == ["LastName"]


def test_duplicates_are_misspelled(org) -> None:
    """The result of a duplicate rule is under `duplicateResut`, and names the record that is there."""
    api = org(duplicates="block")
    there = api.made("Contact", LastName="Diaz", Email="jo@acme.example")
    answer = api("POST", "sobjects/Contact", {"LastName": "Diaz", "Email": "JO@acme.example"})
    (error,) = answer.json()
    assert (answer.status_code, error["errorCode"]) == (400, "DUPLICATES_DETECTED")
    (match,) = error["duplicateResut"]["matchResults"]
    assert match["matchRecords"][0]["record"]["Id"] == there


def test_tokens_do_not_say_when_they_end(api) -> None:
    """A token's answer has no `expires_in`, and no refresh token for client credentials."""
    said = api.token(
        grant_type="client_credentials",
        client_id="3MVG9simulatedConsumerKey",
        client_secret="simulated-consumer-secret",
    ).json()
    assert set(said) == {
        "access_token",
        "signature",
        "scope",
        "instance_url",
        "id",
        "token_type",
        "issued_at",
    }
    assert isinstance(said["issued_at"], str)
    assert said["instance_url"] == api.url


def test_the_search_lags(org) -> None:
    """SOSL does not see a record younger than the lag; SOQL sees it at once."""
    api = org(lag=30.0)
    id = api.made("Contact", LastName="Diaz", Phone="4155550123")
    sosl = "FIND {4155550123} IN PHONE FIELDS RETURNING Contact(Id)"
    assert api.found(sosl) == []
    assert api.ids("SELECT Id FROM Contact WHERE Phone = '4155550123'") == [id]
    api.clock.wait(29_000_000)
    assert api.found(sosl) == []
    api.clock.wait(1_000_000)
    assert api.found(sosl) == [id]


def test_phones_are_kept_as_sent(api) -> None:
    """A phone is stored as it came, and SOQL compares that text alone."""
    spellings = ["(415) 555-0123", "+14155550123", "415.555.0123 ext. 4", "4155550123"]
    ids = [api.made("Contact", LastName="Diaz", Phone=text) for text in spellings]
    assert [api.row("Contact", id)["Phone"] for id in ids] == spellings
    assert api.ids("SELECT Id FROM Contact WHERE Phone = '4155550123'") == [ids[3]]


def test_an_upsert_says_what_it_did(api) -> None:
    """An upsert is 201 with `created` true, and 200 with false when it is sent again."""
    path = "sobjects/Contact/FirstContact_Key__c/k1"
    first, second = (api("PATCH", path, {"LastName": "Diaz"}) for _ in range(2))
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert first.json()["id"] == second.json()["id"]
    assert first.headers["Location"].endswith(f"/sobjects/Contact/{first.json()['id']}")


def test_collections_have_a_status_code(api) -> None:
    """An error within a collection has `statusCode`, `message` and `fields`, and no `errorCode`."""
    answer = api("POST", "composite/sobjects", {"records": [{"attributes": {"type": "Contact"}}]})
    (result,) = answer.json()
    assert (answer.status_code, result["success"]) == (200, False)
    (error,) = result["errors"]
    assert set(error) == {"statusCode", "message", "fields"}
    assert error["statusCode"] == "REQUIRED_FIELD_MISSING"
