"""Before the first write: whether everything that we need is there in Clio, and making what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from firstcontact.connectors.clio import marks
from firstcontact.connectors.clio.client import TITLE, VERSION, Api, Refused
from firstcontact.connectors.clio.marks import CUSTOM_FIELDS, CustomFields
from firstcontact.connectors.contract import Diagnosis
from firstcontact.connectors.toolkit import clocks, own_fields

NEEDED = {
    "contacts": "contacts cannot be found or made",
    "users": "nobody of yours can be put onto calls",
    "communications": "calls, messages and mails cannot be logged",
    "calendar_entries": "meetings cannot be logged",
    "matters": "calls cannot be put onto matters",
    "relationships": "matters that a caller is related to are not seen",
    "activities": "time entries cannot be made",
    "documents": "faxes cannot be filed",
    "notes": "contacts of ours can neither be merged nor deleted",
    "tasks": "contacts of ours can neither be merged nor deleted",
    "custom_fields": "what we made cannot be told from what you made",
}
"""What is read, and what follows where it may not be."""
_OPTIONAL = frozenset({"relationships", "activities", "documents", "users", "notes", "tasks"})
_ASKED = {"notes": {"type": "Contact"}}
"""What a list cannot be asked for without."""


def examine(api: Api, custom: CustomFields) -> list[Diagnosis]:
    """One diagnosis each. Writes nothing. Raises TryAgain, AuthLapsed."""
    return [*_login(api), *_permissions(api), *_fields(custom), clocks.examined(TITLE, api.skew())]


def _login(api: Api) -> Iterator[Diagnosis]:
    try:
        me = api.one("users/who_am_i", "id,name,enabled,roles")
    except Refused as refused:
        yield Diagnosis(state="error", about="login", sentence=str(refused), remedy="Connect again.")
        return
    yield Diagnosis(
        state="ok",
        about="login",
        sentence=f"Logged in as {me.get('name') or me.get('id')}; {TITLE} speaks version {VERSION}.",
    )


def _permissions(api: Api) -> Iterator[Diagnosis]:
    """Clio tells what may be read."""
    return own_fields.permitted(
        NEEDED,
        _OPTIONAL,
        lambda resource: api.page(resource, "id", {"limit": 1, **_ASKED.get(resource, {})}),
        Refused,
        lambda resource: f"Allow {resource} for the application in Clio, and connect again.",
    )


def _fields(custom: CustomFields) -> Iterator[Diagnosis]:
    try:
        there = custom.all()
    except Refused:
        return  # said by its permission
    yield from own_fields.examined(there, CUSTOM_FIELDS, marks.KEY, "Clio")
    for field in there:
        if field.required and field.name not in CUSTOM_FIELDS:
            yield Diagnosis(
                state="warning",
                about=f"required custom field {field.name!r}",
                sentence="Contacts that we make have no value in it; Clio may refuse them.",
                remedy="Make it optional in Clio, or fill it in by hand on what `firstcontact stuck` shows.",
            )


def prepare(custom: CustomFields) -> Sequence[str]:
    """Makes our custom fields that are missing. Raises TryAgain, AuthLapsed, Rejected."""
    return own_fields.prepared(custom, Refused)
