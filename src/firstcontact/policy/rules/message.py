"""Worries about the message: machines, forged senders, crowds, and how a person came to be on it."""

from __future__ import annotations

from firstcontact.identity.team import Team
from firstcontact.interactions.model import Email
from firstcontact.policy.case import Person
from firstcontact.policy.rules.said import Said

MAILBOX_PROVIDERS: frozenset[str] = frozenset(
    {
        "mx.google.com",
        "mx.microsoft.com",
        "protection.outlook.com",
        "outlook.com",
        "mail.protection.outlook.com",
        "yahoo.com",
        "icloud.com",
        "fastmail.com",
        "messagingengine.com",
        "zoho.com",
        "zohomail.com",
        "protonmail.ch",
        "proton.me",
        "gmx.net",
        "mailbox.org",
    }
)
"""Authserv-ids (or their parent domains) under which mailbox providers write Authentication-Results."""


def automated_sender(person: Person) -> Said | None:
    """A machine sent it: nobody on it is created. List-Unsubscribe alone proves nothing (SPEC §4)."""
    signs = person.case.automated
    if not signs or person.allowed:
        return None
    return Said("automated_sender", "never", (("signs", ", ".join(signs)),))


def unauthenticated_sender(person: Person) -> Said | None:
    """Our own server says that the sender may be forged: DMARC failed, or without a DMARC result neither
    SPF nor DKIM passed (RFC 8601; only results of a server we trust count)."""
    interaction = person.case.interaction
    if not isinstance(interaction, Email) or person.case.sides.sender_is_ours:
        return None
    values = forged(interaction, person.case.settings.team)
    return Said("unauthenticated_sender", "never", values) if values else None


def forged(mail: Email, team: Team) -> tuple[tuple[str, str], ...]:
    """What our own server says for the sender not being genuine, () where it says nothing of the kind."""
    results = _trusted_results(mail, team)
    if not results:
        return ()
    dmarc = [result for method, result in results if method == "dmarc" and result != "none"]
    if dmarc:
        return (("dmarc", dmarc[0]),) if dmarc[0] in ("fail", "permerror") else ()
    if any(method in ("spf", "dkim") and result == "pass" for method, result in results):
        return ()
    return (("results", ", ".join(f"{method}={result}" for method, result in results)),)


def _trusted_results(mail: Email, team: Team) -> list[tuple[str, str]]:
    if not mail.signs.authentication:
        return []
    trusted = (*team.domains, *team.mail_hosts)

    def ours(server: str) -> bool:
        server = server.lower()
        if any(server == host or server.endswith("." + host) for host in trusted):
            return True
        return any(server == host or server.endswith("." + host) for host in MAILBOX_PROVIDERS)

    return [(method, result) for server, method, result in mail.signs.authentication if ours(server)]


def bulk_interaction(person: Person) -> Said | None:
    """More outside people or domains than set: log, create nobody."""
    case = person.case
    settings = case.settings
    if case.is_phone or person.allowed:
        return None
    if (
        case.outside_people <= settings.max_external_people
        and case.outside_domains <= settings.max_external_domains
    ):
        return None
    return Said(
        "bulk_interaction",
        "never",
        (("people", str(case.outside_people)), ("domains", str(case.outside_domains))),
    )


def bcc_never_creates(person: Person) -> Said | None:
    """Somebody in blind copy did not take part openly."""
    return Said("bcc_never_creates", "never") if person.role == "bcc" else None


def cc_never_creates(person: Person) -> Said | None:
    """Somebody in copy is created only where `cc_creates` is on."""
    if person.role != "cc" or person.case.settings.cc_creates:
        return None
    return Said("cc_never_creates", "never")


def free_mail(person: Person) -> Said | None:
    """A free-mail domain never names an account; for mail and meetings `free_mail` decides instead."""
    if person.domain is None or not person.domain.free_mail or person.case.is_phone or person.allowed:
        return None
    choice = person.case.settings.free_mail
    if choice == "create":
        return Said("free_mail", "note", (("domain", person.domain.host),))
    return Said("free_mail", "ask" if choice == "ask" else "never", (("domain", person.domain.host),))
