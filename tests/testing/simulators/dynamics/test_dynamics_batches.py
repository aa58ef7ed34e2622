"""`$batch`: many operations in one request, and change sets that happen whole or not at all (apis A5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

PHONE = "+14155550134"


def test_a_look_a_contact_and_its_call_in_one_request(org: Any, tools: Any) -> None:
    """GETs and a change set whose call refers to its contact by `$1`: one request, 200, a part each."""
    request = tools.request
    ask = tools.query("contacts", filter=f"telephone1 eq '{PHONE}'", select="contactid")
    made = org.batch(
        request("GET", ask, Accept="application/json"),
        [
            request("PATCH", "contacts(fc_key='k1')", {"telephone1": PHONE}, If_None_Match="*"),
            request(
                "POST",
                "phonecalls",
                {
                    "subject": "Call",
                    "directioncode": False,
                    "regardingobjectid_contact_phonecall@odata.bind": "$1",
                    "phonecall_activity_parties": [
                        {"partyid_contact@odata.bind": "$1", "participationtypemask": 1}
                    ],
                },
            ),
            request("PATCH", "$2", {"statecode": 1, "statuscode": 4}),
        ],
        request("GET", ask),
    )
    assert (made.status, made.statuses) == (200, [200, [204, 204, 204], 200])
    assert made.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert made.parts[0][2]["value"] == []
    contact, call, done = made.parts[1]
    assert [one[1]["Content-ID"] for one in made.parts[1]] == ["1", "2", "3"]
    id = tools.id_of(contact[1]["OData-EntityId"])
    assert done[1]["OData-EntityId"] == call[1]["OData-EntityId"]
    assert [row["contactid"] for row in made.parts[2][2]["value"]] == [id]
    (row,) = org.rows("phonecalls")
    assert (row["statecode"], row["_regardingobjectid_value"]) == (1, id)
    assert org.simulator.requests == 2


def test_a_change_set_fails_as_a_whole(org: Any, tools: Any) -> None:
    """One operation that fails undoes those before it; one error part is answered (apis A5)."""
    request = tools.request
    keep = org.made("accounts", {"name": "Acme"})
    made = org.batch(
        [
            request("POST", "contacts", {"lastname": "Ng", "fc_key": "k1"}),
            request("PATCH", f"accounts({keep})", {"name": "Changed"}),
            request("DELETE", f"accounts({keep})"),
            request("POST", "phonecalls", {"subject": "x" * 201}),
            request("POST", "contacts", {"lastname": "Roe"}),
        ],
        [request("POST", "contacts", {"lastname": "Zed"})],
        Prefer="odata.continue-on-error",
    )
    assert (made.status, made.statuses) == (200, [400, [204]])
    assert made.parts[0][2]["error"]["code"] == "0x80044331"
    assert org.found("lastname ne null") == ["Zed"]
    assert org.got(f"accounts({keep})")["name"] == "Acme"
    assert org.made("contacts", {"lastname": "Ng", "fc_key": "k1"})


@pytest.mark.parametrize(("quirk", "status"), [("first_error", 404), ("ok", 200)])
def test_a_batch_stops_at_the_first_error(orgs: Any, tools: Any, quirk: str, status: int) -> None:
    """What comes after an error is not carried out, and the answer's status is the error's or 200."""
    org = orgs(batch_status=quirk)
    request = tools.request
    parts = (
        request("POST", "contacts", {"lastname": "Ng"}),
        request("GET", "contacts(0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64)"),
        request("POST", "contacts", {"lastname": "Roe"}),
    )
    made = org.batch(*parts)
    assert (made.status, made.statuses) == (status, [204, 404])
    assert org.found("lastname ne null") == ["Ng"]
    made = org.batch(*parts, Prefer="odata.continue-on-error")
    assert (made.status, made.statuses) == (200, [204, 404, 204])


def test_a_batch_holds_1000_operations(org: Any, tools: Any) -> None:
    """More are refused, and none of them happens (apis A5)."""
    one = tools.request("POST", "accounts", {"name": "Acme"})
    assert org.batch(*[one] * 600, [one] * 401).status == 400
    assert org.rows("accounts") == []
    made = org.batch(*[one] * 600, [one] * 400)
    assert made.status == 200
    assert org.ask("GET", "accounts/$count").text == "1000"


def test_a_change_set_has_no_get(org: Any, tools: Any) -> None:
    """Reading is for the batch itself (apis A5)."""
    made = org.batch([tools.request("GET", "contacts")])
    assert made.status == 400
    assert "change set" in made.text.lower()


def test_each_operation_of_a_change_set_has_an_id(org: Any) -> None:
    """Without a Content-ID, or with one twice, it is refused."""
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    body = '\r\nPOST accounts HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"name":"Acme"}\r\n'
    start = "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\n"
    assert org.batch_of(f"{start}{head}{body}--c--\r\n--b--\r\n").status == 400
    twice = f"{head}Content-ID: 1\r\n{body}--c\r\n{head}Content-ID: 1\r\n{body}"
    assert org.batch_of(f"{start}{twice}--c--\r\n--b--\r\n").status == 400
    assert org.rows("accounts") == []
    assert org.batch_of(f"{start}{head}Content-ID: 1\r\n{body}--c--\r\n--b--\r\n").statuses == [[204]]


@pytest.mark.parametrize("target", ["contacts", "/api/data/v9.2/contacts", "{base}contacts"])
def test_addresses_in_a_batch(org: Any, tools: Any, target: str) -> None:
    """Relative, from the root, or whole."""
    made = org.batch(tools.request("GET", target.format(base=org.base)))
    assert made.statuses == [200]


@pytest.mark.parametrize("target", ["/contacts", "https://other.example/api/data/v9.2/contacts", "$1"])
def test_addresses_that_lead_nowhere(org: Any, tools: Any, target: str) -> None:
    """Another server, another root, or what was not written before."""
    assert org.batch(tools.request("GET", target)).statuses == [404]


def test_an_unknown_reference_is_refused(org: Any, tools: Any) -> None:
    """`$2` before it was made names nothing, nor does it in another change set."""
    bound = {"parentcustomerid_account@odata.bind": "$1"}
    made = org.batch(
        [tools.request("POST", "accounts", {"name": "Acme"})],
        [tools.request("POST", "contacts", {"lastname": "Ng", **bound})],
        Prefer="odata.continue-on-error",
    )
    assert made.statuses == [[204], 400]


HEAD = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
ASK = "GET contacts HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "--b--\r\n",
        f"--b\r\n{HEAD}{ASK}--b--\r\n".replace("\r\n", "\n"),
        f"--b\r\n{HEAD}{ASK}--b--\r\n".replace("Content-Transfer-Encoding: binary\r\n", ""),
        f"--b\r\n{HEAD}{ASK}--b--\r\n".replace("application/http", "text/plain"),
        f"--b\r\n{HEAD}{ASK}--b--\r\n".replace("GET contacts", "GET contacts here"),
        f"--b\r\n{HEAD}{ASK}--b--\r\n".replace("GET", "HEAD"),
        f"--b\r\n{HEAD}{ASK}",
    ],
)
def test_what_is_no_batch_is_refused(org: Any, content: str) -> None:
    """Lines end in CRLF, parts are application/http in binary, addresses are encoded, the end is marked."""
    answer = org.batch_of(content)
    assert answer.status == 400
    assert set(json.loads(answer.text)["error"]) == {"code", "message"}


def test_a_batch_says_what_it_is(org: Any) -> None:
    """Only multipart/mixed with a boundary is one."""
    assert org.batch_of("x", Content_Type="application/json").status == 415
    assert org.batch_of("x", Content_Type="multipart/mixed").status == 415


def test_a_long_address_fits_into_a_batch(org: Any, tools: Any) -> None:
    """An address of up to 65,536 characters is good in a batch, and not alone."""
    long = tools.query("contacts", filter=f"lastname eq '{'x' * 40_000}'")
    assert org.batch(tools.request("GET", long)).statuses == [200]
    too_long = f"contacts?$filter=lastname%20eq%20'{'x' * 66_000}'"
    assert org.batch(tools.request("GET", too_long)).status == 400


def test_a_batch_is_for_somebody_else_too(org: Any, tools: Any) -> None:
    """Impersonation on the batch is that of its operations."""
    ana = org.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example"})
    org.batch(tools.request("POST", "contacts", {"lastname": "Ng"}), MSCRMCallerID=ana)
    assert org.rows("contacts")[0]["_createdby_value"] == ana


def test_preferences_hold_in_a_batch(org: Any, tools: Any) -> None:
    """Each operation has its own: a page's size, a representation, tracking."""
    org.person()
    org.person(lastname="Roe")
    made = org.batch(
        tools.request("GET", "contacts?$select=lastname", Prefer="odata.maxpagesize=1"),
        tools.request("GET", "contacts?$select=lastname", Prefer="odata.track-changes,odata.maxpagesize=5"),
        [
            tools.request(
                "POST", "contacts?$select=contactid", {"lastname": "Zed"}, Prefer="return=representation"
            )
        ],
    )
    assert "@odata.nextLink" in made.parts[0][2]
    assert "@odata.deltaLink" in made.parts[1][2]
    assert made.parts[2][0][0] == 201
    assert set(made.parts[2][0][2]) >= {"contactid", "@odata.etag"}
