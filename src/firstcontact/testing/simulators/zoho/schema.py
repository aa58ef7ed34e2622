"""Modules and their fields (apis A4, "Create / upsert", "Activities"; keys of recorded records)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

PHONES = ("phone",)
LONG = 32_000


class Field(msgspec.Struct, kw_only=True):
    """One field of a module.

    type: Zoho's `data_type`. length: characters. required: the system demands it. computed: nobody writes it.
    unique: `""`, or how letters are compared (`sensitive`, `insensitive`). external: `""`, `org` or `user`.
    module: what a look-up points at, `""` for any. picks: values of a picklist. shown: whether an answer
    without `fields` has it.
    """

    name: str
    type: str
    label: str = ""
    length: int = 0
    required: bool = False
    computed: bool = False
    custom: bool = False
    unique: str = ""
    external: str = ""
    module: str = ""
    picks: tuple[str, ...] = ()
    shown: bool = True
    id: str = ""


class Module(msgspec.Struct, kw_only=True):
    """One module: its fields by name, what the system takes for the same (apis A4: upsert), what names it,
    and what of its answers is neither a field nor known (`constants`)."""

    name: str
    fields: dict[str, Field]
    same: str = ""
    title: tuple[str, ...] = ()
    constants: Mapping[str, Any] = {}
    search: bool = True
    coql: bool = True
    custom_fields: bool = True

    def of_type(self, *types: str) -> list[Field]:
        """Fields of those types."""
        return [one for one in self.fields.values() if one.type in types]


def _field(name: str, type: str, length: int = 0, **more: Any) -> Field:
    return Field(name=name, type=type, length=length, label=name.replace("_", " "), **more)


def _texts(*names: str, length: int = 100) -> list[Field]:
    return [_field(name, "text", length) for name in names]


def _phones(*names: str) -> list[Field]:
    return [_field(name, "phone", 30) for name in names]


def _lookup(name: str, module: str, **more: Any) -> Field:
    return _field(name, "lookup", 120, module=module, **more)


def _pick(name: str, *picks: str, **more: Any) -> Field:
    return _field(name, "picklist", 120, picks=picks, **more)


def _made() -> list[Field]:
    times = [_field(name, "datetime", computed=True) for name in ("Created_Time", "Modified_Time")]
    people = [_field(name, "ownerlookup", computed=True) for name in ("Created_By", "Modified_By")]
    return [
        _field("id", "bigint", computed=True),
        _field("Owner", "ownerlookup", 120),
        *people,
        *times,
        _field("Tag", "tag", computed=True),
    ]


def _described() -> Field:
    return _field("Description", "textarea", LONG)


_APPROVAL = {"delegate": False, "takeover": False, "approve": False, "reject": False, "resubmit": False}
_STANDARD: Mapping[str, Any] = {
    "$approval": _APPROVAL,
    "$approval_state": "approved",
    "$approved": True,
    "$currency_symbol": "$",
    "$editable": True,
    "$field_states": None,
    "$in_merge": False,
    "$orchestration": False,
    "$process_flow": False,
    "$review": None,
    "$review_process": None,
    "$state": "save",
}
SOURCES = ("Advertisement", "Cold Call", "Employee Referral", "External Referral", "Web Research")
_PERSON = ("Email", "Secondary_Email")


def _person() -> list[Field]:
    return [
        _field("First_Name", "text", 40),
        _field("Last_Name", "text", 80, required=True),
        _field("Full_Name", "text", 121, computed=True),
        *[_field(name, "email", 100) for name in _PERSON],
        *_phones("Phone", "Mobile", "Fax"),
        _pick("Lead_Source", *SOURCES),
        _pick("Salutation", "Mr.", "Mrs.", "Ms."),
        _field("Email_Opt_Out", "boolean"),
        _field("Last_Activity_Time", "datetime", computed=True),
        _described(),
    ]


def _address(kind: str) -> list[Field]:
    return _texts(*(f"{kind}{part}" for part in ("Street", "City", "State", "Zip", "Country")), length=250)


def _contacts() -> Module:
    fields = [
        *_made(),
        *_person(),
        *_phones("Home_Phone", "Other_Phone", "Asst_Phone"),
        *_texts("Title", "Department", "Assistant", "Skype_ID"),
        _lookup("Account_Name", "Accounts"),
        _lookup("Reporting_To", "Contacts"),
        _field("Date_of_Birth", "date"),
        *_address("Mailing_"),
    ]
    return _module("Contacts", fields, same="Email", title=("First_Name", "Last_Name"))


def _leads() -> Module:
    fields = [
        *_made(),
        *_person(),
        _field("Company", "text", 200),
        *_texts("Designation", "Industry"),
        _pick("Lead_Status", "Attempted to Contact", "Contacted", "Not Contacted"),
        _field("Website", "website", 255),
        *_address(""),
        _field("Converted__s", "boolean", computed=True, shown=False),
        _lookup("Converted_Contact", "Contacts", computed=True, shown=False),
        _lookup("Converted_Account", "Accounts", computed=True, shown=False),
        _field("Converted_Date_Time", "datetime", computed=True, shown=False),
    ]
    return _module("Leads", fields, same="Email", title=("First_Name", "Last_Name"))


def _accounts() -> Module:
    fields = [
        *_made(),
        _field("Account_Name", "text", 200, required=True),
        _field("Website", "website", 255),
        *_phones("Phone", "Fax"),
        _pick("Account_Type", "Customer", "Partner", "Prospect"),
        _lookup("Parent_Account", "Accounts"),
        *_texts("Industry", "Account_Number"),
        *_address("Billing_"),
        _field("Last_Activity_Time", "datetime", computed=True),
        _described(),
    ]
    return _module("Accounts", fields, same="Account_Name", title=("Account_Name",))


STAGES = ("Qualification", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost")


def _deals() -> Module:
    fields = [
        *_made(),
        _field("Deal_Name", "text", 120, required=True),
        _pick("Stage", *STAGES, required=True),
        _field("Closing_Date", "date"),
        _field("Amount", "currency"),
        _field("Probability", "integer"),
        _lookup("Account_Name", "Accounts"),
        _lookup("Contact_Name", "Contacts"),
        _pick("Lead_Source", *SOURCES),
        _field("Last_Activity_Time", "datetime", computed=True),
        _described(),
    ]
    return _module("Deals", fields, same="Deal_Name", title=("Deal_Name",))


def _related() -> list[Field]:
    return [
        _lookup("Who_Id", "Contacts"),
        _lookup("What_Id", ""),
        _field("$se_module", "module"),
        _field("Last_Activity_Time", "datetime", computed=True),
        _described(),
    ]


def _calls() -> Module:
    fields = [
        *_made(),
        *_related(),
        _field("Subject", "text", 255, required=True),
        _pick("Call_Type", "Inbound", "Outbound", "Missed", required=True),
        _field("Call_Start_Time", "datetime", required=True),
        _field("Call_Duration", "duration", 20),
        _field("Call_Duration_in_seconds", "integer", computed=True),
        _pick("Call_Status", "Completed", "Missed", "Received", "Scheduled", computed=True),
        _pick("Outbound_Call_Status", "Completed", "Scheduled", shown=False),
        _pick("Call_Purpose", "Prospecting", "Administrative", "Negotiation", "Demo"),
        _pick("Call_Result", "Interested", "Not interested", "No response/Busy"),
        *_texts("Call_Agenda", "Caller_ID", "Dialled_Number", length=255),
        _field("Reminder", "datetime"),
    ]
    return _module("Calls", fields, title=("Subject",), more={"$calendar_booking_call": False})


_CHECK_IN = ("Address", "City", "Comment", "Country", "State", "Sub_Locality")


def _events() -> Module:
    fields = [
        *_made(),
        *_related(),
        _field("Event_Title", "text", 255, required=True),
        _field("Start_DateTime", "datetime", required=True),
        _field("End_DateTime", "datetime", required=True),
        _field("All_day", "boolean"),
        _field("Venue", "text", 255),
        _field("Participants", "jsonarray"),
        _field("Remind_At", "datetime"),
        _field("$send_notification", "boolean"),
        _pick("Check_In_Status", "PLANNED", computed=True),
    ]
    unknown = [f"Check_In_{part}" for part in (*_CHECK_IN, "By", "Time")]
    unknown += [
        "Latitude",
        "Longitude",
        "ZIP_Code",
        "Recurring_Activity",
        "$recurrence_id",
        "$meeting_details",
    ]
    more = {"$calendar_booking_event": False, "$u_id": "00000000-0000-4000-8000-000000000000"}
    return _module("Events", fields, title=("Event_Title",), more={**dict.fromkeys(unknown), **more})


def _tasks() -> Module:
    fields = [
        *_made(),
        *_related(),
        _field("Subject", "text", 255, required=True),
        _field("Due_Date", "date"),
        _pick("Status", "Not Started", "Deferred", "In Progress", "Completed", "Waiting for input"),
        _pick("Priority", "High", "Highest", "Low", "Lowest", "Normal"),
        _field("Remind_At", "datetime"),
        _field("Send_Notification_Email", "boolean"),
        _field("Closed_Time", "datetime", computed=True),
    ]
    return _module("Tasks", fields, title=("Subject",))


def _notes() -> Module:
    fields = [
        *_made(),
        _field("Note_Title", "text", 120),
        _field("Note_Content", "textarea", LONG, required=True),
        _lookup("Parent_Id", "", required=True),
        _field("$se_module", "module"),
    ]
    module = _module("Notes", fields, title=("Note_Title",))
    module.coql = module.custom_fields = module.search = False
    return module


def _attachments() -> Module:
    fields = [
        *_made(),
        _field("File_Name", "text", 255),
        _field("Size", "text", 20),
        _lookup("Parent_Id", ""),
        *[_field(name, "text", 255) for name in ("$se_module", "$file_id", "$type", "$link_url")],
    ]
    module = _module("Attachments", fields, title=("File_Name",))
    module.coql = module.custom_fields = module.search = False
    return module


def _module(
    name: str,
    fields: Sequence[Field],
    same: str = "",
    title: tuple[str, ...] = (),
    more: Mapping[str, Any] = {},
) -> Module:
    constants = {**_STANDARD, **more}
    return Module(
        name=name, fields={one.name: one for one in fields}, same=same, title=title, constants=constants
    )


ACTIVITIES = ("Calls", "Events", "Tasks")
NOT_RECORDS = ("Attachments",)
"""Modules that only stand below another record."""


def modules() -> dict[str, Module]:
    """All modules of a new organisation, without any custom field."""
    made = (
        _contacts(),
        _leads(),
        _accounts(),
        _deals(),
        _calls(),
        _events(),
        _tasks(),
        _notes(),
        _attachments(),
    )
    return {module.name: module for module in made}


def api_name(label: str) -> str:
    """What Zoho makes of a label: `FirstContact Key` is `FirstContact_Key`."""
    return re.sub(r"\W+", "_", label).strip("_")
