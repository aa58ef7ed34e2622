"""Zoho's own client library, the SDK for v8, works against the simulator."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.coql import BodyWrapper as CoqlBody
from zohocrmsdk.src.com.zoho.crm.api.coql import CoqlOperations
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.exception import SDKException
from zohocrmsdk.src.com.zoho.crm.api.record import (
    BodyWrapper,
    GetDeletedRecordsParam,
    GetRecordsParam,
    Record,
    RecordOperations,
    SearchRecordsParam,
)
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig
from zohocrmsdk.src.com.zoho.crm.api.users import GetUsersParam, UsersOperations
from zohocrmsdk.src.com.zoho.crm.api.util import Choice


@pytest.fixture
def sdk(firms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A firm that the library is logged in at by a refresh token; what it keeps is in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    firm = firms(fields="missing")
    kept = firm.kept
    token = OAuthToken(
        client_id=kept["client_id"],
        client_secret=kept["client_secret"],
        refresh_token=kept["refresh_token"],
        find_user=False,
    )
    Initializer.initialize(
        environment=DataCenter.Environment(firm.url, f"{firm.url}/oauth/v2/token", firm.url),
        token=token,
        store=FileStore(file_path=str(tmp_path / "tokens.txt")),
        sdk_config=SDKConfig(auto_refresh_fields=True, pick_list_validation=False),
        resource_path=str(tmp_path),
    )
    return firm


def body(*rows: dict[str, Any]) -> BodyWrapper:
    """Records as the library sends them, workflows left out."""
    records = []
    for row in rows:
        record = Record()
        for name, value in row.items():
            record.add_key_value(name, value)
        records.append(record)
    wrapper = BodyWrapper()
    wrapper.set_data(records)
    wrapper.set_trigger([])
    return wrapper


def params(given: dict[Any, str]) -> ParameterMap:
    """Parameters as the library sends them."""
    found = ParameterMap()
    for name, value in given.items():
        found.add(name, value)
    return found


def test_records(sdk: Any) -> None:
    """Insert with a result each, list, search with and without a hit, upsert, read, delete."""
    contacts, none = RecordOperations("Contacts"), HeaderMap()
    jo = {"Last_Name": "Diaz", "Email": "jo@acme.example", "Phone": "4155550101"}
    made = contacts.create_records(body(jo, {"First_Name": "No"}), none)
    assert made.get_status_code() == 207
    done, refused = made.get_object().get_data()
    assert (done.get_code().get_value(), refused.get_code().get_value()) == ("SUCCESS", "MANDATORY_NOT_FOUND")
    id = int(done.get_details()["id"])
    (listed,) = (
        contacts.get_records(params({GetRecordsParam.fields: "Last_Name,Owner"}), none)
        .get_object()
        .get_data()
    )
    assert (listed.get_id(), listed.get_key_value("Owner").get_name()) == (id, "First Contact")
    found = contacts.search_records(params({SearchRecordsParam.phone: "4155550101"}), none)
    assert [one.get_id() for one in found.get_object().get_data()] == [id]
    nobody = contacts.search_records(params({SearchRecordsParam.email: "nobody@acme.example"}), none)
    assert (nobody.get_status_code(), nobody.get_object()) == (204, None)
    (again,) = contacts.upsert_records(body({**jo, "Title": "CFO"}), none).get_object().get_data()
    assert (again.get_action().get_value(), again.get_duplicate_field()) == ("update", "Email")
    (read,) = contacts.get_record(id, ParameterMap(), none).get_object().get_data()
    assert (read.get_key_value("Title"), read.get_key_value("Email")) == ("CFO", jo["Email"])
    assert sdk.simulator.fired == []
    assert contacts.delete_record(id, ParameterMap(), none).get_status_code() == 200
    asked = params({GetDeletedRecordsParam.type: "all"})
    (gone,) = contacts.get_deleted_records(asked, none).get_object().get_data()
    assert gone.get_id() == id


def test_queries_calls_and_users(sdk: Any) -> None:
    """A query, a call on a contact, the users."""
    contact = Record()
    contact.set_id(int(sdk.desk.add("contact", {"last_name": "Diaz", "emails": ["jo@acme.example"]})))
    query = CoqlBody()
    query.set_select_query("select Last_Name from Contacts where Email = 'jo@acme.example'")
    (row,) = CoqlOperations().get_records(query).get_object().get_data()
    assert (row.get_id(), row.get_key_value("Last_Name")) == (contact.get_id(), "Diaz")
    call = {"Subject": "Call", "Call_Type": Choice("Inbound"), "Call_Duration": "06:12", "Who_Id": contact}
    call["Call_Start_Time"] = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert RecordOperations("Calls").create_records(body(call), HeaderMap()).get_status_code() == 201
    assert sdk.only("activities")["seconds"] == 372
    users = UsersOperations().get_users(params({GetUsersParam.type: "AllUsers"}), HeaderMap())
    assert [one.get_full_name() for one in users.get_object().get_users()] == ["First Contact", "Pat Page"]


def test_a_revoked_login(sdk: Any) -> None:
    """The library says that it is over."""
    sdk.simulator.revoke()
    with pytest.raises(SDKException):
        RecordOperations("Contacts").get_record(1, ParameterMap(), HeaderMap())
