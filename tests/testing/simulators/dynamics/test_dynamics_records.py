"""Records are made, changed, found by keys, and deleted (apis A5, "Create", "Upsert by alternate key")."""

from __future__ import annotations

import base64
from typing import Any

import pytest

KEY = "9f2c4a"


def test_creation_is_204_with_the_address(org: Any, tools: Any) -> None:
    """204 without a body, and the record's address in OData-EntityId (apis A5, D)."""
    answer = org.ask("POST", "contacts", {"firstname": "Ann", "lastname": "Ng"})
    assert (answer.status_code, answer.content) == (204, b"")
    where = answer.headers["OData-EntityId"]
    assert where == f"{org.base}contacts({tools.id_of(where)})"
    assert org.got(f"contacts({tools.id_of(where)})")["fullname"] == "Ann Ng"


def test_creation_with_representation_is_201(org: Any) -> None:
    """`return=representation` answers the record, as far as `$select` asks."""
    body = {"lastname": "Ng", "telephone1": "+14155550134"}
    answer = org.ask("POST", "contacts?$select=lastname", body, Prefer="return=representation")
    assert answer.status_code == 201
    told = answer.json()
    assert {name for name in told if "@" not in name} == {"contactid", "lastname"}
    assert answer.headers["OData-EntityId"].endswith(f"contacts({told['contactid']})")
    assert answer.headers["Preference-Applied"] == "return=representation"
    assert answer.headers["ETag"] == told["@odata.etag"]


def test_numbers_are_kept_as_they_are_written(org: Any) -> None:
    """No phone is normalised (apis A5)."""
    id = org.person(telephone1=" (415) 555-0134 ext. 9")
    assert org.got(f"contacts({id})")["telephone1"] == " (415) 555-0134 ext. 9"


def test_upsert_by_key_makes_and_changes(org: Any) -> None:
    """204 both ways; with a representation 201 for made and 200 for changed (apis A5)."""
    path = f"contacts(fc_key='{KEY}')"
    assert org.ask("PATCH", path, {"lastname": "Ng"}).status_code == 204
    answer = org.ask("PATCH", path, {"lastname": "Ngo"})
    assert answer.status_code == 204
    assert org.got(path)["lastname"] == "Ngo"
    prefer = "return=representation"
    assert org.ask("PATCH", path, {"lastname": "Ng"}, Prefer=prefer).status_code == 200
    other = org.ask("PATCH", "contacts(fc_key='ff')", {"lastname": "Roe"}, Prefer=prefer)
    assert (other.status_code, other.json()["fc_key"]) == (201, "ff")


def test_if_match_star_only_changes(org: Any) -> None:
    """`If-Match: *` on what is not there is 404 (apis A5)."""
    id = "0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64"
    for path in (f"contacts(fc_key='{KEY}')", f"contacts({id})"):
        assert org.refused("PATCH", path, {"lastname": "Ng"}, If_Match="*")[0] == 404
    org.made("contacts", {"lastname": "Ng", "fc_key": KEY})
    assert org.ask("PATCH", f"contacts(fc_key='{KEY}')", {"lastname": "Ng"}, If_Match="*").status_code == 204


def test_if_none_match_star_only_makes(org: Any) -> None:
    """`If-None-Match: *` on what is there is 412, DuplicateRecord (apis A5)."""
    path = f"contacts(fc_key='{KEY}')"
    assert org.ask("PATCH", path, {"lastname": "Ng"}, If_None_Match="*").status_code == 204
    assert org.refused("PATCH", path, {"lastname": "Roe"}, If_None_Match="*") == (412, "0x80040237")
    assert org.got(path)["lastname"] == "Ng"


@pytest.mark.parametrize("letter", ["%2F", "<", ">", "*", "%25", "%26", ":", "%5C", "%3F", "%2B"])
def test_a_key_with_certain_characters_cannot_be_named(org: Any, letter: str) -> None:
    """`/ < > * % & : \\ ? +` in a key's value are 400, so no E.164 number can be a key (apis A5, D)."""
    path = f"contacts(fc_key='a{letter}b')"
    for method, body in (("GET", None), ("PATCH", {"lastname": "Ng"})):
        assert org.ask(method, path, body).status_code == 400
    assert org.refused("GET", "contacts(fc_key='ab')") == (404, "0x80060891")


def test_a_key_is_not_repeated_in_the_body(org: Any) -> None:
    """The key stands in the address alone (apis A5)."""
    body = {"lastname": "Ng", "fc_key": KEY}
    assert org.refused("PATCH", f"contacts(fc_key='{KEY}')", body) == (400, "0x80048d19")


