"""Log-ins, the application user, impersonation, and what every request must say (apis A5, "Auth")."""

from __future__ import annotations

import base64
from typing import Any

import pytest


def test_a_secret_gives_a_bearer_token(org: Any) -> None:
    """Client credentials give a token for an hour (apis A5)."""
    told = org.token().json()
    assert told["token_type"] == "Bearer"
    assert told["expires_in"] == 3599
    assert isinstance(told["access_token"], str)


def test_the_secret_may_come_as_basic(org: Any) -> None:
    """RFC 6749 lets the client name itself in a header."""
    login = f"{'0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64'}:a-simulated-secret".encode()
    path = "/5f0c6f0e-8a53-4e4e-9d3b-6a3d8f1c2b10/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "scope": f"{org.url}/.default"}
    basic = {"Authorization": f"Basic {base64.b64encode(login).decode()}"}
    assert org.client.post(path, data=form, headers=basic).status_code == 200
    wrong = {"Authorization": f"Basic {base64.b64encode(login[:-1]).decode()}"}
    assert org.client.post(path, data=form, headers=wrong).status_code == 401


@pytest.mark.parametrize(
    ("changed", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": "00000000-0000-4000-8000-000000000000"}, 400, "unauthorized_client", 700016),
        ({"tenant": "other.example"}, 400, "invalid_request", 90002),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"scope": "user.read"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://other.crm.dynamics.com/.default"}, 400, "invalid_resource", 500011),
    ],
)
def test_a_wrong_log_in_is_refused_as_entra_does(
    org: Any, changed: dict[str, str], status: int, error: str, number: int
) -> None:
    """Each mistake has Entra's error and its number."""
    answer = org.token(**changed)
    assert answer.status_code == status
    told = answer.json()
    assert (told["error"], told["error_codes"]) == (error, [number])
    assert told["error_description"].startswith(f"AADSTS{number}")


def test_a_token_ends(org: Any) -> None:
    """After its hour a token is 401 with a challenge, and a new one is good."""
    assert org.ask("GET", "WhoAmI").status_code == 200
    org.wait(3599)
    answer = org.ask("GET", "WhoAmI")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")
    org.access = org.token().json()["access_token"]
    assert org.ask("GET", "WhoAmI").status_code == 200


def test_no_token_is_refused(org: Any, tools: Any) -> None:
    """Without a login nothing is told."""
    assert org.client.get("/api/data/v9.2/WhoAmI", headers=tools.headers).status_code == 401


def test_a_login_that_is_revoked_gives_nothing(org: Any) -> None:
    """After the administrator took it away, tokens are refused and none is given."""
    org.simulator.revoke()
    assert org.ask("GET", "WhoAmI").status_code == 401
    assert org.token().status_code == 401


def test_a_token_is_not_enough_without_an_application_user(orgs: Any) -> None:
    """The token is fine, and every request 403, until somebody makes the user (apis N)."""
    org = orgs(application_user="missing")
    assert org.access
    assert org.refused("GET", "contacts") == (403, "0x80072560")
    org.simulator.set_up_user()
    assert org.ask("GET", "contacts").status_code == 200


@pytest.mark.parametrize("missing", ["OData-Version", "OData-MaxVersion", "Accept"])
def test_every_call_says_its_headers(org: Any, missing: str) -> None:
    """Without the headers of every call the request is refused (apis A5)."""
    status = org.ask("GET", "contacts", **{missing.replace("-", "_"): ""}).status_code
    assert status == (406 if missing == "Accept" else 400)


def test_a_body_says_that_it_is_json(org: Any) -> None:
    """A write needs its Content-Type."""
    assert org.refused("POST", "contacts", {"lastname": "Ng"}, Content_Type="text/plain")[0] == 415
    assert org.ask("POST", "contacts", Content_Type="application/json").status_code == 400


def test_every_answer_says_its_version_and_time(org: Any) -> None:
    """OData-Version and the clock's Date are there, on refusals too."""
    for path in ("contacts", "nothing"):
        answer = org.ask("GET", path)
        assert answer.headers["OData-Version"] == "4.0"
        assert answer.headers["Date"] == "Mon, 02 Mar 2026 12:00:00 GMT"


