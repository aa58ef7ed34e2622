"""The team: who is ours. Built once from the settings, asked for every participant.

SPEC §1 "Ours and theirs": the users with all their addresses, numbers and extensions; every address on
one of the team's own domains; the team's lines. A free-mail domain is never the team's own, even where
a user's mailbox is there (Twenty #4008: others at that host are still outsiders).
"""

from __future__ import annotations

import msgspec


class User(msgspec.Struct, frozen=True):
    """One of ours. `emails` and `phones` are handle keys; `crm_user` an explicit map to a CRM user id."""

    id: str
    name: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    extension: str = ""
    crm_user: str = ""
    profile: str = ""
    timezone: str = ""
    reviewer: bool = True
    """Whether questions of the review queue may be put to this user."""


class Team(msgspec.Struct, frozen=True):
    """The team as the settings name it; `lines` are handle keys of shared numbers.

    fallback_user: id of the user that the activities of nobody in particular belong to.
    """

    region: str = "US"
    timezone: str = "UTC"
    domains: tuple[str, ...] = ()
    users: tuple[User, ...] = ()
    lines: tuple[str, ...] = ()
    fallback_user: str = ""
    mail_hosts: tuple[str, ...] = ()
    """Authserv-ids of the mailbox provider, beside the team's own domains."""