def test_what_is_no_key_names_nothing(org: Any) -> None:
    """Only a declared key names a record."""
    assert org.refused("GET", "contacts(lastname='Ng')")[0] == 400
    assert org.refused("GET", "contacts(fc_key=5)")[0] == 400
    assert org.refused("GET", "contacts(fc_key='a',lastname='b')")[0] == 400


def test_a_key_is_there_once(org: Any) -> None:
    """A second record with the values of a key is 412; empty values are never the same."""
    org.made("contacts", {"lastname": "Ng", "fc_key": KEY})
    assert org.refused("POST", "contacts", {"lastname": "Roe", "fc_key": KEY.upper()}) == (412, "0x80060892")
    other = org.person()
    assert org.refused("PATCH", f"contacts({other})", {"fc_key": KEY}) == (412, "0x80060892")
    org.person()


def test_etags(org: Any) -> None:
    """A change makes another version; a stale one is 412; an unchanged record is 304."""
    id = org.person()
    tag = org.got(f"contacts({id})")["@odata.etag"]
    assert org.ask("GET", f"contacts({id})", If_None_Match=tag).status_code == 304
    assert org.ask("GET", f"contacts({id})", If_None_Match="null").status_code == 200
    assert org.ask("PATCH", f"contacts({id})", {"lastname": "Roe"}, If_Match=tag).status_code == 204
    for method, body in (("PATCH", {"lastname": "Zed"}), ("DELETE", None)):
        assert org.refused(method, f"contacts({id})", body, If_Match=tag) == (412, "0x80060882")
    assert org.ask("GET", f"contacts({id})", If_None_Match=tag).status_code == 200


def test_a_client_chooses_the_id(org: Any) -> None:
    """The primary id may come with the record, and is there once; PATCH on it makes the record."""
    id = "0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64"
    assert org.made("contacts", {"lastname": "Ng", "contactid": id}) == id
    assert org.refused("POST", "contacts", {"lastname": "Ng", "contactid": id}) == (412, "0x80040237")
    other = id.replace("0c9b", "1c9b")
    assert org.ask("PATCH", f"annotations({other})", {"subject": "x"}, If_None_Match="*").status_code == 204
    assert org.refused("PATCH", f"annotations({other})", {"subject": "x"}, If_None_Match="*")[0] == 412


def test_lookups_are_bound_by_their_navigation_property(org: Any) -> None:
    """A lookup is set by `@odata.bind`, by address or key, and emptied by null or `$ref`."""
    account = org.made("accounts", {"name": "Acme", "fc_key": KEY})
    for address in (f"/accounts({account})", f"accounts(fc_key='{KEY}')", f"{org.base}accounts({account})"):
        id = org.person(**{"parentcustomerid_account@odata.bind": address})
        assert org.got(f"contacts({id})")["_parentcustomerid_value"] == account
    assert org.got(f"contacts({id})/parentcustomerid_account")["name"] == "Acme"
    assert org.ask("DELETE", f"contacts({id})/parentcustomerid_account/$ref").status_code == 204
    assert org.got(f"contacts({id})")["_parentcustomerid_value"] is None
    assert org.ask("GET", f"contacts({id})/parentcustomerid_account").status_code == 204
    body = {"parentcustomerid_account@odata.bind": f"/accounts({account})"}
    org.ask("PATCH", f"contacts({id})", body)
    org.ask("PATCH", f"contacts({id})", {"parentcustomerid_account@odata.bind": None})
    assert org.got(f"contacts({id})")["_parentcustomerid_value"] is None


