"""Worries about the account: none has the domain, several do, or none of ours has to do with it.

All are for mail and meetings, and for a domain that can name an account; on a free-mail domain `free_mail`
decides in place of them (SPEC §3).
"""

from __future__ import annotations

from firstcontact.policy.case import Person, holds
from firstcontact.policy.rules.said import Said


def no_account_for_domain(person: Person) -> Said | None:
    """`account_match: required` and no account has this domain."""
    if not _applies(person) or person.accounts or person.case.settings.account_match != "required":
        return None
    return Said("no_account_for_domain", "never", (("domain", _host(person)),))


def account_deleted(person: Person) -> Said | None:
    """An account had this domain and somebody took it away: it is not made again (SPEC §11)."""
    if not _applies(person) or person.accounts or _host(person) not in person.case.known.accounts_gone:
        return None
    return Said("account_deleted", "note", (("domain", _host(person)),))


def account_ambiguous(person: Person) -> Said | None:
    """Several accounts have this domain and rank equal: a person says which."""
    if not _applies(person) or len(person.accounts) < 2:
        return None
    names = ", ".join(account.name for account in person.accounts)
    return Said("account_ambiguous", "ask", (("domain", _host(person)), ("accounts", names)))


def user_not_on_account(person: Person) -> Said | None:
    """None of ours on the interaction holds one of `user_must_be` on the matched account."""
    wanted = person.case.settings.user_must_be
    if not wanted or not _applies(person):
        return None
    account = person.account
    if account is None:
        return None
    if any(set(wanted).intersection(holds(account, user)) for user in person.case.crm_users):
        return None
    return Said("user_not_on_account", "never", (("account", account.name), ("wanted", ", ".join(wanted))))


def _applies(person: Person) -> bool:
    return not person.case.is_phone and person.domain is not None and not person.domain.free_mail


def _host(person: Person) -> str:
    return person.domain.host if person.domain is not None else ""
