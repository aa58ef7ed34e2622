"""What is the same for every decision about one CRM connection: its capabilities and its users."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm
from firstcontact.identity.records import CrmUser
from firstcontact.identity.team import Team
from firstcontact.policy.known import CrmContext

_encoder = msgspec.json.Encoder(order="deterministic")


def crm_context(crm: Crm, team: Team) -> CrmContext:
    """Capabilities and users: our user is the CRM user that the settings name, else the one with one of the
    user's addresses, else the one with the same id (SPEC §6 "The right user")."""
    with crossing(Boundary.ASK_USERS):
        users = crm.users()
    by_id = {user.id: user for user in users}
    by_mail = {user.email.lower(): user for user in users if user.email}
    mapped: dict[str, CrmUser] = {}
    for user in team.users:
        found = by_id.get(user.crm_user) if user.crm_user else None
        if found is None:
            found = next((by_mail[mail] for mail in user.emails if mail in by_mail), by_id.get(user.id))
        if found is not None:
            mapped[user.id] = found
    active = frozenset(user.id for user in users if user.active)
    return CrmContext(capabilities=crm.capabilities(), users=mapped, active=active)


def digest(context: CrmContext) -> str:
    """The name under which the ledger keeps the context."""
    return sha256(_encoder.encode(context)).hexdigest()[:24]
