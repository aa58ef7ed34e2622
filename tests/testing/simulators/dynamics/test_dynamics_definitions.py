"""Tables, columns, keys and relationships: read, made and taken away (apis A5, "Add a custom column")."""

from __future__ import annotations

from typing import Any

import pytest

CONTACT = "EntityDefinitions(LogicalName='contact')"


def label(text: str) -> dict[str, Any]:
    """A label in English."""
    one = {"@odata.type": "Microsoft.Dynamics.CRM.LocalizedLabel", "Label": text, "LanguageCode": 1033}
    return {"@odata.type": "Microsoft.Dynamics.CRM.Label", "LocalizedLabels": [one]}


def column(name: str, **more: Any) -> dict[str, Any]:
    """A text column as apis A5 makes it."""
    return {
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
        "SchemaName": name,
        "AttributeType": "String",
        "AttributeTypeName": {"Value": "StringType"},
        "FormatName": {"Value": "Text"},
        "MaxLength": 100,
        "RequiredLevel": {
            "Value": "None",
            "CanBeChanged": True,
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
        "DisplayName": label("A column"),
        **more,
    }


def key(name: str, *columns: str) -> dict[str, Any]:
    """An alternate key."""
    return {"SchemaName": name, "DisplayName": label("A key"), "KeyAttributes": list(columns)}


def test_our_columns_are_ready_or_missing(orgs: Any) -> None:
    """A new environment has our columns and active keys, or nobody has made them."""
    for quirk, there in (("ready", True), ("missing", False)):
        org = orgs(columns=quirk)
        for table, set in (("contact", "contacts"), ("account", "accounts"), ("phonecall", "phonecalls")):
            names = {row["LogicalName"] for row in _attributes(org, table)}
            assert ("fc_key" in names) is there
            keys = org.got(f"EntityDefinitions(LogicalName='{table}')/Keys")["value"]
            assert [row["EntityKeyIndexStatus"] for row in keys] == (["Active"] if there else [])
            assert (org.ask("GET", f"{set}?$select=fc_key").status_code == 200) is there


def _attributes(org: Any, table: str, cast: str = "", select: str = "LogicalName") -> list[Any]:
    more = f"/Microsoft.Dynamics.CRM.{cast}" if cast else ""
    path = f"EntityDefinitions(LogicalName='{table}')/Attributes{more}?$select={select}"
    rows: list[Any] = org.got(path)["value"]
    return rows


def test_a_column_is_made_and_used(orgs: Any) -> None:
    """204 with its address; from then on it is selected, filtered and written, up to its length."""
    org = orgs(columns="missing")
    answer = org.ask("POST", f"{CONTACT}/Attributes", column("fc_Key"))
    assert answer.status_code == 204
    assert answer.headers["OData-EntityId"].startswith(f"{org.base}EntityDefinitions(")
    org.person(fc_key="k" * 100)
    assert org.found(f"fc_key eq '{'k' * 100}'") == ["Ng"]
    assert org.refused("POST", "contacts", {"fc_key": "k" * 101}) == (400, "0x80044331")
    told = org.got(
        f"{CONTACT}/Attributes(LogicalName='fc_key')/Microsoft.Dynamics.CRM.StringAttributeMetadata"
    )
    assert (told["SchemaName"], told["MaxLength"], told["IsCustomAttribute"]) == ("fc_Key", 100, True)
    assert told["FormatName"] == {"Value": "Text"}
    assert org.refused("POST", f"{CONTACT}/Attributes", column("fc_Key")) == (400, "0x80047013")
    assert org.ask("DELETE", f"{CONTACT}/Attributes(LogicalName='fc_key')").status_code == 204
    assert org.refused("GET", "contacts?$select=fc_key")[0] == 400
    assert org.refused("DELETE", f"{CONTACT}/Attributes(LogicalName='lastname')")[0] == 400
    assert org.refused("DELETE", f"{CONTACT}/Attributes(LogicalName='fc_key')")[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        column("Key"),
        column("fc_Key", nonsense=1),
        column("fc_Key", MaxLength=4001),
        column("fc_Key", DisplayName=None),
        column("fc_Key", DisplayName={"Label": "x"}),
        {**column("fc_Key"), "@odata.type": "Microsoft.Dynamics.CRM.Nonsense"},
        {"SchemaName": "fc_Key"},
    ],
)
def test_columns_that_cannot_be(orgs: Any, body: Any) -> None:
    """A name without a prefix, an unknown property or type, a length or label that cannot be: 400."""
    org = orgs(columns="missing")
    assert org.refused("POST", f"{CONTACT}/Attributes", body)[0] == 400


def test_some_tables_take_no_columns(org: Any) -> None:
    """Notes have no own columns."""
    path = "EntityDefinitions(LogicalName='annotation')/Attributes"
    assert org.refused("POST", path, column("fc_Key"))[0] == 400


