"""The effective settings of one interaction: every key of SPEC §3, resolved, with where it came from.

How scopes, presets and locks are folded into these values is in `policy.scopes`; the values' meaning,
types and built-in defaults are in `policy.schema`. This is only the result, as `decide` wants it:
frozen and complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from firstcontact.identity.team import Team
from firstcontact.policy.schema import BY_NAME

UnknownContact = Literal["create", "log_unlinked", "skip", "ask"]
SeveralContacts = Literal[
    "ask", "most_recent_activity", "earliest_created", "alphabetical", "log_unlinked", "skip"
]
AccountMatch = Literal["required", "optional", "create_account"]
Engagement = Literal["any", "outbound", "two_way"]
FreeMail = Literal["skip", "ask", "create"]
SeveralMatters = Literal["none", "most_recently_opened", "ask"]
EnrichMode = Literal["always", "if_empty", "ours_or_empty", "never"]
Autonomy = Literal["act", "ask"]


def _as_built_in(name: str) -> Any:
    """The built-in map of a setting, as the default of a field."""
    default = BY_NAME[name].default
    assert isinstance(default, Mapping)
    return msgspec.field(default_factory=lambda: dict(default))


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting as it applies to one interaction; the defaults are the built-in `standard`.

    origins: setting (or dotted map key) to the scope its value came from: `built-in`, `preset:NAME`,
        `organisation`, `connection:NAME`, `profile:NAME`, `user:ID`.
    version: digest of the settings text and team that these came from.
    """

    version: str = ""
    preset: str = "standard"
    team: Team = Team()
    origins: Mapping[str, str] = {}
    unknown_contact: Mapping[str, UnknownContact] = _as_built_in("unknown_contact")
    fax_may_create: bool = False
    exclusive_contact_association: bool = False
    several_contacts: SeveralContacts = "ask"
    placeholder_name: str = "Unknown Caller"
    log: Mapping[str, bool] = _as_built_in("log")
    """By kind; a kind that is not named is logged."""
    minimum_talk_seconds: int = 0
    internal_calls: bool = False
    blocked: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    required_fields: Mapping[str, tuple[str, ...]] = _as_built_in("required_fields")
    """By kind; a kind that is not named requires nothing. A plain list stands for e-mail and meetings."""
    account_match: AccountMatch = "optional"
    account_subdomains: bool = True
    user_must_be: tuple[str, ...] = ()
    engagement: Engagement = "two_way"
    cc_creates: bool = False
    max_external_people: int = 20
    max_external_domains: int = 5
    lead_blocks_creation: bool = True
    free_mail: FreeMail = "ask"
    matter_association: bool = True
    lead_source: str = "FirstContact"
    several_matters: SeveralMatters = "none"
    matter_creation: bool | None = None
    """None: true only where the CRM requires a matter."""
    time_entry: bool = True
    time_entry_billable: bool = False
    time_entry_rounding_minutes: int = 0
    owner: tuple[str, ...] = ("triggering_user", "account_owner", "integration_user")
    contact_roles: bool = False
    contact_roles_first: bool = False
    contact_roles_new: bool = False
    contact_roles_several: Literal["primary", "all_matched"] = "primary"
    contact_roles_by_persona: Mapping[str, str] = {}
    """By persona; the role of one that is not named stays blank."""
    enrich: Mapping[str, EnrichMode] = {}
    """By field; a field that is not named: `never` on people's records, `ours_or_empty` on ours."""
    classify: Mapping[str, EnrichMode] = _as_built_in("classify")
    autonomy: Mapping[str, Autonomy] = _as_built_in("autonomy")
    brakes_creates_per_hour: int = 500
    brakes_share_of_unknown: float = 0.9
    dedupe: bool = True
    dedupe_at: str = "03:00"
    body_days: int = 15
    """Retention of raw deliveries and bodies, in days (SPEC §10)."""
    metadata_days: int = 0
    """Retention of everything else, in days; 0: for good (`ledger.forgetting`)."""
    pending_days: int = 30
    """How long a person held for a missing field is tried again (SPEC §3 `required_fields`)."""

    def unknown_contact_for(self, path: tuple[str, ...]) -> UnknownContact:
        """The value for a dotted path such as ("call", "inbound", "missed"): the most specific key wins."""
        for length in range(len(path), 0, -1):
            value = self.unknown_contact.get(".".join(path[:length]))
            if value is not None:
                return value
        return self.unknown_contact.get("default", "create")


def of_then(then: Effective, now: Effective) -> Effective:
    """The settings of an earlier decision, for deciding again: "a change applies to new interactions only"
    (SPEC §3). The team is who they are now; whom `blocked` names now is blocked, also on what came before;
    and the brakes, which count over everything, are those of now."""
    return msgspec.structs.replace(
        then,
        team=now.team,
        blocked=tuple(dict.fromkeys((*then.blocked, *now.blocked))),
        brakes_creates_per_hour=now.brakes_creates_per_hour,
        brakes_share_of_unknown=now.brakes_share_of_unknown,
    )
