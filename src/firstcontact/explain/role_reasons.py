"""What the reasons about contact roles say: for each full name its meaning, sentence and next step."""

from __future__ import annotations

from collections.abc import Mapping

ROLE_REASONS: Mapping[str, tuple[str, str, str]] = {
    "contact_role:holder": (
        "Somebody on the interaction has a role on the opportunity, so the others of the account get one.",
        "{about} gets a role on the opportunity {opportunity}: somebody on it has one there.",
        "",
    ),
    "contact_role:first": (
        "The opportunity has no role, and no other opportunity is possible (`contact_roles_first`).",
        "{about} gets the first role on the opportunity {opportunity}, the only one that is possible.",
        "",
    ),
    "contact_role:new": (
        "Nobody on the interaction has a role on the opportunity, and it is the primary match "
        "(`contact_roles_new`).",
        "{about} gets a role on the opportunity {opportunity}, the primary match, on which others have one.",
        "",
    ),
    "no_contact_role:no_opportunity": (
        "The account has no open opportunity; on a closed one no role is made.",
        "No contact role: {account} has no open opportunity.",
        "",
    ),
    "no_contact_role:no_first": (
        "The opportunity has no role yet, and `contact_roles_first` is off.",
        "No contact role on {opportunity}: nobody has one there yet, and first roles are off.",
        "Give somebody a role in the CRM, or set `contact_roles_first = true`.",
    ),
    "no_contact_role:several_possible": (
        "The opportunity has no role yet, and it is not the only one that is possible.",
        "No first contact role on {opportunity}: it is not the only opportunity that is possible.",
        "Give somebody a role in the CRM.",
    ),
    "no_contact_role:no_holder": (
        "Nobody on the interaction has a role on the opportunity, and `contact_roles_new` is off.",
        "No contact role on {opportunity}: nobody on it has one there.",
        "Set `contact_roles_new = true`.",
    ),
    "no_contact_role:not_primary": (
        "Another opportunity is the primary match (most role holders on the interaction, then one that "
        "one of ours on it owns, then the latest activity).",
        "No contact role on {opportunity}: another opportunity is the better match.",
        'Set `contact_roles_several = "all_matched"` for a role on each that matches.',
    ),
    "no_contact_role:no_primary": (
        "Several opportunities are equal as the primary match.",
        "No contact role on {opportunity}: nothing tells which of several opportunities is meant.",
        'Set `contact_roles_several = "all_matched"`, or give the role in the CRM.',
    ),
    "no_contact_role:already": (
        "The contact has a role on the opportunity already, whoever made it.",
        "{about} has a role on {opportunity} already.",
        "",
    ),
    "no_contact_role:removed": (
        "The contact had a role on the opportunity once, and a person took it away: it is not made again.",
        "A person took away the role of {about} on {opportunity}; it is not made again.",
        "Give the role in the CRM if it should be there after all.",
    ),
    "no_contact_role:ruled": (
        "A person said that this role is not to be made.",
        "A person said that {about} gets no role on {opportunity}.",
        "Give the role in the CRM if it should be there after all.",
    ),
    "no_contact_role:lead": (
        "A lead has no contact role.",
        "{about} is a lead, and a lead has no contact role.",
        "Convert the lead in the CRM.",
    ),
    "no_contact_role:no_contact": (
        "The person is no contact, and does not become one by this decision.",
        "{about} gets no contact role without being a contact.",
        "",
    ),
    "no_contact_role:other_domain": (
        "The person's domain is not the account's.",
        "{about} gets no contact role: the address is not of {accounts}.",
        "Add the domain to the account in the CRM if it is one of the account's.",
    ),
    "no_contact_role:account_ambiguous": (
        "Several accounts have the person's domain, and nothing tells which is meant.",
        "{about} gets no contact role: several accounts have the domain: {accounts}.",
        "Take the domain off all accounts but one.",
    ),
    "no_contact_role:stopped": (
        "What keeps others from being created keeps a contact from a new role: a role address, a machine's "
        "mail, a sender who may be forged, a crowd, a blind copy, a meeting declined or cancelled.",
        "{about} gets no contact role: {rule}.",
        "",
    ),
}