def test_who_am_i(org: Any) -> None:
    """The login is its application user."""
    told = org.got("WhoAmI")
    assert {"UserId", "BusinessUnitId", "OrganizationId"} < set(told)
    user = org.got(f"systemusers({told['UserId']})")
    assert (user["fullname"], user["accessmode"]) == ("First Contact", 4)


def test_somebody_else_is_impersonated(org: Any) -> None:
    """With CallerObjectId a record is that user's, through ours (apis A5)."""
    ana = org.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example"})
    entra = org.got(f"systemusers({ana})?$select=azureactivedirectoryobjectid")[
        "azureactivedirectoryobjectid"
    ]
    me = org.got("WhoAmI")["UserId"]
    for header, id in (("CallerObjectId", entra), ("MSCRMCallerID", ana)):
        row = org.got(f"contacts({org.made('contacts', {'lastname': 'Ng'}, **{header: id})})")
        assert (row["_createdby_value"], row["_ownerid_value"]) == (ana, ana)
        assert row["_createdonbehalfby_value"] == me


def test_nobody_disabled_is_impersonated(org: Any) -> None:
    """Who is disabled, or nobody, cannot be impersonated."""
    ana = org.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "active": False})
    assert org.refused("GET", "contacts", MSCRMCallerID=ana) == (403, "0x80040225")
    unknown = "00000000-0000-4000-8000-000000000000"
    assert org.refused("GET", "contacts", CallerObjectId=unknown) == (403, "0x80040225")


def test_impersonation_needs_its_privilege(orgs: Any) -> None:
    """Without prvActOnBehalfOfAnotherUser it is refused."""
    org = orgs(forbidden=["prvActOnBehalfOfAnotherUser"])
    ana = org.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example"})
    assert org.refused("GET", "contacts", MSCRMCallerID=ana) == (403, "0x80040220")


@pytest.mark.parametrize(
    ("privilege", "method", "path"),
    [
        ("prvReadLead", "GET", "leads"),
        ("prvCreateContact", "POST", "contacts"),
        ("prvCreateActivity", "POST", "phonecalls"),
        ("prvCreateNote", "POST", "annotations"),
        ("prvDeleteActivity", "DELETE", "tasks(0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64)"),
        ("prvCreateAttribute", "POST", "EntityDefinitions(LogicalName='contact')/Attributes"),
    ],
)
def test_what_the_roles_lack_is_forbidden(orgs: Any, privilege: str, method: str, path: str) -> None:
    """A privilege that is lacking is 403 with its name, and not among the user's privileges."""
    org = orgs(forbidden=[privilege])
    answer = org.ask(method, path, {} if method == "POST" else None)
    assert answer.status_code == 403
    assert privilege in answer.json()["error"]["message"]
    me = org.got("WhoAmI")["UserId"]
    told = org.got(f"systemusers({me})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()")["RolePrivileges"]
    names = {one["PrivilegeName"] for one in told}
    assert privilege not in names


@pytest.mark.parametrize("privilege", ["prvAppendContact", "prvAppendToAccount", "prvAssignContact"])
def test_pointing_and_giving_away_need_their_privileges(orgs: Any, privilege: str) -> None:
    """A lookup needs Append here and AppendTo there, an owner Assign; without them all else goes on."""
    org = orgs(forbidden=[privilege])
    account, ana = org.made("accounts", {"name": "Acme"}), org.desk.add("user", {"name": "Ana Ruiz"})
    pointing = {"parentcustomerid_account@odata.bind": f"/accounts({account})"}
    giving = {"ownerid@odata.bind": f"/systemusers({ana})"}
    for bound in (pointing, giving):
        answer = org.ask("POST", "contacts", {"lastname": "Ng", **bound})
        refused = (bound is giving) == (privilege == "prvAssignContact")
        assert answer.status_code == (403 if refused else 204)
    org.person()


def test_privileges_are_told(org: Any) -> None:
    """All of them, as far as this simulator asks for any."""
    me = org.got("WhoAmI")["UserId"]
    told = org.got(f"systemusers({me})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()")["RolePrivileges"]
    names = {one["PrivilegeName"] for one in told}
    assert {"prvReadContact", "prvAppendToContact", "prvAppendActivity", "prvAssignActivity"} <= names
    assert {"prvCreateNote", "prvActOnBehalfOfAnotherUser"} <= names
