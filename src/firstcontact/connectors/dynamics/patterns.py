"""PURE. Filters that find every writing of a handle; what else they let through is verified (SPEC §2).

A filter of Dataverse compares texts as they are stored, in either case; `%` within its value stands for
anything (docs: wildcard-characters). Where it does not, usual writings are asked for one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from firstcontact.connectors.dynamics import odata
from firstcontact.connectors.dynamics.names import OTHER_EMAILS
from firstcontact.connectors.dynamics.shapes import Environment, Table
from firstcontact.connectors.toolkit.spellings import host_spellings, spellings
from firstcontact.identity.domains import is_free_mail
from firstcontact.interactions.handles import read_handle

_BETWEEN = (" ", "-", ".")
Condition = tuple[str, int]
"""A condition, and how many comparisons are in it."""


def phone(key: str, table: Table, environment: Environment) -> Condition:
    """Whether a row bears this number."""
    digits = national_digits(key)
    if environment.wildcards:
        texts = ["%".join(digits)]
    else:
        # The last four digits, together or in groups, end nearly every writing.
        a, b, c, d = list(digits[-4:].rjust(4, "0"))
        texts = [a + b + c + d]
        texts += [f"{a}{b}{x}{c}{d}" for x in _BETWEEN]
        texts += [f"{a}{x}{b}{c}{d}" for x in _BETWEEN]
    return _either([odata.contains(name, one) for name, one in product(table.phones(), texts)])


def email(key: str, table: Table, environment: Environment) -> Condition:
    """Whether a row bears this address, with a `+tag` or without, in whatever case. Where everybody has a
    mailbox, thousands of addresses begin alike, so that a tag is asked for by its `+`."""
    local, _, host = key.rpartition("@")
    write = odata.either_case if environment.sensitive else odata.literally
    conditions = []
    for name, one in product(table.emails(), host_spellings(host)):
        where = odata.contains if name == OTHER_EMAILS else odata.begins
        if not environment.wildcards:
            conditions.append(odata.contains(name, f"{local}@{one}"))
            tagged = f"{odata.contains(name, local + '+')} and {odata.contains(name, '@' + one)}"
            conditions.append(f"({tagged})")
        elif is_free_mail(host):
            conditions.append(where(name, write(f"{local}@{one}")))
            conditions.append(where(name, f"{write(f'{local}+')}%{write(f'@{one}')}"))
        else:
            conditions.append(where(name, f"{write(local)}%{write(f'@{one}')}"))
    return _either(conditions)


def host(name: str, table: Table, places: Sequence[str], environment: Environment) -> Condition:
    """Whether an account names this host, or one under it."""
    del table
    write = odata.either_case if environment.sensitive and environment.wildcards else str
    return _either(
        [odata.contains(place, write(one)) for place, one in product(places, host_spellings(name))]
    )


def certain(environment: Environment) -> bool:
    """Whether an address that was not found is not there: not where upper and lower case differ and
    there are no patterns to ask for both."""
    return environment.wildcards or not environment.sensitive


def national_digits(key: str) -> str:
    """The digits that every writing of the number has: those without country code and trunk prefix."""
    handle = read_handle(key, "")
    forms = spellings(handle) if handle is not None else ()
    digits = ["".join(c for c in form if c.isdigit()) for form in forms]
    return min((one for one in digits if one), key=len, default=key.lstrip("+"))


def _either(conditions: Sequence[str]) -> Condition:
    if not conditions:
        return "", 0
    comparisons = sum(2 if " and " in one else 1 for one in conditions)
    return odata.either(conditions), comparisons
