"""The CRM's records as look-ups return them: facts, in one shape for every CRM.

Phones and e-mails are as the CRM stores them; `handles` are what `read_field` made of them in the
record's own country, so that a candidate can be verified without asking again. Times are integer
microseconds since 1970-01-01 UTC; 0 means that the CRM gave none.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from firstcontact.interactions.model import Handle

RecordType = Literal["contact", "lead"]


class MailingAddress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where post goes; what is not known is empty. street: with line ends. country: ISO 3166 code."""

    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A contact or a lead.

    name: as the CRM shows it; first_name and last_name may be empty while it is not.
    emails, phones: as stored, the main one first.
    handles: canonical forms of all of them.
    country: ISO country of the record, in which its numbers are read; empty: unknown.
    account: id of the account, empty where there is none. company: a lead's company text, or a contact's.
    mobiles: those of the phones that stand in a field for mobile numbers. mailing: None where there is none.
    converted_to: the contact a converted lead stands for.
    active: false for an archived record; it is a candidate only where no active one is.
    placeholder, created_by_us: marks FirstContact left on it.
    edited_by_person: a person changed it after our last write, as far as the CRM can tell.
    """

    type: RecordType
    id: str
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    handles: tuple[Handle, ...] = ()
    title: str = ""
    department: str = ""
    seniority: str = ""
    persona: str = ""
    mobiles: tuple[str, ...] = ()
    mailing: MailingAddress | None = None
    country: str = ""
    account: str = ""
    company: str = ""
    owner: str = ""
    created_at: int = 0
    last_activity_at: int = 0
    converted_to: str = ""
    active: bool = True
    placeholder: bool = False
    created_by_us: bool = False
    edited_by_person: bool = False


class Opportunity(msgspec.Struct, frozen=True):
    """An opportunity on an account; `roles` are ids of the contacts with a role on it."""

    id: str
    account: str
    name: str
    open: bool
    owner: str = ""
    roles: tuple[str, ...] = ()
    last_activity_at: int = 0


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account and what ranks it: whose it is, its domains, its opportunities.

    domains: canonical hosts; the first `primary_domains` of them come from the website field, the
        others are secondary. phones: canonical keys of its own numbers.
    website: the field as written, "" also where the CRM's connector does not tell it.
    not_theirs: hosts that an admin said are not the account's, whatever the CRM says.
    contacts: ids of its contacts are not held here, only how many there are on the domain.
    """

    id: str
    name: str
    domains: tuple[str, ...] = ()
    primary_domains: int = 0
    website: str = ""
    not_theirs: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    owner: str = ""
    team: tuple[str, ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
    contacts: int = 0
    last_activity_at: int = 0


class Matter(msgspec.Struct, frozen=True):
    """A matter, case or project of a contact."""

    id: str
    contact: str
    name: str
    open: bool
    opened_at: int = 0


class CrmUser(msgspec.Struct, frozen=True):
    """A user of the CRM; `email` ties it to one of ours where no map does."""

    id: str
    name: str = ""
    email: str = ""
    active: bool = True


FindStatus = Literal["found", "absent", "unknown"]


class Finding(msgspec.Struct, frozen=True):
    """What a look-up of one handle said (SPEC §2).

    `unknown`: the search failed, timed out, was cut by a page limit or covered only part of the record
    types; `why` says which. Only `absent` permits creation. `records` holds all candidates that the
    CRM returned, verified or not; verifying is the caller's.
    """

    status: FindStatus
    records: tuple[Record, ...] = ()
    why: str = ""


ABSENT = Finding("absent")
