"""Host names in one form."""

from __future__ import annotations

import idna


def host_of(address: str) -> str:
    """The host of an e-mail address in canonical form (lower case, A-labels); "" where there is none."""
    return canonical_host(address.rpartition("@")[2]) if "@" in address else ""


def canonical_host(host: str) -> str:
    """The host in lower case, as A-labels, without a trailing dot; "" where it can be none (RFC 5890)."""
    host = host.strip().strip("<>\"' ").rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return ""


def under(host: str, table: frozenset[str]) -> bool:
    """Whether the host or any domain above it is in the table."""
    while host:
        if host in table:
            return True
        host = host.partition(".")[2]
    return False
