"""The Lead Inbox API: it can be told of a lead, and nothing else (apis A2, "Lead Inbox API")."""

from __future__ import annotations

from typing import Any

import pytest

REQUIRED = ("from_first", "from_last", "from_message", "referring_url", "from_source")


def leads(firm: Any) -> list[Any]:
    """The inbox leads that are there."""
    held: list[Any] = firm.desk.dump()["leads"]
    return held


def test_a_lead_is_taken(firm: Any) -> None:
    """Seven fields become a lead in the inbox, which the platform API shows as untriaged."""
    assert firm.inbox().status_code == 201
    (held,) = leads(firm)
    told = (held["first_name"], held["last_name"], held["phones"], held["emails"], held["message"])
    assert told == ("Ann", "Ng", ["+14155550134"], [], "Missed call 17:04")
    (read,) = firm.data("/inbox_leads", state="untriaged")
    assert (read["first_name"], read["phone_number"], read["email"]) == ("Ann", "+14155550134", None)
    assert f"lead:{read['id']}" == held["id"]


@pytest.mark.parametrize("name", REQUIRED)
def test_five_fields_are_required(firm: Any, name: str) -> None:
    """Without one of them, or with a blank one, the lead is refused by name, and none is made."""
    without = {key: value for key, value in firm.lead.items() if key != name}
    for lead in (without, {**without, name: ""}, {**without, name: "  "}, {**without, name: None}):
        refused = firm.inbox(lead)
        assert refused.status_code == 422
        assert refused.json() == {"inbox_lead": {"errors": {name: ["can't be blank"]}}}
    assert leads(firm) == []


def test_two_fields_are_not(firm: Any) -> None:
    """A lead needs neither an address nor a number."""
    assert firm.inbox({name: firm.lead[name] for name in REQUIRED}).status_code == 201


@pytest.mark.parametrize("more", [{"from_company": "Acme"}, {"from_first": 7}])
def test_other_fields_and_values_are_refused(firm: Any, more: dict[str, Any]) -> None:
    """A field that is not known, and a value that is no text."""
    assert firm.inbox({**firm.lead, **more}).status_code == 422
    assert leads(firm) == []


def test_the_token_comes_first(firm: Any) -> None:
    """A wrong token is 401, whatever the lead; an empty lead with the right one is 422 and makes nothing."""
    for lead in (firm.lead, {}):
        assert firm.inbox(lead, token="another").status_code == 401
    assert firm.inbox({}).status_code == 422
    assert leads(firm) == []


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"inbox_lead_token": "inbox-simulated"},
        {"inbox_lead_token": "inbox-simulated", "inbox_lead": []},
        {"inbox_lead_token": "inbox-simulated", "inbox_lead": {}, "dry_run": True},
    ],
)
def test_another_body_is_refused(firm: Any, body: Any) -> None:
    """The body is an object with the token and the lead, and nothing else."""
    assert firm.inbox(json=body).status_code == 400
    assert (
        firm.inbox(json=None, content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    )


def test_both_headers_are_asked_for(firm: Any) -> None:
    """Content-Type and Accept are JSON, as Clio's guide says."""
    assert firm.inbox(headers={"Accept": "text/html"}).status_code == 406
    plain = {"json": None, "content": b"{}", "headers": {"Content-Type": "text/plain"}}
    assert firm.inbox(**plain).status_code == 415
    assert leads(firm) == []


def test_nothing_can_be_looked_up(firm: Any) -> None:
    """There is no other method, path or parameter: whether a lead is there cannot be asked."""
    firm.inbox()
    for method, path in (
        ("GET", "/inbox_leads"),
        ("PATCH", "/inbox_leads"),
        ("DELETE", "/inbox_leads"),
        ("POST", "/inbox_leads?query=Ann"),
    ):
        answer = firm.client.request(method, path, headers={"Accept": "application/json"})
        assert answer.status_code == 404, (method, path)


def test_nothing_stops_a_second_lead(firm: Any) -> None:
    """The same lead sent twice is there twice: there is no key, and no check for duplicates."""
    assert [firm.inbox().status_code for _ in range(2)] == [201, 201]
    assert len(leads(firm)) == 2


@pytest.mark.parametrize("answer", ["empty", "json", "with_id"])
def test_what_it_answers_is_not_verified(firms: Any, answer: str) -> None:
    """Nothing, the lead without an id, or with one."""
    firm = firms(inbox_answer=answer)
    told = firm.inbox()
    assert told.status_code == 201
    if answer == "empty":
        assert told.content == b""
        return
    assert told.json()["inbox_lead"] == firm.lead
    assert ("id" in told.json()) == (answer == "with_id")
    assert "id" not in told.json()["inbox_lead"]


def test_its_limit_is_not_verified(firms: Any) -> None:
    """Any number of leads a minute, or so many with one token; what is refused was not made."""
    unlimited = firms(limit=3)
    assert [unlimited.inbox().status_code for _ in range(20)] == [201] * 20
    firm = firms(inbox_limit=2)
    assert [firm.inbox().status_code for _ in range(3)] == [201, 201, 429]
    assert firm.inbox(token="another").status_code == 401
    assert len(leads(firm)) == 2
    firm.wait(59)
    assert firm.inbox().status_code == 429
    firm.wait(1)
    assert firm.inbox().status_code == 201


def test_the_token_can_be_taken_away(firm: Any) -> None:
    """When an administrator takes our login away, the inbox token is no good either."""
    firm.simulator.revoke()
    assert firm.inbox().status_code == 401
    assert leads(firm) == []


def test_its_limit_can_be_used_up(firm: Any) -> None:
    """Exhausted for a while, no lead is taken."""
    firm.simulator.exhaust(60)
    assert firm.inbox().status_code == 429
    firm.wait(60)
    assert firm.inbox().status_code == 201
    assert firm.simulator.requests == 2
