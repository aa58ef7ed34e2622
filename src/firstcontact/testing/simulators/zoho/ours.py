"""Custom fields that FirstContact asks for, and how their values are read (names agreed with its README)."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.testing.simulators.zoho.schema import Field

KEY = "FirstContact_Key"
CREATED = "FirstContact_Created"
PLACEHOLDER = "FirstContact_Placeholder"
EDITED = "FirstContact_Edited"
INTERACTION = "FirstContact_Interaction"
OTHER_EMAILS = "FirstContact_Other_Emails"
OTHER_PHONES = "FirstContact_Other_Phones"
SENIORITY = "FirstContact_Seniority"
PERSONA = "FirstContact_Persona"
DOMAINS = "FirstContact_Domains"
TEAM = "FirstContact_Team"
INTERACTIONS = "FirstContact_Interactions"
DETAILS = "FirstContact_Details"
RECORDING = "FirstContact_Recording"
TRANSCRIPT = "FirstContact_Transcript"
WRITTEN = "FirstContact_Written"
REQUIRED = "Referral_Note"
"""A field of the organisation's own that its layout demands."""


def _text(name: str, length: int = 255, unique: bool = False) -> Field:
    comparing = "insensitive" if unique else ""
    return Field(name=name, label=name, type="text", length=length, custom=True, unique=comparing)


def _flag(name: str) -> Field:
    return Field(name=name, label=name, type="boolean", custom=True)


def _lines(name: str, length: int) -> Field:
    return Field(name=name, label=name, type="textarea", length=length, custom=True)


def ready(unique_activities: bool) -> Mapping[str, tuple[Field, ...]]:
    """The fields that are there with `fields: ready`, by module."""
    others = (_text(OTHER_EMAILS), _text(OTHER_PHONES))
    activity = (
        _text(KEY, 32, unique=unique_activities),
        _lines(INTERACTIONS, 2000),
        *(_text(name) for name in (DETAILS, RECORDING, TRANSCRIPT, WRITTEN)),
    )
    flags = (_flag(CREATED), _flag(PLACEHOLDER), _flag(EDITED))
    return {
        "Contacts": (
            _text(KEY, 32, unique=True),
            *flags,
            *(_text(name) for name in (INTERACTION, SENIORITY, PERSONA)),
            *others,
        ),
        "Leads": others,
        "Accounts": (_text(KEY, 32, unique=True), _text(DOMAINS), _text(TEAM)),
        **dict.fromkeys(("Calls", "Events", "Tasks"), activity),
    }


def parts(text: str | None) -> list[str]:
    """Values of a field that holds several, separated by `; `."""
    return [part.strip() for part in (text or "").split(";") if part.strip()]


def details(text: str | None) -> dict[str, str]:
    """`kind=call;seconds=60` as names and values."""
    pairs = (part.partition("=") for part in parts(text))
    return {name: value for name, _, value in pairs if value}
