"""PURE. The worries that may lower how freely we act: one short module per family of rules.

`ALWAYS` also hold for somebody the CRM already has; `CREATION` only matter where nobody was found and
the wish is to create; `NOTES` change nothing and are worth knowing. The order in the tuples is the
order in the trace, nothing else: no verdict depends on it.
"""

from __future__ import annotations

from firstcontact.policy.rules import account, engagement, fields, meeting, message, policy, records, subject
from firstcontact.policy.rules.said import PROHIBITIONS, CreationRule, Rule, Said

ALWAYS: tuple[Rule, ...] = (
    subject.no_usable_handle,
    subject.blocked,
    subject.suppressed,
    subject.resource,
)

CREATION: tuple[CreationRule, ...] = (
    policy.unknown_contact,
    policy.fax_never_creates,
    policy.logging_off,
    subject.role_address,
    subject.account_number,
    message.automated_sender,
    message.unauthenticated_sender,
    message.bulk_interaction,
    message.bcc_never_creates,
    message.cc_never_creates,
    meeting.declined,
    meeting.cancelled,
    message.free_mail,
    engagement.not_engaged,
    account.no_account_for_domain,
    account.account_deleted,
    account.account_ambiguous,
    account.user_not_on_account,
    fields.missing_field,
    policy.review_required,
    policy.brake,
    records.cannot_be_asked,
    records.becomes_lead,
)

NOTES: tuple[Rule, ...] = (records.lead_and_contact, records.handle_not_on_record)

PERSON_REASONS: tuple[str, ...] = (
    "ours",
    "no_usable_handle",
    "blocked",
    "suppressed",
    "resource",
    "role_address",
    "account_number",
    "automated_sender",
    "unauthenticated_sender",
    "bulk_interaction",
    "bcc_never_creates",
    "cc_never_creates",
    "declined",
    "cancelled",
    "forwarded",
    "free_mail",
    "not_engaged",
    "missing_field",
    "no_account_for_domain",
    "account_deleted",
    "account_ambiguous",
    "user_not_on_account",
    "lead_blocks_creation",
    "several_contacts",
    "lead_and_contact",
    "handle_not_on_record",
    "fax_never_creates",
    "unknown_contact",
    "review_required",
    "brake",
    "crm_cannot_be_asked",
    "becomes_lead",
    "enriched",
    "enrichment_asked",
    "enrichment_refused",
    "enrichment_older",
    "enrichment_shared",
    "enrichment_other_name",
    "enrichment_not_own",
    "edited_by_person",
    "contact_found",
    "lead_found",
    "ruling",
    "lookup_unknown",
    "not_known",
    "contact_role",
    "no_contact_role",
)
ACTIVITY_REASONS: tuple[str, ...] = (
    "logging_off",
    "internal_only",
    "nobody_of_ours",
    "nothing_to_log",
    "log_not_offered",
    "contact_required",
    "exclusive_contact_association",
    "unknown_contact",
    "matter_required",
    "several_matters",
    "several_contacts",
    "private",
    "draft",
    "partial",
    "already_logged",
    "removed",
    "blocked",
    "review_required",
    "by_hand",
    "no_crm_user",
    "no_contact_role",
)
RULE_NAMES: tuple[str, ...] = tuple(dict.fromkeys((*PERSON_REASONS, *ACTIVITY_REASONS)))
"""Every reason name a trace may hold, without the part after a colon."""

__all__ = [
    "ACTIVITY_REASONS",
    "ALWAYS",
    "CREATION",
    "NOTES",
    "PERSON_REASONS",
    "PROHIBITIONS",
    "RULE_NAMES",
    "CreationRule",
    "Rule",
    "Said",
]