def test_collections_are_read_from_a_record(org: Any) -> None:
    """What points at a record is listed behind it, and a property is told alone."""
    account = org.made("accounts", {"name": "Acme"})
    org.person(**{"parentcustomerid_account@odata.bind": f"/accounts({account})"})
    org.person(lastname="Roe")
    path = f"accounts({account})"
    rows = org.got(f"{path}/contact_customer_accounts?$select=lastname")["value"]
    assert [row["lastname"] for row in rows] == ["Ng"]
    assert org.got(f"{path}/name")["value"] == "Acme"
    assert org.ask("GET", f"{path}/telephone1").status_code == 204
    assert org.refused("GET", f"{path}/nonsense")[0] == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"nonsense": 1}, 400),
        ({"_parentcustomerid_value": "x"}, 400),
        ({"parentcustomerid": "x"}, 400),
        ({"nonsense@odata.bind": "/accounts(x)"}, 400),
        ({"parentcustomerid_account@odata.bind": 5}, 400),
        ({"parentcustomerid_account@odata.bind": "/accounts"}, 400),
        ({"parentcustomerid_account@odata.bind": "/nothing(1)"}, 404),
        ({"parentcustomerid_account@odata.bind": "/leads(0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64)"}, 400),
        ({"parentcustomerid_account@odata.bind": "/accounts(0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64)"}, 404),
        ({"parentcustomerid_account@odata.bind": "$1"}, 400),
        ({"ownerid@odata.bind": "/contacts(0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64)"}, 400),
        ({"lastname": 5}, 400),
        ({"leadsourcecode": 99}, 400),
        ({"leadsourcecode": True}, 400),
        ({"contactid": "x"}, 400),
        ({"overriddencreatedon": "yesterday"}, 400),
        ({"firstname": "x" * 51}, 400),
        ({"statecode": 1}, 400),
        ({"fullname": "x"}, 400),
        ({"createdon": "2026-01-01T00:00:00Z"}, 400),
        ({"@odata.type": "Microsoft.Dynamics.CRM.lead"}, 400),
        (["x"], 400),
    ],
)
def test_what_a_body_cannot_say_is_refused(org: Any, body: Any, status: int) -> None:
    """An unknown property, another type, a value that is too long or not valid for create is refused."""
    given = {"lastname": "Ng", **body} if isinstance(body, dict) else body
    assert org.refused("POST", "contacts", given)[0] == status
    assert org.rows("contacts") == []


def test_a_text_that_is_too_long_says_so(org: Any) -> None:
    """The message names column, table and length."""
    answer = org.ask("POST", "contacts", {"firstname": "x" * 51})
    assert answer.json()["error"]["code"] == "0x80044331"
    assert "'firstname' attribute of the 'contact'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing", 404),
        ("GET", "contacts(nothing)", 400),
        ("GET", "contacts(0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64)", 404),
        ("DELETE", "contacts(0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64)", 404),
        ("PUT", "contacts", 405),
        ("DELETE", "contacts", 405),
        ("POST", "contacts(0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64)", 405),
        ("POST", "systemusers", 405),
        ("POST", "WhoAmI", 405),
        ("GET", "Merge", 405),
        ("GET", "contacts/nothing", 404),
        ("GET", "../v8.0/contacts", 404),
        ("POST", "$metadata", 405),
        ("GET", "$batch", 405),
    ],
)
def test_what_there_is_not_is_refused(org: Any, method: str, path: str, status: int) -> None:
    """An unknown path is 404, a method that a path has not 405, in Dataverse's envelope."""
    body = {} if method in ("POST", "PUT", "PATCH") else None
    assert org.refused(method, path, body)[0] == status


def test_records_are_owned_by_who_made_them(org: Any) -> None:
    """The owner is the login's user, or who is named, but nobody who is disabled."""
    me = org.got("WhoAmI")["UserId"]
    row = org.got(f"contacts({org.person()})")
    assert {row[name] for name in ("_ownerid_value", "_owninguser_value", "_createdby_value")} == {me}
    ana = org.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example"})
    named = org.person(**{"ownerid@odata.bind": f"/systemusers({ana})"})
    assert org.got(f"contacts({named})")["_ownerid_value"] == ana
    org.desk.edit("user", ana, {"active": False})
    body = {"lastname": "Ng", "ownerid@odata.bind": f"/systemusers({ana})"}
    assert org.refused("POST", "contacts", body) == (403, "0x80040225")
    assert org.ask("PATCH", f"contacts({named})", {"firstname": "Ann"}).status_code == 204


def test_stamps(org: Any) -> None:
    """Times are whole seconds of the clock; a record can be made as of the past."""
    org.wait(0.5)
    id = org.person(overriddencreatedon="2020-01-05T09:00:00Z")
    org.wait(61)
    org.ask("PATCH", f"contacts({id})", {"firstname": "Ann"})
    row = org.got(f"contacts({id})")
    assert (row["createdon"], row["modifiedon"]) == ("2020-01-05T09:00:00Z", "2026-03-02T12:01:01Z")


def test_inactive_records(org: Any) -> None:
    """A record is made inactive by its state; a status of another state is refused."""
    id = org.person()
    assert org.refused("PATCH", f"contacts({id})", {"statecode": 0, "statuscode": 2}) == (400, "0x80048408")
    assert org.ask("PATCH", f"contacts({id})", {"statecode": 1}).status_code == 204
    assert org.got(f"contacts({id})")["statuscode"] == 2


