"""`Write`: one intended change of the CRM, as data, with its at-most-once name.

A write key is computed from the CRM connection, the kind, the interaction and the subject alone
(DESIGN §4), so the same facts always give the same key, in whichever worker, after whichever crash.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import msgspec

from firstcontact.identity.records import MailingAddress

WriteKind = Literal[
    "create_contact",
    "create_account",
    "update_contact",
    "log_activity",
    "update_activity",
    "delete_activity",
    "time_entry",
    "document",
    "contact_role",
    "remove_role",
    "merge_contacts",
    "delete_contact",
]
"""In the order of the waves: what is pointed at comes before what points at it, and what takes something
away comes last."""


class Existing(msgspec.Struct, frozen=True, tag="existing"):
    """A record that the CRM already has, by its id. `record`: contact, lead, account, activity."""

    record: str
    id: str


class CreatedBy(msgspec.Struct, frozen=True, tag="created_by"):
    """The record that another write of ours makes; its id is known when that write has a receipt."""

    write_key: str


Target = Existing | CreatedBy


class ContactFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="contact"):
    """Values for a contact; a field that is empty is not written (create) or not touched (update).

    owner: id of a CRM user; empty for a new contact: it is the connection's own user's.
    name: the full name shown, for a placeholder. emails, phones, mobiles: to add, in written form; mobiles go
    into a field for mobile numbers where there is one. mailing: the whole address, in place of another.
    main_email: this address becomes the main one, and is added where it is not there yet.
    without_emails, without_phones: addresses and numbers to be taken off the contact, from whichever field.
    Fields that the CRM does not have (`Capabilities.contact_fields`) are left out.
    interaction: id of the interaction that caused it. lead_source, placeholder, created_by_firstcontact
    are written where the CRM has a place for them.
    """

    first_name: str = ""
    last_name: str = ""
    name: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    mobiles: tuple[str, ...] = ()
    title: str = ""
    department: str = ""
    seniority: str = ""
    persona: str = ""
    mailing: MailingAddress | None = None
    main_email: str = ""
    without_emails: tuple[str, ...] = ()
    without_phones: tuple[str, ...] = ()
    company: str = ""
    account: Target | None = None
    owner: str = ""
    lead_source: str = ""
    contact_type: str = ""
    placeholder: bool | None = None
    created_by_firstcontact: bool | None = None
    interaction: str = ""


class AccountFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="account"):
    """Values for an account made from a domain (`account_match: create_account`)."""

    name: str
    domain: str
    owner: str = ""


class ActivityFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="activity"):
    """The CRM's record of an interaction.

    interactions: our ids it answers to (one; for texts, every message of the conversation and day).
    people: contacts and leads linked, the primary one first.
    at: microseconds UTC; seconds: duration. outcome: a call's result.
    """

    kind: str
    interactions: tuple[str, ...]
    at: int
    subject: str
    body: str = ""
    direction: str = ""
    outcome: str = ""
    seconds: int = 0
    people: tuple[Target, ...] = ()
    account: Target | None = None
    opportunity: str = ""
    matter: str = ""
    user: str = ""
    recording: str = ""
    transcript: str = ""


class TimeEntryFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="time_entry"):
    """Time spent on an interaction: whole seconds, already rounded as the settings say."""

    interaction: str
    activity: Target
    at: int
    seconds: int
    billable: bool
    user: str = ""
    matter: str = ""
    subject: str = ""


class DocumentFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="document"):
    """A file that belongs to an activity (a fax)."""

    interaction: str
    activity: Target
    name: str
    content_type: str = ""
    uri: str = ""


class ContactRoleFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="contact_role"):
    """A contact role on an opportunity (SPEC §7), to be made or taken away; never primary.

    account, domain: the opportunity's account and a domain that it is found by, for looking once more whether
    the opportunity is open before the role is made. row, holders: what the decision rested on, which must
    hold then, too (`policy.role_rows`); "" for a role that is only put back.
    """

    opportunity: str
    contact: Target
    role: str = ""
    account: str = ""
    domain: str = ""
    row: str = ""
    holders: tuple[str, ...] = ()


class MergeFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="merge"):
    """A contact that goes into the write's target: everything that belongs to it moves there, the target's
    values stay and its blanks are filled, and the contact is gone (SPEC §9)."""

    loser: Existing


Fields = (
    ContactFields
    | AccountFields
    | ActivityFields
    | TimeEntryFields
    | DocumentFields
    | ContactRoleFields
    | MergeFields
)


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One intended change.

    key: its at-most-once name. target: the record an update is about; None for something new.
    fields: the values; their type follows from `kind`. changed: for an update of an activity, the names
    of the fields that are new; the others are as we last wrote them and are not to be touched. For an update
    of a contact, the names of those that are set as they are given, to nothing too.
    """

    key: str
    kind: WriteKind
    interaction: str
    subject: str
    fields: Fields
    target: Existing | CreatedBy | None = None
    changed: tuple[str, ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """What the CRM answered to a write: the id of the record, and whether it was made or only changed."""

    key: str
    id: str
    created: bool
    at: int = 0


def write_key(connection: str, kind: str, interaction: str, subject: str) -> str:
    """The write's name: 32 hex digits from the four facts, each kept apart by a NUL."""
    facts = "\0".join((connection, kind, interaction, subject))
    return sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()[:32]