def test_columns_go_into_a_solution(orgs: Any) -> None:
    """MSCRM.SolutionUniqueName must name a solution, which has a publisher with a prefix."""
    org = orgs(columns="missing")
    header = {"MSCRM.SolutionUniqueName": "FirstContact"}
    assert org.refused("POST", f"{CONTACT}/Attributes", column("fc_Key"), **header)[0] == 400
    publisher = {"uniquename": "firstcontact", "friendlyname": "FirstContact", "customizationprefix": "fc"}
    id = org.made("publishers", {**publisher, "customizationoptionvalueprefix": 28765})
    bound = {"publisherid@odata.bind": f"/publishers({id})"}
    org.made("solutions", {"uniquename": "FirstContact", "friendlyname": "F", "version": "1.0.0.0", **bound})
    assert len(org.rows("solutions", "uniquename eq 'FirstContact'")) == 1
    assert org.ask("POST", f"{CONTACT}/Attributes", column("fc_Key"), **header).status_code == 204


def test_a_key_is_pending_and_then_active(orgs: Any) -> None:
    """A new key's index is built for a while; only then it names records and is there once (apis A5)."""
    org = orgs(columns="missing", key_seconds=60)
    org.ask("POST", f"{CONTACT}/Attributes", column("fc_Key"))
    answer = org.ask("POST", f"{CONTACT}/Keys", key("fc_KeyKey", "fc_key"))
    assert (answer.status_code, "Keys(" in answer.headers["OData-EntityId"]) == (204, True)
    path = f"{CONTACT}/Keys?$select=SchemaName,LogicalName,KeyAttributes,EntityKeyIndexStatus"
    (told,) = org.got(path)["value"]
    assert (told["LogicalName"], told["KeyAttributes"]) == ("fc_keykey", ["fc_key"])
    assert told["EntityKeyIndexStatus"] == "Pending"
    assert org.refused("PATCH", "contacts(fc_key='k')", {"lastname": "Ng"})[0] == 400
    org.person(fc_key="k")
    org.wait(60)
    assert org.got(f"{CONTACT}/Keys(LogicalName='fc_keykey')")["EntityKeyIndexStatus"] == "Active"
    assert org.got("contacts(fc_key='k')")["lastname"] == "Ng"
    assert org.refused("DELETE", f"{CONTACT}/Attributes(LogicalName='fc_key')")[0] == 400
    assert org.ask("DELETE", f"{CONTACT}/Keys(LogicalName='fc_keykey')").status_code == 204
    assert org.refused("GET", "contacts(fc_key='k')")[0] == 400


def test_a_key_can_fail(orgs: Any) -> None:
    """An index that cannot be built is Failed: by the switch, or since values are there twice."""
    org = orgs(columns="missing", key_index="fails")
    org.ask("POST", f"{CONTACT}/Attributes", column("fc_Key"))
    org.ask("POST", f"{CONTACT}/Keys", key("fc_KeyKey", "fc_key"))
    assert org.got(f"{CONTACT}/Keys")["value"][0]["EntityKeyIndexStatus"] == "Failed"
    other = orgs()
    for _ in range(2):
        other.person(firstname="Ann")
    other.ask("POST", f"{CONTACT}/Keys", key("fc_Name", "firstname"))
    told = {row["LogicalName"]: row["EntityKeyIndexStatus"] for row in other.got(f"{CONTACT}/Keys")["value"]}
    assert told == {"fc_keykey": "Active", "fc_name": "Failed"}


@pytest.mark.parametrize(
    "body",
    [
        key("Key", "firstname"),
        key("fc_KeyKey", "fc_key"),
        key("fc_Other"),
        key("fc_Other", "nonsense"),
        key("fc_Other", "description"),
        key("fc_Other", "fc_otheremails"),
        key("fc_Other", *["leadsourcecode"] * 17),
        {**key("fc_Other", "firstname"), "nonsense": 1},
    ],
)
def test_keys_that_cannot_be(org: Any, body: Any) -> None:
    """At most 16 columns of certain types and 900 bytes, each key once (apis A5)."""
    assert org.refused("POST", f"{CONTACT}/Keys", body)[0] == 400


def test_a_table_has_ten_keys(org: Any) -> None:
    """An eleventh key is refused (apis A5)."""
    for number in range(9):
        assert org.ask("POST", f"{CONTACT}/Keys", key(f"fc_K{number}", "pager")).status_code == 204
    assert org.refused("POST", f"{CONTACT}/Keys", key("fc_K9", "pager"))[0] == 400


def test_what_a_table_is(org: Any) -> None:
    """The definition of a table, by name or by id, alone or in the list."""
    told = org.got(f"{CONTACT}?$select=LogicalName,EntitySetName,ChangeTrackingEnabled")
    assert (told["EntitySetName"], told["ChangeTrackingEnabled"]) == ("contacts", True)
    assert org.got(f"EntityDefinitions({told['MetadataId']})?$select=LogicalName")["LogicalName"] == "contact"
    rows = org.got(
        "EntityDefinitions?$select=EntitySetName&$filter=LogicalName eq 'lead' or LogicalName eq 'fax'"
    )
    assert sorted(row["EntitySetName"] for row in rows["value"]) == ["faxes", "leads"]
    with_keys = org.got(f"{CONTACT}?$select=LogicalName&$expand=Keys($select=LogicalName)")
    assert [one["LogicalName"] for one in with_keys["Keys"]] == ["fc_keykey"]