def test_deleted_records_are_gone(org: Any) -> None:
    """Lookups to a deleted record are empty, its notes go with it."""
    account = org.made("accounts", {"name": "Acme"})
    id = org.person(**{"parentcustomerid_account@odata.bind": f"/accounts({account})"})
    note = org.made("annotations", {"subject": "x", "objectid_account@odata.bind": f"/accounts({account})"})
    assert org.ask("DELETE", f"accounts({account})").status_code == 204
    assert org.refused("GET", f"accounts({account})") == (404, "0x80040217")
    assert org.got(f"contacts({id})")["_parentcustomerid_value"] is None
    assert org.refused("GET", f"annotations({note})")[0] == 404


def test_a_case_has_a_customer(org: Any) -> None:
    """What the system requires must be sent."""
    assert org.refused("POST", "incidents", {"title": "Ng v. Roe"}) == (400, "0x80040203")
    body = {"title": "Ng v. Roe", "customerid_contact@odata.bind": f"/contacts({org.person()})"}
    org.made("incidents", body)


@pytest.mark.parametrize(("level", "status"), [("none", 400), ("application", 204), ("system", 400)])
def test_a_required_column(orgs: Any, level: str, status: int) -> None:
    """A column that the system requires is needed by the API; one that pages require is not."""
    org = orgs(required_column=level)
    body = {"lastname": "Ng", **({"new_referralsource": None} if level == "none" else {})}
    assert org.ask("POST", "contacts", body).status_code == status
    if level != "none":
        org.person(new_referralsource="A friend")


# --- duplicates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [412, 500])
def test_duplicates_are_found_only_when_asked_for(orgs: Any, status: int) -> None:
    """Off by default; switched on by its header 0x80040333, with 412 or with 500 (apis A5, D)."""
    org = orgs(duplicate_status=status)
    org.person(emailaddress1="ann@ng.example")
    org.person(emailaddress1="ANN@ng.example")
    body = {"lastname": "Roe", "emailaddress1": "ann@NG.example"}
    on = {"MSCRM.SuppressDuplicateDetection": "false"}
    assert org.refused("POST", "contacts", body, **on) == (status, "0x80040333")
    other = org.person(telephone1="+14155550134")
    assert org.refused("PATCH", f"contacts({other})", {"emailaddress1": "ann@ng.example"}, **on)[0] == status
    assert org.ask("PATCH", f"contacts({other})", {"telephone1": "+14155550134"}, **on).status_code == 204
    assert (
        org.ask("POST", "contacts", body, **{**on, "MSCRM.SuppressDuplicateDetection": "true"}).status_code
        == 204
    )


@pytest.mark.parametrize(
    ("rules", "body", "found"),
    [
        ([], {"emailaddress1": "ann@ng.example"}, False),
        (["phone"], {"emailaddress1": "ann@ng.example"}, False),
        (["phone"], {"telephone1": "4155550134"}, True),
        (["email"], {"telephone1": "4155550134"}, False),
        (["name"], {"firstname": "ann", "lastname": "ng"}, True),
        (["name"], {"lastname": "ng"}, False),
    ],
)
def test_duplicate_rules(orgs: Any, rules: list[str], body: Any, found: bool) -> None:
    """The published rules say what a duplicate is; they can be read; empty values are never equal."""
    org = orgs(duplicate_rules=rules)
    org.person(firstname="Ann", emailaddress1="ann@ng.example", telephone1="4155550134")
    on = {"MSCRM.SuppressDuplicateDetection": "false"}
    answer = org.ask("POST", "contacts", {"lastname": "Other", **body}, **on)
    assert (answer.status_code == 412) == found
    told = org.rows("duplicaterules", "statecode eq 1 and baseentityname eq 'contact'", "name")
    assert len(told) == len(rules)


def test_inactive_records_are_no_duplicates(org: Any) -> None:
    """A record that was merged away does not stand in the way."""
    id = org.person(emailaddress1="ann@ng.example")
    org.desk.deactivate("contact", id)
    on = {"MSCRM.SuppressDuplicateDetection": "false"}
    assert org.ask("POST", "contacts", {"emailaddress1": "ann@ng.example"}, **on).status_code == 204


# --- notes, merging, leads -----------------------------------------------------------------------------


def test_files_are_notes(orgs: Any) -> None:
    """A file is a note's base64 body; what is too large, of a blocked kind or no base64 is refused."""
    org = orgs(most_file_bytes=10)
    call = org.call()
    body = {
        "subject": "Fax",
        "filename": "fax.pdf",
        "mimetype": "application/pdf",
        "documentbody": base64.b64encode(b"%PDF-1.4").decode(),
        "objectid_phonecall@odata.bind": f"/phonecalls({call})",
    }
    note = org.got(f"annotations({org.made('annotations', body)})")
    assert (note["isdocument"], note["filesize"], note["objecttypecode"]) == (True, 8, "phonecall")
    assert note["_objectid_value"] == call
    large = {**body, "documentbody": base64.b64encode(b"x" * 11).decode()}
    assert org.refused("POST", "annotations", large) == (400, "0x80044a02")
    assert org.refused("POST", "annotations", {**body, "filename": "fax.EXE"}) == (400, "0x80043e09")
    assert org.refused("POST", "annotations", {**body, "documentbody": "%%"})[0] == 400


