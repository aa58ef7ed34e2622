"""`Known`: everything that was looked up for one decision, frozen, with the time of looking.

It is stored with the decision, so that the decision can be computed again, exactly, next year. What is
in it never depends on settings (DESIGN §3 "Replay"), only on the interaction, the CRM and the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from firstcontact.identity.records import Account, CrmUser, FindStatus, Matter, Record
from firstcontact.planning.capabilities import Capabilities

NameSource = Literal["ruling", "header", "signature", "calendar", "typed", "caller_id"]
"""Where a name came from, the strongest first (SPEC §5 "Name")."""
NAME_SOURCES: tuple[NameSource, ...] = ("ruling", "header", "signature", "calendar", "typed", "caller_id")


class ObservedName(msgspec.Struct, frozen=True, gc=False):
    """A person's name as somebody wrote it: parsed, with where from, and in which interaction."""

    first: str
    last: str
    source: NameSource
    interaction: str = ""
    at: int = 0


ContactField = Literal[
    "title",
    "phone",
    "mobile",
    "first_name",
    "last_name",
    "email",
    "main_email",
    "department",
    "seniority",
    "persona",
    "mailing",
    "company",
]
"""What enrichment knows of a contact (SPEC §8). An owner is not among them."""


class ObservedValue(msgspec.Struct, frozen=True, gc=False):
    """A value of a person's field as an interaction said it.

    value: text; for `mailing` the address as JSON of `identity.records.MailingAddress`; for `email` an
    address of theirs beside the one that they wrote from. source: `signature`, `header`, `title` (worked out
    from it), `bounce` (then `email` is the address that takes no mail any more).
    """

    field: ContactField
    value: str
    source: str
    interaction: str
    at: int


class WrittenValue(msgspec.Struct, frozen=True, gc=False):
    """The value that we wrote last into a field of a record, and when what said it was."""

    record: str
    field: ContactField
    value: str
    at: int


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """A person's answer about one subject, remembered (SPEC §4).

    settles: the reasons it settles; `*` for a log by hand, which settles every doubt.
    choose: id of a contact or lead; create: make one, named so; neither: ignore.
    """

    about: str
    settles: tuple[str, ...]
    choose: str = ""
    create: bool = False
    first_name: str = ""
    last_name: str = ""
    contact_type: str = ""
    by: str = ""
    at: int = 0
    learn: bool = False
    """Logging by hand on a chosen contact teaches it the handle only when the user says so (SPEC §5)."""


class PersonFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is known of one handle.

    status: `found`, `absent`, `unknown` as the look-up said; `not_known`: it was never looked up.
    records: verified candidates that bear the handle. stray: ids of records that the CRM's search
        returned and that do not bear it.
    names: observed names, best first. observed: the newest value of each other field. written: what we wrote
        last into the fields of these records. of_others: those of the observed numbers and addresses that
        somebody else has, too. undeliverable: addresses of these records that take no mail any more.
        made: those of these records that we made, where the CRM does not tell. enriching: a person's answers
        about values (`policy.enrichment.subject`).
    suppressed: `deleted` (a person deleted the contact), `erased`, or `removed` (a person took back that we
        made it); empty: none of these.
    A record whose id is `new:<write key>` is one that an earlier decision is about to create.
    """

    status: FindStatus | Literal["not_known"]
    why: str = ""
    records: tuple[Record, ...] = ()
    stray: tuple[str, ...] = ()
    names: tuple[ObservedName, ...] = ()
    observed: tuple[ObservedValue, ...] = ()
    written: tuple[WrittenValue, ...] = ()
    of_others: tuple[str, ...] = ()
    undeliverable: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    enriching: Ruling | None = None
    suppressed: Literal["", "deleted", "erased", "removed"] = ""
    ruling: Ruling | None = None

    def value(self, field: ContactField) -> str:
        """The newest observed value of a field, "" where there is none."""
        return next((v.value for v in self.observed if v.field == field and v.source != "bounce"), "")


class ThreadMessage(msgspec.Struct, frozen=True, gc=False):
    """One message of the thread: who sent it (handle keys), whether a machine did, and which CRM records
    its people were linked to."""

    senders: tuple[str, ...]
    automated: bool = False
    linked: tuple[str, ...] = ()


class BrakeFacts(msgspec.Struct, frozen=True, gc=False):
    """What the brakes look at: creations in the last hour, of the last interactions how many met an unknown
    person, how many contacts the CRM holds (-1: not known) and held at most, whether this is a live delivery
    and whether a person has released the brake."""

    creates_last_hour: int = 0
    recent: int = 0
    recent_unknown: int = 0
    crm_contacts: int = -1
    crm_contacts_before: int = -1
    live: bool = False
    released: bool = False


class CrmContext(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for every decision about one connection; the ledger keeps it once per version.

    users: our user id to the CRM user that stands for it; a user without an entry has none.
    active: ids of the CRM's active users.
    """

    capabilities: Capabilities
    users: Mapping[str, CrmUser] = {}
    active: frozenset[str] = frozenset()


NO_CRM = CrmContext(capabilities=Capabilities(kind="none", title="no CRM"))
"""Stands for the context while a `Known` lies in the ledger, which keeps contexts apart."""


class Known(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything looked up for one decision.

    people: by handle key (participants without a handle need no look-up). accounts: those with a domain or
    number of somebody on the interaction. matters: of the found contacts. thread: messages of the
    conversation.
    by_hand: a user logs this interaction by hand; the user's id.
    accounts_gone: domains of people on it that an account once had, and none has now.
    logged_elsewhere: the CRM holds this interaction from another system.
    removed: what a person took back, and when: of people on it by handle key, its activity by "".
    roles_gone: (opportunity, contact) of roles that were there once and are not now. role_rulings: answers to
        questions about roles (`policy.contact_roles.role_subject`).
    """

    at: int
    connection: str
    crm: CrmContext = NO_CRM
    people: Mapping[str, PersonFacts] = {}
    accounts: tuple[Account, ...] = ()
    matters: tuple[Matter, ...] = ()
    thread: tuple[ThreadMessage, ...] = ()
    brake: BrakeFacts = BrakeFacts()
    by_hand: str = ""
    matter_ruling: str = ""
    log_ruling: str = ""
    """A person's word on logging it where `autonomy.log` asks: `yes`, `no`, "" where nobody has said."""
    logged_elsewhere: bool = False
    removed: Mapping[str, int] = {}
    accounts_gone: tuple[str, ...] = ()
    roles_gone: tuple[tuple[str, str], ...] = ()
    role_rulings: tuple[Ruling, ...] = ()


NOT_KNOWN = PersonFacts(status="not_known")
