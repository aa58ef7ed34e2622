"""One simulated org: its application, its desk, and the switches for its quirks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from firstcontact.testing.simulators.base import App, Simulator, SimulatorKind, Switches
from firstcontact.testing.simulators.salesforce import addresses, oauth, ours, records
from firstcontact.testing.simulators.salesforce.application import Application
from firstcontact.testing.simulators.salesforce.desk import Desk
from firstcontact.testing.simulators.salesforce.org import Org
from firstcontact.testing.simulators.salesforce.schema import Field

if TYPE_CHECKING:
    from firstcontact.testing.conformance.hands import Hands

QUIRKS: Mapping[str, str] = {
    "fields": "`ready`: our custom fields are there and granted; `missing`: they are not",
    "e164_finds_national": "SOSL: an international number finds a national one and the other way round",
    "composite_search": "whether a search may be a part of a composite request",
    "duplicates": "duplicate rules for contacts and leads: `off`, `alert`, `block`",
    "duplicate_key": "`duplicateResut`, as on the wire, or `duplicateResult`, as some stacks see it",
    "collections_name_duplicates": "whether an error in a collection carries the duplicate rule's result",
    "upsert_204": "an upsert that updates is answered 204, as by older versions",
    "what_with_lead": "an activity of a lead that has a WhatId, too: `refused` or `taken`",
    "country_picklists": "states and countries of addresses are lists, with codes",
    "modstamp": "SystemModstamp in `milliseconds`, each transaction's its own, or in `seconds`",
    "rotate_refresh_token": "a refresh gives a new refresh token, and the old one ends",
    "error_description": "in refused logins: `sometimes`, `always`, `never`",
    "enhanced_email": "EmailMessage is there",
    "account_teams": "AccountTeamMember is there",
    "opportunity_teams": "OpportunityTeamMember is there",
    "shared_activities": "TaskRelation, EventRelation and their junction lists are there",
    "activity_fields_on": "activities' custom fields are defined on `Activity`, or on `each` of Task, Event",
    "duplicate_developer_name_status": "HTTP status of DUPLICATE_DEVELOPER_NAME",
    "bulk_polls": "how often a bulk job is asked for before it is complete",
    "bulk_page": "the most rows of a page of bulk results",
    "validation": "validation rules: object to a list of `{blank, message}`: the field may not be blank",
    "required": "custom fields that every record must have: object to their names",
    "locks": "how many of the next writes of an object find its row locked",
}
DEFAULTS: Mapping[str, Any] = {"fields": "ready"}


class SalesforceSimulator:
    """One org in this process: empty but for its integration user and an administrator."""

    def __init__(self, now: Callable[[], int], switches: Switches) -> None:
        unknown = set(switches.quirks) - set(QUIRKS)
        if unknown:
            known = ", ".join(sorted(QUIRKS))
            raise ValueError(f"Salesforce has no quirk {sorted(unknown)[0]!r}; it has {known}")
        quirks = {**DEFAULTS, **switches.quirks}
        self.org = Org(now, {**quirks, "locks": dict(quirks.get("locks", {}))}, switches.lag)
        self._application = Application(self.org, threading.RLock())
        self.app: App = self._application.asgi
        self.people = Desk(self._application)
        """The desk, with what only Salesforce's people can do."""
        self.desk: Hands = self.people
        _furnish(self.org)

    @property
    def requests(self) -> int:
        """API calls as Salesforce counts them: a composite request is one, one that was refused counts."""
        return self._application.requests

    @requests.setter
    def requests(self, count: int) -> None:
        self._application.requests = count

    @property
    def service(self) -> Any:
        """The data API's state, for tests."""
        return self._application.service

    def revoke(self) -> None:
        """The administrator takes the permission away: no token is good, and none is given."""
        self._application.logins.expire()
        self._application.logins.revoked = True

    def restore(self) -> None:
        """The permission is given back."""
        self._application.logins.revoked = False

    def expire(self) -> None:
        """The sessions end; who logs in again has a new one."""
        self._application.logins.expire()

    def exhaust(self, seconds: float) -> None:
        """The daily limit is used up for that long."""
        self._application.exhausted_until = self.org.now() + round(seconds * 1000)

    def lock_rows(self, name: str, times: int) -> None:
        """The next writes of an object find its row locked."""
        self.org.quirks["locks"][name] = times