def test_merge_leaves_the_loser_inactive_with_its_master(org: Any) -> None:
    """The loser is inactive, merged, and names the survivor, on whom hangs what hung on it."""
    loser, survivor = org.person(lastname="Loser"), org.person()
    call = org.call(
        **{"regardingobjectid_contact_phonecall@odata.bind": f"/contacts({loser})"},
        phonecall_activity_parties=[
            {"partyid_contact@odata.bind": f"/contacts({loser})", "participationtypemask": 1}
        ],
    )
    type = "Microsoft.Dynamics.CRM.contact"
    body = {
        "Target": {"@odata.type": type, "contactid": survivor},
        "Subordinate": {"@odata.type": type, "contactid": loser},
        "UpdateContent": {"@odata.type": type, "jobtitle": "CFO"},
        "PerformParentingChecks": False,
    }
    assert org.ask("POST", "Merge", body).status_code == 204
    row = org.got(f"contacts({loser})")
    assert (row["statecode"], row["statuscode"], row["merged"], row["_masterid_value"]) == (
        1,
        2,
        True,
        survivor,
    )
    assert org.got(f"contacts({survivor})")["jobtitle"] == "CFO"
    assert org.got(f"phonecalls({call})")["_regardingobjectid_value"] == survivor
    parties = org.got(f"phonecalls({call})/phonecall_activity_parties")["value"]
    assert {one["_partyid_value"] for one in parties if one["participationtypemask"] in (1, 8)} == {survivor}
    assert org.refused("POST", "Merge", body) == (400, "0x80040203")
    assert org.refused("POST", "Merge", {"Target": body["Target"]})[0] == 400


@pytest.mark.parametrize(("quirk", "title"), [("off", None), ("on", "CFO")])
def test_whether_a_merge_fills_blanks_by_itself(orgs: Any, tools: Any, quirk: str, title: Any) -> None:
    """What the target has stays on both sides of merge_fills; a blank is filled on one of them. A merge may
    stand in a change set, which takes it back where another part of it fails."""
    org = orgs(merge_fills=quirk)
    loser = org.person(lastname="Loser", jobtitle="CFO", firstname="Kim")
    survivor = org.person(firstname="Jo")
    type = "Microsoft.Dynamics.CRM.contact"
    body = {
        "Target": {"@odata.type": type, "contactid": survivor},
        "Subordinate": {"@odata.type": type, "contactid": loser},
        "PerformParentingChecks": False,
    }
    merge = tools.request("POST", "Merge", body)
    stale = tools.request("PATCH", f"contacts({survivor})", {"jobtitle": "CEO"}, If_Match='W/"1"')
    assert org.batch([merge, stale]).statuses == [412]
    assert org.got(f"contacts({loser})")["statecode"] == 0
    assert org.batch([merge]).statuses == [[204]]
    row = org.got(f"contacts({survivor})")
    assert (row["jobtitle"], row["firstname"]) == (title, "Jo")
    assert org.got(f"contacts({loser})")["_masterid_value"] == survivor


@pytest.mark.parametrize(("quirk", "told"), [("parent", True), ("originating", False)])
def test_a_qualified_lead(orgs: Any, quirk: str, told: bool) -> None:
    """A qualified lead is closed; its contact names it, and it its contact or not, by the switch."""
    org = orgs(qualified=quirk)
    lead = org.made("leads", {"lastname": "Moe", "subject": "Interested", "telephone1": "4155550150"})
    body = {
        "LeadId": {"@odata.type": "Microsoft.Dynamics.CRM.lead", "leadid": lead},
        "CreateAccount": False,
        "CreateContact": True,
        "CreateOpportunity": False,
        "Status": 3,
    }
    contact = org.ask("POST", "QualifyLead", body).json()["value"][0]["contactid"]
    row = org.got(f"contacts({contact})")
    assert (row["_originatingleadid_value"], row["telephone1"]) == (lead, "4155550150")
    row = org.got(f"leads({lead})")
    assert (row["statecode"], row["statuscode"]) == (1, 3)
    assert row["_parentcontactid_value"] == (contact if told else None)
    assert org.refused("POST", "QualifyLead", body) == (400, "0x80048408")
