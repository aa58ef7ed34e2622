"""What is the same for every decision about one CRM connection: its capabilities and its users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from hashlib import sha256
from typing import Literal

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm
from firstcontact.identity.records import CrmUser
from firstcontact.identity.team import Team, User
from firstcontact.policy.known import CrmContext

_encoder = msgspec.json.Encoder(order="deterministic")

TiedBy = Literal["", "settings", "e-mail", "id"]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One of ours and who they are in the CRM: ids and names, crm_user "" for nobody. by: how they are tied.
    active: whether that user may own records. unknown: the id that the settings name, where nobody in the CRM
    has it."""

    user: str
    name: str
    by: TiedBy = ""
    crm_user: str = ""
    crm_name: str = ""
    active: bool = False
    unknown: str = ""


def crm_context(crm: Crm, team: Team) -> CrmContext:
    """Capabilities and users: our user is the CRM user that the settings name, else the one with one of the
    user's addresses, else the one with the same id (SPEC §6 "The right user")."""
    with crossing(Boundary.ASK_USERS):
        users = crm.users()
    tied = {user.id: found for user, found, _ in _tied(team, users) if found is not None}
    active = frozenset(user.id for user in users if user.active)
    return CrmContext(capabilities=crm.capabilities(), users=tied, active=active)


def who_is_who(crm: Crm, team: Team) -> tuple[Match, ...]:
    """Each of ours, and who they are in the CRM. Raises TryAgain, AuthLapsed."""
    with crossing(Boundary.ASK_USERS_TO_SHOW):
        users = crm.users()
    ids = {each.id for each in users}
    return tuple(
        Match(user=user.id, name=user.name, unknown=_unknown(user, ids))
        if found is None
        else Match(
            user=user.id,
            name=user.name,
            by=by,
            crm_user=found.id,
            crm_name=found.name,
            active=found.active,
            unknown=_unknown(user, ids),
        )
        for user, found, by in _tied(team, users)
    )


def _unknown(user: User, ids: Set[str]) -> str:
    return user.crm_user if user.crm_user not in ids else ""


def _tied(team: Team, users: Sequence[CrmUser]) -> list[tuple[User, CrmUser | None, TiedBy]]:
    by_id: Mapping[str, CrmUser] = {user.id: user for user in users}
    by_mail: dict[str, CrmUser] = {}
    for each in sorted(users, key=lambda user: user.active):  # of two with one address the active one
        if each.email:
            by_mail[each.email.lower()] = each
    return [(user, *_tie(user, by_id, by_mail)) for user in team.users]


def _tie(
    user: User, by_id: Mapping[str, CrmUser], by_mail: Mapping[str, CrmUser]
) -> tuple[CrmUser | None, TiedBy]:
    if user.crm_user and user.crm_user in by_id:
        return by_id[user.crm_user], "settings"
    for mail in user.emails:
        if mail in by_mail:
            return by_mail[mail], "e-mail"
    return (by_id[user.id], "id") if user.id in by_id else (None, "")


def digest(context: CrmContext) -> str:
    """The name under which the ledger keeps the context."""
    return sha256(_encoder.encode(context)).hexdigest()[:24]
