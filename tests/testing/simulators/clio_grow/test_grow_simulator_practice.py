"""Notes, matters, inbox leads and users of the platform API (apis A2, and Clio's description of Grow v2)."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.testing.simulators.clio_grow.oauth import CLIENT_ID, CLIENT_SECRET, SCOPES

NOTE = {"subject": "Inbound call", "body": "Will call again."}


def narrowed(firm: Any, *without: str) -> None:
    """From here on the firm asks with a login that lacks these scopes."""
    asked = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": "http://127.0.0.1:8765/",
        "scope": " ".join(one for one in SCOPES if one not in without),
    }
    back = firm.client.get("/oauth/authorize", params=asked).headers["location"]
    form = {
        "grant_type": "authorization_code",
        "code": back.rpartition("code=")[2],
        "redirect_uri": asked["redirect_uri"],
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    firm.token = firm.client.post("/oauth/token", data=form).json()["access_token"]


# --- notes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["contact", "matter"])
def test_a_note_is_on_a_record(firm: Any, kind: str) -> None:
    """It is made with a subject and a body, and listed where it was made, and there only."""
    contact = firm.desk.add("contact", {"last_name": "Ng"})
    matter = firm.desk.add("matter", {"contact": contact, "name": "Ng v. Roe"})
    on, other = (contact, f"/matters/{matter}") if kind == "contact" else (matter, f"/contacts/{contact}")
    made = firm.made(f"/{kind}s/{on}/notes", NOTE)
    moment = "2026-03-02T12:00:00Z"
    assert made == {**NOTE, "id": made["id"], "created_at": moment, "updated_at": moment}
    assert firm.data(f"/{kind}s/{on}/notes") == [made]
    assert firm.data(f"/{kind}s/{on}/notes", created_since="2026-03-02T12:00:01Z") == []
    assert firm.data(f"{other}/notes") == []
    assert firm.ask("POST", f"/{kind}s/999/notes", NOTE).status_code == 404
    assert firm.ask("GET", f"/{kind}s/999/notes").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"subject": "x" * 255, "body": "y" * 65_535}, 201),
        ({"subject": "x" * 256, "body": "y"}, 422),
        ({"subject": "x", "body": "y" * 65_536}, 422),
        ({"subject": "x"}, 422),
        ({"subject": "", "body": "y"}, 422),
        ({"subject": "x", "body": " "}, 422),
        ({"subject": "x", "body": None}, 422),
        ({**NOTE, "contact_id": 1}, 400),
        ({"subject": "x", "body": 7}, 400),
    ],
)
def test_how_long_a_note_may_be(firm: Any, body: Any, status: int) -> None:
    """255 characters of subject, 65,535 of body, neither empty, and nothing else."""
    id = firm.desk.add("contact", {"last_name": "Ng"})
    assert firm.ask("POST", f"/contacts/{id}/notes", body).status_code == status
    assert len(firm.data(f"/contacts/{id}/notes")) == (status == 201)


def test_a_note_does_not_change_its_contact(firm: Any) -> None:
    """Who asks what changed is not told of a contact that got a note."""
    id = firm.desk.add("contact", {"last_name": "Ng"})
    firm.wait(60)
    firm.made(f"/contacts/{id}/notes", NOTE)
    assert firm.ids("/contacts", updated_since="2026-03-02T12:00:01Z") == []


# --- matters -------------------------------------------------------------------------------------------


def test_a_matter_is_shown_with_its_client(firm: Any) -> None:
    """Its client with the main number and address; a contact names its matters; no filter asks by client."""
    given = {"last_name": "Ng", "first_name": "Ann", "phones": ["(415) 555-0134"], "country": "US"}
    contact = firm.desk.add("contact", given)
    matter = int(firm.desk.add("matter", {"contact": contact, "name": "Ng v. Roe", "open": True}))
    shown = firm.data(f"/matters/{matter}")
    assert firm.data("/matters") == [shown]
    assert shown["client"] == shown["primary_contact"]
    assert shown["client"] == {
        "id": int(contact),
        "full_name": "Ann Ng",
        "phone_number": "(415) 555-0134",
        "primary_email": None,
        "address": {"country": "US"},
    }
    told = [shown[name] for name in ("description", "status_category", "inbox_lead_id", "is_locked")]
    assert told == ["Ng v. Roe", "hired", None, False]
    assert firm.data(f"/contacts/{contact}")["matters"] == [{"id": matter}]
    assert firm.ids("/matters", **{"ids[]": [matter, 999]}) == [matter]
    assert firm.ask("GET", f"/matters?client_id={contact}").status_code == 400
    assert firm.ask("GET", "/matters?query=Ng").status_code == 400
    firm.desk.edit("matter", str(matter), {"open": False})
    assert firm.data(f"/matters/{matter}")["status_category"] == "declined"


def test_a_matter_without_its_client(firm: Any) -> None:
    """Where the client was deleted there is none."""
    contact = firm.desk.add("contact", {"last_name": "Ng"})
    matter = firm.desk.add("matter", {"contact": contact, "name": "Ng v. Roe"})
    firm.desk.delete("contact", contact)
    assert firm.data(f"/matters/{matter}")["client"] is None
    assert firm.ask("GET", "/matters/999").status_code == 404


# --- inbox leads ---------------------------------------------------------------------------------------


def test_a_lead_by_the_platform_api_has_an_id(firm: Any) -> None:
    """What was sent is answered, with an id and a state; it can be read, without its message."""
    made = firm.made("/inbox_leads", firm.sent)
    moment = "2026-03-02T12:00:00Z"
    shown = {
        "id": made["id"],
        "first_name": "Ann",
        "last_name": "Ng",
        "email": None,
        "phone_number": "+14155550134",
        "state": "untriaged",
        "marketing_source": None,
        "created_at": moment,
        "updated_at": moment,
    }
    sent = {name: firm.sent[name] for name in ("from_message", "from_source", "referring_url")}
    assert made == {**shown, **sent}
    assert firm.data(f"/inbox_leads/{made['id']}") == shown
    assert firm.data("/inbox_leads", state="untriaged") == [shown]
    assert firm.ask("GET", "/inbox_leads/999").status_code == 404


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"first_name": None}, 422),
        ({"last_name": ""}, 422),
        ({"from_message": " "}, 422),
        ({"from_source": None}, 422),
        ({"referring_url": "a call"}, 422),
        ({"email": "nobody"}, 422),
        ({"email": ""}, 422),
        ({"phone_number": None}, 422),
        ({"from_first": "Ann"}, 400),
        ({"email": "ann@ng.example"}, 201),
    ],
)
def test_what_a_lead_must_be(firm: Any, changes: Any, status: int) -> None:
    """Five fields are required; an address and a URL are such; other names are not known."""
    assert firm.ask("POST", "/inbox_leads", {**firm.sent, **changes}).status_code == status
    assert len(firm.desk.dump()["leads"]) == (status == 201)


def test_leads_are_listed_by_state(firm: Any) -> None:
    """The state must be given, and is untriaged or ignored; names, addresses and numbers are searched."""
    one = firm.made("/inbox_leads", firm.sent)["id"]
    two = firm.made("/inbox_leads", {**firm.sent, "last_name": "Roe", "email": "a@roe.example"})["id"]
    firm.desk.ignore(f"lead:{two}")
    assert firm.ids("/inbox_leads", state="untriaged") == [one]
    assert firm.ids("/inbox_leads", state="ignored") == [two]
    assert firm.ids("/inbox_leads", state="ignored", query="ROE.example") == [two]
    assert firm.ids("/inbox_leads", state="untriaged", query="roe") == []
    for path in ("/inbox_leads", "/inbox_leads?state=converted", "/inbox_leads?state="):
        assert firm.ask("GET", path).status_code == 400


def test_a_lead_that_was_accepted(firm: Any) -> None:
    """It is a contact whom nobody has been assigned to, with a matter that names the lead; the lead is on no
    list any more, and can still be read."""
    lead = firm.made("/inbox_leads", {**firm.sent, "email": "ann@ng.example"})["id"]
    firm.wait(60)
    contact = int(firm.desk.accept(f"lead:{lead}"))
    shown = firm.data(f"/contacts/{contact}")
    told = [shown[name] for name in ("name", "status", "emails", "phone_numbers")]
    assert told == ["Ann Ng", "Unassigned", ["ann@ng.example"], ["+14155550134"]]
    assert firm.ids("/contacts", created_since="2026-03-02T12:01:00Z") == [contact]
    (matter,) = firm.data("/matters", inbox_lead_id=lead)
    assert (matter["client"]["id"], matter["inbox_lead_id"]) == (contact, lead)
    assert matter["status_category"] == "intake"
    assert firm.data("/matters", inbox_lead_id=lead + 100) == []
    assert firm.data(f"/inbox_leads/{lead}")["state"] == "converted"
    assert firm.ids("/inbox_leads", state="untriaged") == firm.ids("/inbox_leads", state="ignored") == []


def test_what_accepting_leaves_is_not_verified(firms: Any) -> None:
    """By switch there is a contact and no matter, and the lead is not told of any more."""
    firm = firms(accepted="contact")
    lead = firm.made("/inbox_leads", firm.sent)["id"]
    contact = int(firm.desk.accept(f"lead:{lead}"))
    assert firm.ids("/contacts") == [contact]
    assert firm.data("/matters") == []
    assert firm.ask("GET", f"/inbox_leads/{lead}").status_code == 404
    assert firm.ids("/inbox_leads", state="untriaged") == []


def test_leads_of_others_need_a_scope(firm: Any) -> None:
    """Without it an application reads the leads that it sent itself, and a matter does not name another's."""
    firm.inbox()
    others = int(firm.desk.add("lead", {"last_name": "Roe"}).removeprefix("lead:"))
    mine = firm.made("/inbox_leads", firm.sent)["id"]
    for id in (others, mine):
        firm.desk.accept(f"lead:{id}")
    more = firm.made("/inbox_leads", firm.sent)["id"]
    assert len(firm.ids("/inbox_leads", state="untriaged")) == 2
    narrowed(firm, "grow_lead_inbox_all_read")
    assert firm.ids("/inbox_leads", state="untriaged") == [more]
    assert firm.ask("GET", f"/inbox_leads/{others}").status_code == 404
    assert firm.data(f"/inbox_leads/{mine}")["state"] == "converted"
    of_others, of_mine = firm.data("/matters")
    assert (of_others["inbox_lead_id"], of_others["redacted_fields"]) == (None, ["inbox_lead_id"])
    assert of_mine["inbox_lead_id"] == mine
    assert "redacted_fields" not in of_mine


