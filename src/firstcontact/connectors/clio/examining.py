"""Before the first write: whether everything that we need is there in Clio, and making what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from firstcontact.connectors.clio import marks
from firstcontact.connectors.clio.client import TITLE, VERSION, Api, Refused
from firstcontact.connectors.clio.marks import CUSTOM_FIELDS, CustomFields
from firstcontact.connectors.contract import Diagnosis, Rejected, TryAgain
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost

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
    """Clio tells what may be read; what may be written shows with the first write."""
    for resource, follows in NEEDED.items():
        about = f"permission for {resource}"
        try:
            api.page(resource, "id", {"limit": 1, **_ASKED.get(resource, {})})
        except Refused as refused:
            yield Diagnosis(
                state="warning" if resource in _OPTIONAL else "error",
                about=about,
                sentence=f"{refused}; so {follows}.",
                remedy=f"Allow {resource} for the application in Clio, and connect again.",
            )
        else:
            yield Diagnosis(state="ok", about=about, sentence=f"{resource} can be read.")


def _fields(custom: CustomFields) -> Iterator[Diagnosis]:
    try:
        there = {field.name: field for field in custom.all()}
    except Refused:
        return  # said by its permission
    for name, type in CUSTOM_FIELDS.items():
        about = f"custom field {name!r}"
        field = there.get(name)
        if field is None:
            needed = name == marks.KEY
            sentence = "It is not there" + ("; without it no contact is made." if needed else ".")
            yield Diagnosis(
                state="error" if needed else "warning",
                about=about,
                sentence=sentence,
                remedy="firstcontact doctor --fix makes it.",
            )
        elif field.type != type:
            yield Diagnosis(
                state="error" if name == marks.KEY else "warning",
                about=about,
                sentence=f"It is a {field.type}, and has to be a {type}.",
                remedy="Rename or delete it in Clio; firstcontact doctor --fix makes another.",
            )
        else:
            yield Diagnosis(state="ok", about=about, sentence="It is there.")
    for field in there.values():
        if field.required and field.name not in CUSTOM_FIELDS:
            yield Diagnosis(
                state="warning",
                about=f"required custom field {field.name!r}",
                sentence="Contacts that we make have no value in it; Clio may refuse them.",
                remedy="Make it optional in Clio, or fill it in by hand on what `firstcontact stuck` shows.",
            )


def prepare(custom: CustomFields) -> Sequence[str]:
    """Makes our custom fields that are missing. Raises TryAgain, AuthLapsed, Rejected."""
    try:
        there = {(field.name, field.type) for field in custom.all()}
        made: list[str] = []
        for name, type in CUSTOM_FIELDS.items():
            if (name, type) not in there:
                custom.make(name)
                made.append(f"Made the custom field {name!r} of contacts.")
    except Refused as refused:
        raise Rejected(str(refused)) from refused
    except Lost as lost:
        raise TryAgain(f"{lost} Look again what is there.", AFTER_TROUBLE) from lost
    finally:
        custom.forget()
    return made
