"""`Decision`: the verdicts for one interaction, and the trace that says why.

`Reason.name` is a rule or reason name of SPEC §4, always in the same spelling. The sentence for each
is made by `explain`, from the name and the values, so that CLI, web page and API say the same.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["link", "link_lead", "create", "ask", "leave"]
ActivityVerdict = Literal["log", "log_unlinked", "ask", "skip"]
Effect = Literal["act", "note", "ask", "never", "log_unlinked", "skip"]
"""What a reason asked for. For people: `ask` or `never`; for the activity: `ask`, `log_unlinked`, `skip`;
`act`: it is why we act; `note`: worth knowing, changes nothing."""


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One rule that had something to say.

    name: `free_mail`, `missing_field:last_name` …; about: the person's subject (a handle key, or the raw
    text where there is no handle), empty for the activity; decisive: it made the verdict what it is;
    settled: a person's ruling set it aside; values: what it rests on, as (name, text) pairs.
    """

    name: str
    about: str
    effect: Effect
    decisive: bool = False
    settled: bool = False
    values: tuple[tuple[str, str], ...] = ()


class FieldChange(msgspec.Struct, frozen=True, gc=False):
    """A value to be written into a field of a contact, and what stood there before.

    field, value: as in `known.ObservedValue`. mode: the setting that says so, `new` for a new contact.
    ask: a person is asked first (`autonomy.enrich`).
    """

    field: str
    value: str
    before: str
    mode: str
    source: str
    ask: bool = False


class RoleVerdict(msgspec.Struct, frozen=True, gc=False):
    """A contact role to be made (SPEC §7). about: whose, as in `people`; contact: the record's id, "" where
    it is made by this decision. role: its name, mapped from the persona, or "". account, domain: as in
    `planning.write.ContactRoleFields`. ask: a person is asked first (`autonomy.contact_role`). name: the
    opportunity's. row, holders: the row of the table that it rests on, and who on the interaction has a role
    there (`policy.role_rows`)."""

    opportunity: str
    about: str
    contact: str
    role: str = ""
    account: str = ""
    domain: str = ""
    ask: bool = False
    name: str = ""
    row: str = ""
    holders: tuple[str, ...] = ()


class PersonVerdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is to be done about one outside person.

    about: handle key, or raw text. record: id of the contact or lead linked (`new:<write key>`: one that an
    earlier decision creates). first_name, last_name: for a creation or to fill a placeholder;
    placeholder: the contact is made without a real name, and shows as `name`, which for a link is the
    record's own. values of the new
    contact: emails, phones, title, account, account_domain (an account to be made for it), owner (CRM user).
    rename: the linked record takes the name. learn: the linked record takes the handle. changes: values of
    other fields that the new contact gets, or the linked one.
    candidates: ids a person may choose from. waits_for: topics whose news reopens this verdict.
    """

    about: str
    verdict: Verdict
    record: str = ""
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    name_source: str = ""
    placeholder: bool = False
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    title: str = ""
    contact_type: str = ""
    account: str = ""
    account_domain: str = ""
    owner: str = ""
    rename: bool = False
    learn: bool = False
    changes: tuple[FieldChange, ...] = ()
    candidates: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()


class TimeEntry(msgspec.Struct, frozen=True):
    """Time to be entered for the interaction: whole seconds, rounded as the settings say."""

    seconds: int
    billable: bool


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts of one interaction.

    people: one per outside person, in the order of the interaction. user: our user whose activity this is;
    crm_user: that user in the CRM. account: the account that the activity is logged on. direction: as
    given, else derived from who is ours. roles: contact roles to be made. retry: a look-up failed; decide
    again later.
    waits_for: topics whose news reopens the whole decision.
    """

    interaction: str
    at: int
    settings_version: str
    people: tuple[PersonVerdict, ...]
    activity: ActivityVerdict
    trace: tuple[Reason, ...]
    direction: str = ""
    user: str = ""
    crm_user: str = ""
    account: str = ""
    opportunity: str = ""
    matter: str = ""
    matter_candidates: tuple[str, ...] = ()
    time_entry: TimeEntry | None = None
    lead_source: str = ""
    roles: tuple[RoleVerdict, ...] = ()
    retry: bool = False
    waits_for: tuple[str, ...] = ()

    def reasons(self) -> frozenset[str]:
        """The names of all reasons in the trace."""
        return frozenset(reason.name for reason in self.trace)
