"""Before the first write: whether everything that we need is there in Lawmatics, and making what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from firstcontact.connectors.contract import Diagnosis
from firstcontact.connectors.lawmatics import marks
from firstcontact.connectors.lawmatics.client import TITLE, Api, Refused
from firstcontact.connectors.lawmatics.mapping import attributes
from firstcontact.connectors.lawmatics.marks import CUSTOM_FIELDS, CustomFields
from firstcontact.connectors.toolkit import clocks, own_fields

NEEDED = {
    "contacts": "contacts cannot be found or made",
    "users": "nobody of yours can be put onto meetings and time entries",
    "prospects": "calls cannot be put onto matters",
    "interactions": "calls cannot be logged on matters",
    "notes": "calls and mails cannot be logged on contacts",
    "events": "meetings cannot be logged",
    "phone_numbers": "only a contact's main number is seen",
    "email_addresses": "only a contact's main address is seen",
    "time_entries": "time entries cannot be made",
    "files": "files cannot be put beside calls and faxes",
    "custom_fields": "what we made cannot be told from what you made",
}
"""What is read, and what follows where it may not be."""
_OPTIONAL = frozenset({"users", "prospects", "events", "time_entries", "files"})
_NOTES = "notes on contacts"


def examine(api: Api, custom: CustomFields, *, create_prospects: bool) -> list[Diagnosis]:
    """One diagnosis each. Writes nothing. Raises TryAgain, AuthLapsed."""
    return [
        *_login(api),
        *_permissions(api),
        *_fields(custom),
        _notes(api, create_prospects=create_prospects),
        clocks.examined(TITLE, api.skew()),
    ]


def _login(api: Api) -> Iterator[Diagnosis]:
    try:
        me = attributes(api.one("users/me"))
    except Refused as refused:
        yield Diagnosis(state="error", about="login", sentence=str(refused), remedy="Connect again.")
        return
    yield Diagnosis(state="ok", about="login", sentence=f"Logged in as {me.get('name') or me.get('email')}.")


def _permissions(api: Api) -> Iterator[Diagnosis]:
    """There are no scopes."""
    return own_fields.permitted(
        NEEDED,
        _OPTIONAL,
        lambda resource: api.page(resource, {}),
        Refused,
        lambda resource: f"Connect as a user who may see {resource} in Lawmatics.",
    )


def _fields(custom: CustomFields) -> Iterator[Diagnosis]:
    try:
        there = custom.all()
    except Refused:
        return  # said by its permission
    yield from own_fields.examined(there, CUSTOM_FIELDS, marks.KEY, TITLE)


def _notes(api: Api, *, create_prospects: bool) -> Diagnosis:
    """Nothing published says whether contacts take notes (apis N). To try it would be to write, so it is
    looked whether some contact has one."""
    without = (
        "where it does not, an activity goes onto the contact's newest open matter, and where there is none "
        + (
            "one is made, which sets off the firm's automations."
            if create_prospects
            else "it waits for you (`firstcontact stuck`)."
        )
    )
    asked = {"filter_by": "notable_type", "filter_on": "Contact"}
    for parameters in (asked, {"fields": "all"}):
        try:
            rows = api.page("notes", parameters).rows
        except Refused:
            continue
        if parameters is asked and rows:
            return Diagnosis(state="ok", about=_NOTES, sentence="There are notes on contacts.")
        links = [(row.get("relationships") or {}).get("notable") or {} for row in rows]
        if any((link.get("data") or {}).get("type") == "contact" for link in links):
            return Diagnosis(state="ok", about=_NOTES, sentence="There are notes on contacts.")
    return Diagnosis(
        state="warning",
        about=_NOTES,
        sentence=f"Whether {TITLE} takes them shows with the first call logged on a contact; {without}",
        remedy=""
        if create_prospects
        else "Nothing, or the option create_prospects = true (see the README first).",
    )


def prepare(custom: CustomFields) -> Sequence[str]:
    """Makes our custom fields that are missing. Raises TryAgain, AuthLapsed, Rejected."""
    return own_fields.prepared(custom, Refused)