@pytest.mark.parametrize("text", ["true", "false"])
def test_matters_of_our_own_leads(firm: Any, text: str) -> None:
    """`submitted_only` leaves those whose lead came from this application."""
    firm.inbox()
    firm.made("/inbox_leads", firm.sent)
    for id in firm.ids("/inbox_leads", state="untriaged"):
        firm.desk.accept(f"lead:{id}")
    assert len(firm.ids("/matters", submitted_only=text)) == (1 if text == "true" else 2)
    assert firm.ask("GET", "/matters?submitted_only=1").status_code == 400


# --- users and permissions -----------------------------------------------------------------------------


def test_users_are_told(firm: Any) -> None:
    """Who we are, with the firm, and everybody who is still there."""
    who = firm.data("/users/who_am_i")
    assert set(who) == {"id", "first_name", "last_name", "email", "account", "created_at", "updated_at"}
    assert set(who["account"]) == {"id", "firm_name"}
    ana = firm.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "active": True})
    firm.desk.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": False})
    assert firm.ids("/users") == [who["id"], int(ana)]
    told = firm.data("/users", **{"ids[]": ana})
    assert [(one["first_name"], one["email"]) for one in told] == [("Ana", "ana@firm.example")]
    assert firm.ask("GET", "/users?query=Ana").status_code == 400


@pytest.mark.parametrize("resource", ["contacts", "notes", "matters", "inbox_leads", "users"])
def test_a_permission_can_be_lacking(firms: Any, resource: str) -> None:
    """What our login may not see is 403, and the rest is answered."""
    firm = firms(forbidden=[resource])
    id = firm.desk.add("contact", {"last_name": "Ng"})
    asked = {
        "contacts": "/contacts",
        "notes": f"/contacts/{id}/notes",
        "matters": "/matters",
        "inbox_leads": "/inbox_leads?state=ignored",
        "users": "/users",
    }
    statuses = {name: firm.ask("GET", path).status_code for name, path in asked.items()}
    assert statuses == {name: 403 if name == resource else 200 for name in asked}