def _furnish(org: Org) -> None:
    """What every org has from its first day."""
    with org.transaction(""):
        profile = _row(org, "Profile", {"Name": "System Administrator", "UserType": "Standard"})
        common = {"ProfileId": profile, "IsActive": True, "UserType": "Standard"}
        api = {
            "LastName": "FirstContact",
            "FirstName": "Integration",
            "Alias": "firstc",
            "Email": oauth.USERNAME,
        }
        org.api_user = _row(
            org, "User", {**api, **common, "Username": oauth.USERNAME, "Name": "Integration FirstContact"}
        )
        admin = {"LastName": "Adams", "FirstName": "Robin", "Alias": "radams", "Email": "robin@firm.example"}
        org.person = _row(
            org, "User", {**admin, **common, "Username": "robin@firm.example", "Name": "Robin Adams"}
        )
        _row(org, "Organization", {"Name": "Firm", "OrganizationType": "Developer Edition"})
        owned = {"Name": "X00ex00000000001", "Label": "System Administrator", "IsOwnedByProfile": True}
        permissions = _row(org, "PermissionSet", {**owned, "ProfileId": profile})
        _row(org, "PermissionSetAssignment", {"AssigneeId": org.api_user, "PermissionSetId": permissions})
        for name in ("Contact", "Lead"):
            if org.quirks.get("duplicates", "off") != "off":
                rule = {
                    "DeveloperName": f"Standard_{name}_Duplicate_Rule",
                    "SobjectType": name,
                    "IsActive": True,
                }
                _row(org, "DuplicateRule", {**rule, "MasterLabel": f"Standard {name} Duplicate Rule"})
        if org.quirks.get("country_picklists"):
            for name in addresses.PREFIXES:
                org.add_fields(name, addresses.fields(name))
        if org.quirks["fields"] == "ready":
            _make_ready(org, permissions)
        for name, fields in org.quirks.get("required", {}).items():
            org.add_fields(name, tuple(_required(field) for field in fields))


def _required(name: str) -> Field:
    return Field(name=name, type="string", length=80, required=True, custom=True)


def _make_ready(org: Org, permissions: str) -> None:
    for name, fields in ours.READY.items():
        org.add_fields(name, fields)
        for field in fields:
            grant = {"ParentId": permissions, "SobjectType": name, "Field": f"{name}.{field.name}"}
            _row(org, "FieldPermissions", {**grant, "PermissionsRead": True, "PermissionsEdit": True})


def _row(org: Org, name: str, given: Mapping[str, Any]) -> str:
    id = org.new_id(name)
    row = {**records.blank(org, org.kinds[name]), **given, "Id": id}
    org.put(name, {**row, "CreatedById": org.api_user or id, "LastModifiedById": org.api_user or id})
    return id


def make(now: Callable[[], int], switches: Switches) -> Simulator:
    """A new org. Raises ValueError for a quirk that it does not know."""
    return SalesforceSimulator(now, switches)


def options(address: str) -> Mapping[str, str | int | bool]:
    """Options of a connection to an org at this address."""
    return {"login_url": address}


def credentials(address: str) -> Mapping[str, Mapping[str, str]]:
    """What a connection logs in with, by the name of its `Login`."""
    del address
    client = {"client_id": oauth.CLIENT_ID, "client_secret": oauth.CLIENT_SECRET}
    key = {"client_id": oauth.CLIENT_ID, "username": oauth.USERNAME, "private_key": oauth.key_pair()[0]}
    return {
        "client_credentials": {"login": "client_credentials", **client},
        "jwt": {"login": "jwt", **key},
        "refresh_token": {"login": "refresh_token", **client, "refresh_token": oauth.REFRESH_TOKEN},
    }


SIMULATOR = SimulatorKind(
    kind="salesforce", make=make, options=options, credentials=credentials, quirks=QUIRKS
)
