"""Contact roles as writes: one for each role of a decision that no person is asked about (SPEC §7)."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.planning.write import ContactRoleFields, Existing, Target, Write, write_key
from firstcontact.policy.contact_roles import role_subject
from firstcontact.policy.decision import Decision, RoleVerdict


def role_writes(decision: Decision, connection: str, contacts: Mapping[str, Target]) -> tuple[Write, ...]:
    """The writes that make the decision's roles. contacts: what each person is in the CRM, or will be."""
    return tuple(
        _write(decision, connection, role, contacts[role.about])
        for role in decision.roles
        if not role.ask and role.about in contacts
    )


def _write(decision: Decision, connection: str, role: RoleVerdict, contact: Target) -> Write:
    """Named after opportunity and person alone: whichever interaction wants the role, it is one write."""
    who = contact.id if isinstance(contact, Existing) else role.about
    return Write(
        key=write_key(connection, "contact_role", "", f"{role.opportunity} {who}"),
        kind="contact_role",
        interaction=decision.interaction,
        subject=role_subject(role.opportunity, role.about),
        fields=ContactRoleFields(
            opportunity=role.opportunity,
            contact=contact,
            role=role.role,
            account=role.account,
            domain=role.domain,
            row=role.row,
            holders=role.holders,
        ),
    )
