"""Looking before the first write, and making the fields that FirstContact keeps (apis A4; Zoho's page on
creating custom fields)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from firstcontact.connectors.contract import Diagnosis, Rejected, TryAgain
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.zoho import shapes as names
from firstcontact.connectors.zoho.client import Api, Row
from firstcontact.connectors.zoho.faults import SUCCESS, Refused, fault_of
from firstcontact.connectors.zoho.modules import Modules
from firstcontact.connectors.zoho.shapes import ACTIVITIES, TITLE, Module

UNIQUE = ("case_sensitive", "casesensitive")
"""How a field is made unique: the word of Zoho's specification, and that of its program library."""
_REMEDY = "`firstcontact doctor --fix` makes it, if our user may customise the module"


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A field of ours. needed: without it nothing is written into its module."""

    module: str
    name: str
    type: str = "text"
    length: int = 255
    unique: bool = False
    needed: bool = False

    @property
    def label(self) -> str:
        """What people see; Zoho makes the name from it."""
        return self.name.replace("_", " ")

    def body(self, unique: str) -> dict[str, Any]:
        """As it is asked for; unique: the word by which it is, "" for a field that is not."""
        body: dict[str, Any] = {"field_label": self.label, "data_type": self.type}
        if self.type == "textarea":
            body |= {"length": self.length, "textarea": {"type": "small"}}
        elif self.type == "text":
            body["length"] = self.length
        return {**body, "unique": {unique: False}} if unique else body


def _key(module: str) -> Own:
    return Own(module=module, name=names.KEY, length=32, unique=True, needed=True)


OWN = (
    _key("Contacts"),
    Own(module="Contacts", name=names.CREATED_BY_US, type="boolean"),
    Own(module="Contacts", name=names.PLACEHOLDER, type="boolean"),
    Own(module="Contacts", name=names.EDITED, type="boolean"),
    Own(module="Contacts", name=names.INTERACTION),
    Own(module="Contacts", name=names.OTHER_EMAILS),
    Own(module="Contacts", name=names.OTHER_PHONES),
    Own(module="Contacts", name=names.SENIORITY),
    Own(module="Contacts", name=names.PERSONA),
    _key("Accounts"),
    Own(module="Accounts", name=names.DOMAINS),
    Own(module="Accounts", name=names.TEAM),
    *(
        own
        for module in ACTIVITIES
        for own in (
            _key(module),
            Own(module=module, name=names.INTERACTIONS, type="textarea", length=2_000),
            Own(module=module, name=names.DETAILS),
            Own(module=module, name=names.RECORDING),
            Own(module=module, name=names.TRANSCRIPT),
            Own(module=module, name=names.WRITTEN),
        )
    ),
)

_GIVEN: Mapping[str, frozenset[str]] = {
    "Contacts": frozenset({"Last_Name", "Owner"}),
    "Accounts": frozenset({"Account_Name", "Owner"}),
    "Calls": frozenset({"Subject", "Call_Type", "Call_Start_Time", "Call_Duration", "Outbound_Call_Status",
                        "Owner"}),
    "Events": frozenset({"Event_Title", "Start_DateTime", "End_DateTime", "Owner"}),
    "Tasks": frozenset({"Subject", "Owner"}),
}  # fmt: skip
"""Required fields that every write of ours has."""
_LOGGED = {
    "Calls": "calls, which calls and voicemails are logged as",
    "Events": "events, which meetings are logged as",
    "Tasks": "tasks, which texts, faxes and e-mails are logged as",
}


# --- looking ------------------------------------------------------------------------------------


def examine(api: Api, modules: Modules) -> list[Diagnosis]:
    """As `Examined.examine`. Raises TryAgain, AuthLapsed, Refused."""
    said = [_login(api)]
    said += _permissions(_listed(api))
    found = {name: modules.of(name) for name in (*_GIVEN, "Leads", "Deals")}
    said += [_own_field(own, found[own.module]) for own in OWN]
    said += [_unique(found[name]) for name in _GIVEN if found[name].has(names.KEY)]
    said += [one for name, given in _GIVEN.items() for one in _required(found[name], given)]
    said += _credits(api)
    said.append(clocks.examined(TITLE, api.skew()))
    return said


def _login(api: Api) -> Diagnosis:
    me = api.listed("users", "users", {"type": "CurrentUser"})
    body = api.read("GET", "org") or {}
    org: Row = (body.get("org") or [{}])[0]
    license = org.get("license_details") or {}
    who = str(me[0].get("full_name") or me[0].get("email") or "our user") if me else "our user"
    edition = f", edition {license['paid_type']}" if license.get("paid_type") else ""
    sentence = f"We are {who} in {org.get('company_name') or 'the organisation'}{edition}."
    return Diagnosis(state="ok", about="login", sentence=sentence)


def _listed(api: Api) -> dict[str, Row]:
    body = api.read("GET", "settings/modules") or {}
    return {str(row.get("api_name")): row for row in body.get("modules") or ()}


def _permissions(listed: Mapping[str, Row]) -> list[Diagnosis]:
    said = [
        _permission(listed.get(name), name, what)
        for name, what in {"Contacts": "contacts", **_LOGGED}.items()
    ]
    for name, without in (
        ("Leads", "leads are not looked up"),
        ("Accounts", "no account is found or made"),
        ("Deals", "no deal is known"),
    ):
        row = listed.get(name)
        seen = row is not None and row.get("viewable", True)
        said.append(
            Diagnosis(
                state="ok" if seen else "warning",
                about=f"permission for {name}",
                sentence=f"Our user sees {name}." if seen else f"Our user does not see {name}: {without}.",
                remedy="" if seen else f"Let its profile view {name}, if you use them.",
            )
        )
    return said


def _permission(row: Row | None, name: str, what: str) -> Diagnosis:
    about = f"permission for {name}"
    if row is not None and row.get("creatable", True) and row.get("editable", True):
        return Diagnosis(state="ok", about=about, sentence=f"Our user may create and change {what}.")
    missing = "may not create or change" if row is not None else "does not see"
    return Diagnosis(
        state="error",
        about=about,
        sentence=f"Our user {missing} {what}.",
        remedy=f"Give its profile View, Create and Edit on {name}.",
    )


def _own_field(own: Own, module: Module) -> Diagnosis:
    about = f"field {own.module}.{own.name}"
    if module.takes(own.name):
        return Diagnosis(state="ok", about=about, sentence=f"The {about} is there for our user.")
    why = "cannot be written by our user" if module.has(own.name) else "is missing, or hidden from our user"
    remedy = f"{_REMEDY}; or make a field with the label {own.label!r}."
    state = "error" if own.needed and module.name != "Accounts" else "warning"
    return Diagnosis(
        state="error" if state == "error" else "warning",
        about=about,
        sentence=f"The {about} {why}.",
        remedy=remedy,
    )


def _unique(module: Module) -> Diagnosis:
    about = f"unique key of {module.name}"
    if module.unique(names.KEY):
        return Diagnosis(state="ok", about=about, sentence=f"No two records of {module.name} get one key.")
    sentence = f"{module.name} takes a key twice, so that it is looked for before each record is made."
    if module.name in ACTIVITIES:
        return Diagnosis(state="ok", about=about, sentence=sentence)
    remedy = f"Set 'Do not allow duplicate values' on the field {names.KEY} of {module.name}."
    return Diagnosis(state="warning", about=about, sentence=sentence, remedy=remedy)


def _required(module: Module, given: frozenset[str]) -> list[Diagnosis]:
    missing = [field for field in module.fields.values() if field.required and field.name not in given]
    said = [
        Diagnosis(
            state="warning",
            about=f"required field {module.name}.{field.name}",
            sentence=f"{TITLE} requires {field.label} ({field.name}) on every new record of {module.name}; "
            "writes without it are parked.",
            remedy="Make it optional, or give it a default value.",
        )
        for field in missing
        if field.writable
    ]
    if not said:
        sentence = f"A new record of {module.name} requires nothing that FirstContact does not give."
        said.append(Diagnosis(state="ok", about=f"required fields of {module.name}", sentence=sentence))
    return said


def _credits(api: Api) -> list[Diagnosis]:
    left = api.allowance()
    if left is None:
        return []
    sentence = f"{left.left} credits are left for the next 24 hours, for all applications together."
    low = left.left * 10 < left.limit
    remedy = "Find out what else uses the API, or buy more credits." if low else ""
    return [
        Diagnosis(state="warning" if low else "ok", about="API credits", sentence=sentence, remedy=remedy)
    ]


# --- making -------------------------------------------------------------------------------------


def prepare(api: Api, modules: Modules) -> list[str]:
    """As `Prepared.prepare`. Raises TryAgain, AuthLapsed, Rejected."""
    said: list[str] = []
    try:
        for own in OWN:
            module = modules.of(own.module)
            if module.fields and not module.has(own.name):
                said += _make(api, own)
    except Lost as lost:
        raise TryAgain(str(lost), AFTER_TROUBLE) from lost
    finally:
        modules.forget()
    return said


def _make(api: Api, own: Own) -> list[str]:
    """Makes a field; without its uniqueness, where the module does not take that."""
    refused = ""
    for unique in (*UNIQUE, "") if own.unique else ("",):
        refused = _asked(api, own, unique)
        if not refused:
            without = (
                ", which does not refuse a key that is there already" if own.unique and not unique else ""
            )
            return [f"The field {own.module}.{own.name} was made{without}."]
    raise Rejected(
        f"{TITLE} does not make the field {own.label!r} in {own.module}: {refused}. An administrator can, "
        f"under Setup, Modules and Fields: {_by_hand(own)}.",
        (own.name,),
    )


def _asked(api: Api, own: Own, unique: str) -> str:
    """Why it was not made; "" where it was."""
    request = {"params": {"module": own.module}, "json": {"fields": [own.body(unique)]}}
    try:
        body = api.write("POST", "settings/fields", **request)
    except Refused as refused:
        return str(refused.fault)
    results = (body or {}).get("fields") or [{}]
    return "" if results[0].get("code") == SUCCESS else str(fault_of(results[0]))


def _by_hand(own: Own) -> str:
    """What an administrator makes."""
    kinds = {"text": f"a single line of {own.length}", "boolean": "a checkbox", "textarea": "a multi-line"}
    unique = ", without duplicate values" if own.unique else ""
    return f"{kinds[own.type]} with the label {own.label!r}{unique}"
