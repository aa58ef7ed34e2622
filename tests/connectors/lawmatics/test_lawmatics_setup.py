"""Examining and preparing a firm's Lawmatics, logging in to it, and opening connections."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from firstcontact.connectors import kinds
from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.lawmatics import marks
from firstcontact.connectors.lawmatics.kind import BROWSER, KIND, TOKEN
from firstcontact.connectors.toolkit import oauth
from firstcontact.connectors.toolkit.http import Http
from firstcontact.planning.write import Existing
from firstcontact.testing.conformance.making import an_activity, new_contact, receipt
from firstcontact.testing.simulators.base import Kept


def told(firm: Any) -> dict[str, Any]:
    """What was looked at, with what is said of it."""
    return {one.about: one for one in firm.crm.examine()}


def test_a_prepared_firm_has_no_errors(firm: Any) -> None:
    """Login, every permission and every field are looked at, and are as they must be; nothing is written."""
    before = firm.desk.dump()
    said = told(firm)
    assert {one.state for one in said.values()} <= {"ok", "warning"}
    assert said["login"].state == said["permission for contacts"].state == "ok"
    assert all(said[f"custom field {name!r}"].state == "ok" for name in marks.CUSTOM_FIELDS)
    assert firm.desk.dump() == before


def test_fields_that_are_missing_are_said_and_made(make_firm: Any) -> None:
    """Without the key field no contact is made; `prepare` makes all of them, once."""
    firm = make_firm(fields="missing")
    assert told(firm)[f"custom field {marks.KEY!r}"].state == "error"
    (refused,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(refused, Rejected)
    assert refused.fields == (marks.KEY,)
    assert len(firm.crm.prepare()) == len(marks.CUSTOM_FIELDS)
    assert firm.crm.prepare() == []
    assert {one.state for one in told(firm).values()} <= {"ok", "warning"}
    receipt(firm.crm, new_contact(firm.crm))


@pytest.mark.parametrize("resource", ["contacts", "files"])
def test_a_permission_that_is_missing_is_said(make_firm: Any, resource: str) -> None:
    """What is needed is an error, what can be done without a warning; both say what follows."""
    firm = make_firm(forbidden=(resource,))
    said = told(firm)[f"permission for {resource}"]
    assert said.state == ("error" if resource == "contacts" else "warning")
    assert said.remedy


@pytest.mark.parametrize("wanted", [False, True])
def test_whether_contacts_take_notes_is_said(make_firm: Any, wanted: bool) -> None:
    """Not known before the first one; and what follows where they don't, by the option."""
    firm = make_firm(options={"create_prospects": wanted})
    said = told(firm)["notes on contacts"]
    assert said.state == "warning"
    assert ("automations" in said.sentence) == wanted
    contact = receipt(firm.crm, new_contact(firm.crm)).id
    receipt(firm.crm, an_activity(firm.crm, people=(Existing("contact", contact),)))
    assert told(firm)["notes on contacts"].state == "ok"


@pytest.mark.parametrize(("seconds", "said"), [(0, "agrees"), (3600, "ahead of"), (-3600, "behind")])
def test_a_wrong_clock_is_said(firm: Any, seconds: int, said: str) -> None:
    """A machine whose clock is an hour off is told by how much and in which direction."""
    opening = firm.served.opening(
        lambda: firm.clock.now() + seconds * 1_000_000, pace=firm.pace, credentials=firm.credentials
    )
    (clock,) = [one for one in firm.served.connect(KIND, opening).examine() if one.about == "clock"]
    assert clock.state == ("warning" if seconds else "ok")
    assert said in clock.sentence


def test_who_did_not_accept_the_invitation_is_not_active(firm: Any) -> None:
    """Nothing published says who is inactive; that is the nearest."""
    here = firm.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "active": True})
    left = firm.desk.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": False})
    users = {user.id: user for user in firm.crm.users()}
    assert (users[here].active, users[here].name, users[here].email) == (True, "Ana Ruiz", "ana@firm.example")
    assert not users[left].active


# --- logging in --------------------------------------------------------------------------------------------


def test_a_login_in_the_browser_opens_the_connection(firm: Any) -> None:
    """The code that the browser brings back becomes a token that never ends."""
    assert BROWSER.oauth is not None
    kept = firm.credentials.read()
    client = {name: kept[name] for name in ("client_id", "client_secret")}
    options = {"address": firm.served.url}
    redirect = f"http://127.0.0.1:{oauth.PORT}/callback"
    request = oauth.begin(BROWSER.oauth, options, client["client_id"], redirect)
    answer = httpx2.get(request.address, follow_redirects=False)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == [request.state]
    given = oauth.finish(
        Http("Lawmatics", firm.served.url), BROWSER.oauth, options, request, back["code"][0], client,
        firm.clock.now, "Lawmatics",
    )  # fmt: skip
    assert given["expires_at"] == ""
    opening = firm.served.opening(firm.clock.now, credentials=Kept({**client, **given, "login": "browser"}))
    crm = firm.served.connect(KIND, opening)
    firm.wait(10 * 365 * 86_400)
    assert crm.users()


def test_a_token_that_is_there_already_is_enough(firm: Any) -> None:
    """The second way to log in asks for nothing else."""
    kept = firm.served.kind.credentials(firm.served.url)[TOKEN.name]
    assert set(kept) == {"login", *(asked.name for asked in TOKEN.asks)}
    opening = firm.served.opening(firm.clock.now, credentials=Kept(kept))
    assert firm.served.connect(KIND, opening).users()


def test_the_addresses_are_lawmatics_own() -> None:
    """People log in at one address, the rest is asked of the other; an address that is given is both."""
    assert BROWSER.oauth is not None
    assert BROWSER.oauth.authorize({"address": ""}) == "https://app.lawmatics.com/oauth/authorize"
    assert BROWSER.oauth.token({"address": ""}) == "https://api.lawmatics.com/oauth/token"
    assert BROWSER.oauth.token({"address": "http://127.0.0.1:8900/"}) == "http://127.0.0.1:8900/oauth/token"


def test_the_kind_is_known() -> None:
    """It can be opened by its name; matters are not made unless it is said."""
    assert kinds.kind("lawmatics") is KIND
    assert KIND.options["create_prospects"].default is False
