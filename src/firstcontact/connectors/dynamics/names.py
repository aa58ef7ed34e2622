"""PURE. Tables of Dataverse, and the columns of ours in them (apis A5)."""

from __future__ import annotations

from collections.abc import Mapping

TITLE = "Microsoft Dynamics 365"

SETS: Mapping[str, str] = {
    "contact": "contacts",
    "lead": "leads",
    "account": "accounts",
    "phonecall": "phonecalls",
    "email": "emails",
    "appointment": "appointments",
    "fax": "faxes",
    "task": "tasks",
    "opportunity": "opportunities",
    "incident": "incidents",
    "annotation": "annotations",
    "systemuser": "systemusers",
    "team": "teams",
}
"""The name of a table in addresses."""

KEY = "fc_key"
CREATED_BY = "fc_createdby"
PLACEHOLDER = "fc_placeholder"
EDITED = "fc_edited"
INTERACTION = "fc_interaction"
LEAD_SOURCE = "fc_leadsource"
OTHER_EMAILS = "fc_otheremails"
OTHER_PHONES = "fc_otherphones"
SENIORITY = "fc_seniority"
PERSONA = "fc_persona"
DOMAINS = "fc_domains"
INTERACTIONS = "fc_interactions"
KIND = "fc_kind"
RESULT = "fc_result"
SECONDS = "fc_seconds"
DIRECTION = "fc_direction"
AT = "fc_at"
RECORDING = "fc_recording"
TRANSCRIPT = "fc_transcript"
WRITTEN = "fc_written"
LINKS = "fc_links"

OURS = "FirstContact"
"""What stands in `fc_createdby` of a record that we made."""
YES = "yes"
CONTINUED = "FirstContact: continued"
"""The subject of a note with the rest of a description."""
FILE = "FirstContact file"
"""The subject of a note that holds a file."""

ACTIVITIES = ("phonecall", "email", "appointment", "fax", "task")
TABLE_OF_KIND: Mapping[str, str] = {
    "call": "phonecall",
    "voicemail": "phonecall",
    "sms": "task",
    "fax": "fax",
    "email": "email",
    "meeting": "appointment",
}

_CONTACT = (
    (KEY, "fc_Key", "FirstContact key", 100),
    (CREATED_BY, "fc_CreatedBy", "Created by FirstContact", 100),
    (PLACEHOLDER, "fc_Placeholder", "FirstContact placeholder", 10),
    (EDITED, "fc_Edited", "FirstContact edited by a person", 10),
    (INTERACTION, "fc_Interaction", "FirstContact interaction", 850),
    (LEAD_SOURCE, "fc_LeadSource", "FirstContact lead source", 200),
    (OTHER_EMAILS, "fc_OtherEmails", "FirstContact other e-mails", 2000),
    (OTHER_PHONES, "fc_OtherPhones", "FirstContact other phones", 2000),
    (SENIORITY, "fc_Seniority", "FirstContact seniority", 100),
    (PERSONA, "fc_Persona", "FirstContact persona", 100),
)
_ACCOUNT = (
    (KEY, "fc_Key", "FirstContact key", 100),
    (DOMAINS, "fc_Domains", "FirstContact domains", 2000),
)
_ACTIVITY = (
    (KEY, "fc_Key", "FirstContact key", 100),
    (INTERACTIONS, "fc_Interactions", "FirstContact interactions", 4000),
    (KIND, "fc_Kind", "FirstContact kind", 20),
    (RESULT, "fc_Result", "FirstContact result", 100),
    (SECONDS, "fc_Seconds", "FirstContact seconds", 20),
    (DIRECTION, "fc_Direction", "FirstContact direction", 20),
    (AT, "fc_At", "FirstContact time", 40),
    (RECORDING, "fc_Recording", "FirstContact recording", 2000),
    (TRANSCRIPT, "fc_Transcript", "FirstContact transcript", 2000),
    (WRITTEN, "fc_Written", "FirstContact written", 500),
    (LINKS, "fc_Links", "FirstContact links", 2000),
)
OWN: Mapping[str, tuple[tuple[str, str, str, int], ...]] = {
    "contact": _CONTACT,
    "account": _ACCOUNT,
    **dict.fromkeys(ACTIVITIES, _ACTIVITY),
}
"""By table, our columns: logical name, schema name, label, length. A Dataverse row is limited to 8,060 bytes
in SQL Server's page only for what does not overflow; texts do."""
KEY_SCHEMA = "fc_KeyKey"
KEY_NAME = "fc_keykey"
"""Our alternate key, on `fc_key` alone; the same name in each table."""

DESCRIBED = ("contact", "lead", "account", *ACTIVITIES)
"""Tables whose columns are read."""


def id_of(table: str) -> str:
    """The column that holds a row's id."""
    return "activityid" if table in ACTIVITIES else f"{table}id"