def test_what_columns_are(org: Any) -> None:
    """A column tells its type, whether it can be written, is required; lengths by its own type only."""
    select = "LogicalName,AttributeType,RequiredLevel,IsValidForCreate"
    rows = {row["LogicalName"]: row for row in _attributes(org, "phonecall", select=select)}
    assert rows["statecode"]["IsValidForCreate"] is False
    assert rows["subject"]["RequiredLevel"]["Value"] == "ApplicationRequired"
    assert rows["regardingobjectid"]["AttributeType"] == "Lookup"
    memos = _attributes(org, "phonecall", "MemoAttributeMetadata", "LogicalName,MaxLength")
    assert {row["LogicalName"]: row["MaxLength"] for row in memos} == {"description": 2000}
    texts = _attributes(org, "contact", "StringAttributeMetadata", "LogicalName,FormatName")
    formats = {row["LogicalName"]: row["FormatName"]["Value"] for row in texts}
    phones = ("telephone1", "telephone2", "telephone3", "mobilephone", "fax")
    assert {formats[name] for name in phones} == {"Phone"}
    assert {formats[f"emailaddress{number}"] for number in (1, 2, 3)} == {"Email"}
    assert formats["lastname"] == formats["fc_otherphones"] == "Text"
    lookups = _attributes(org, "contact", "LookupAttributeMetadata", "LogicalName,Targets")
    targets = {row["LogicalName"]: row["Targets"] for row in lookups}
    assert targets["parentcustomerid"] == ["account", "contact"]
    filtered = org.got(f"{CONTACT}/Attributes?$select=LogicalName&$filter=IsCustomAttribute eq true")["value"]
    assert {row["LogicalName"] for row in filtered} >= {"fc_key", "fc_placeholder"}
    assert all(row["LogicalName"].startswith("fc_") for row in filtered)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("EntityDefinitions(LogicalName='nothing')", 404),
        (f"{CONTACT}/Nothing", 404),
        (f"{CONTACT}/Attributes(LogicalName='nothing')", 404),
        (f"{CONTACT}/Attributes/Microsoft.Dynamics.CRM.Nothing", 404),
        (f"{CONTACT}/Attributes?$select=MaxLength", 400),
        (f"{CONTACT}?$select=Nothing", 400),
        (f"{CONTACT}?$orderby=LogicalName", 400),
        (f"{CONTACT}/Attributes?$filter=Nothing eq true", 400),
        (f"{CONTACT}/Attributes?$filter=startswith(LogicalName,'fc')", 400),
        ("EntityDefinitions(Name='contact')", 400),
    ],
)
def test_definitions_that_there_are_not(org: Any, path: str, status: int) -> None:
    """An unknown table, part, cast, property or option is refused; a length is told by its own type only."""
    assert org.refused("GET", path)[0] == status


def test_choices_tell_their_values(org: Any) -> None:
    """A choice's options come where they are expanded; a cast that fits no column is an empty list."""
    path = f"{CONTACT}/Attributes/Microsoft.Dynamics.CRM.StatusAttributeMetadata"
    (told,) = org.got(f"{path}?$select=LogicalName&$expand=OptionSet($select=Options)")["value"]
    assert [one["Value"] for one in told["OptionSet"]["Options"]] == [1, 2]
    assert "OptionSet" not in org.got(path)["value"][0]
    assert org.got(f"{CONTACT}/Attributes/Microsoft.Dynamics.CRM.MoneyAttributeMetadata")["value"] == []
    assert org.got(f"{CONTACT}/ManyToManyRelationships")["value"] == []


def test_columns_and_keys_are_taken_away_by_their_ids(org: Any) -> None:
    """As Microsoft's client does it; a key needs no label there."""
    made = org.ask("POST", f"{CONTACT}/Attributes", column("fc_More"))
    where = made.headers["OData-EntityId"].removeprefix(org.base)
    body = {"SchemaName": "fc_MoreKey", "KeyAttributes": ["fc_more"]}
    by_key = org.ask("POST", f"{CONTACT}/Keys", body).headers["OData-EntityId"].removeprefix(org.base)
    assert org.refused("DELETE", where)[0] == 400
    assert org.ask("DELETE", by_key).status_code == 204
    assert org.ask("DELETE", where).status_code == 204


def test_metadata_is_csdl(org: Any) -> None:
    """`$metadata` has every set, and the navigation properties of lookups and collections (apis A5)."""
    answer = org.ask("GET", "$metadata", Accept="application/xml")
    assert answer.headers["Content-Type"].startswith("application/xml")
    for part in (
        '<EntitySet Name="phonecalls"',
        '<NavigationProperty Name="parentcustomerid_account" Type="mscrm.account" />',
        '<NavigationProperty Name="phonecall_activity_parties" Type="Collection(mscrm.activityparty)" />',
        '<Property Name="_parentcustomerid_value" Type="Edm.Guid" />',
    ):
        assert part in answer.text
    sets = org.got("")["value"]
    assert {"contacts", "incidents", "faxes"} <= {one["name"] for one in sets}
