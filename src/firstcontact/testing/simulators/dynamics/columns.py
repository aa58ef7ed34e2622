"""Our own columns and keys, as the connector's set-up makes them (README.md)."""

from __future__ import annotations

from firstcontact.testing.simulators.dynamics.metadata import metadata_id
from firstcontact.testing.simulators.dynamics.schema import Column
from firstcontact.testing.simulators.dynamics.state import Key, State
from firstcontact.testing.simulators.dynamics.tables import ACTIVITIES

CONTACT = {
    "fc_Key": 100,
    "fc_CreatedBy": 100,
    "fc_Placeholder": 10,
    "fc_Edited": 10,
    "fc_Interaction": 850,
    "fc_LeadSource": 200,
    "fc_OtherEmails": 2000,
    "fc_OtherPhones": 2000,
    "fc_Seniority": 100,
    "fc_Persona": 100,
}
ACCOUNT = {"fc_Key": 100, "fc_Domains": 2000}
ACTIVITY = {
    "fc_Key": 100,
    "fc_Interactions": 4000,
    "fc_Kind": 20,
    "fc_Result": 100,
    "fc_Seconds": 20,
    "fc_Direction": 20,
    "fc_At": 40,
    "fc_Recording": 2000,
    "fc_Transcript": 2000,
    "fc_Written": 500,
    "fc_Links": 2000,
}
OURS = {"contact": CONTACT, "account": ACCOUNT, **dict.fromkeys(ACTIVITIES, ACTIVITY)}
"""Texts by table, with how long they may be."""
KEY = "fc_KeyKey"


def make_ours(state: State) -> None:
    """The columns and keys are there, the keys' indexes too."""
    for table, columns in OURS.items():
        for name, most in columns.items():
            column = Column(
                name=name.lower(), type="String", most=most, custom=True, schema_name=name, label=name
            )
            state.add_column(table, column)
        key = Key(
            id=metadata_id(table, "key", KEY),
            name=KEY.lower(),
            schema_name=KEY,
            label="FirstContact key",
            columns=("fc_key",),
            active=state.clock(),
        )
        state.add_key(table, key)
