"""Duplicates: whether two contacts of the CRM are one person's, by named evidence (SPEC §9).

They are where they share an e-mail address that is no role's and their names are compatible, or a phone, a
last name and an account. Empty is never equal. Whatever is weaker is only evidence for a suggestion.
"""

from __future__ import annotations

import msgspec

from firstcontact.identity._machines import is_machine_address
from firstcontact.identity._same_name import (
    COMPATIBLE,
    NameAgreement,
    given_names_agree,
    last_names_equal,
    name_of,
    names_agree,
)
from firstcontact.identity.domains import is_role_address
from firstcontact.identity.records import Record

EVIDENCE: dict[str, str] = {
    "same_email": "both have the address {email}",
    "same_phone": "both have the number {phone}",
    "names_equal": "the names are equal",
    "name_short": "one name is an abbreviation or a nickname of the other",
    "name_part": "one name is a part of the other",
    "name_slip": "the names are equal but for a slip of spelling",
    "placeholder": "one of them was made without a real name",
    "same_last_name": "the last name is the same",
    "same_account": "they are on the same account",
    "alike_by_model": "a statistical model takes them for one person",
    "same_company": "the company is the same",
    "same_city": "they are in the same city",
    "same_title": "the title is the same",
}
"""What speaks for one person, as a sentence's part."""

AGAINST: dict[str, str] = {
    "name_unclear": "the names are alike, but not equal",
    "names_differ": "the names are two people's",
    "given_names_differ": "the given names are two people's",
    "role_address": "{email} is read by several people",
    "no_account": "not both are on the same account",
}
"""What speaks against, or is missing."""

_NAMED: dict[NameAgreement, str] = {
    "equal": "names_equal",
    "short": "name_short",
    "part": "name_part",
    "slip": "name_slip",
    "placeholder": "placeholder",
    "unclear": "name_unclear",
    "differ": "names_differ",
}


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """What two records have in common, and what not.

    duplicates: they are one person by the rule. suggested: weaker, but worth a person's look. compatible: the
    names may be one person's. evidence, against: names of `EVIDENCE` and `AGAINST`. emails, phones: keys of
    the handles that both have, those of roles left out.
    """

    duplicates: bool
    suggested: bool
    compatible: bool
    evidence: tuple[str, ...]
    against: tuple[str, ...]
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()

    @property
    def strength(self) -> tuple[int, ...]:
        """For comparing which of several is the better match: names, addresses, accounts, numbers."""
        return (
            "names_equal" in self.evidence,
            "placeholder" not in self.evidence,
            len(self.emails),
            "same_account" in self.evidence,
            len(self.phones),
        )


def counts_nothing(address: str) -> bool:
    """Whether an address says nothing of who reads it: a role's or a machine's."""
    return is_role_address(address) or is_machine_address(address)


def alike(one: Record, other: Record) -> Likeness:
    """What speaks for two contacts being one person, and what against; the same the other way round."""
    both = _handles(one) & _handles(other)
    shared = [key for kind, key, _ in both if kind == "email"]
    emails = tuple(sorted(key for key in shared if not counts_nothing(key)))
    phones = tuple(sorted({key for kind, key, _ in both if kind == "phone"}))
    names = names_agree(one, other)
    account = bool(one.account) and one.account == other.account
    last = last_names_equal(one, other)
    by_email = bool(emails) and names in COMPATIBLE
    whole = bool(phones) and last and account
    by_phone = whole and given_names_agree(one, other)
    compatible = names in COMPATIBLE or by_phone
    evidence = [
        *(["same_email"] if emails else []),
        *(["same_phone"] if phones else []),
        *([_NAMED[names]] if names in COMPATIBLE else []),
        *(["same_last_name"] if last and names not in COMPATIBLE else []),
        *(["same_account"] if account else []),
    ]
    against = [
        *(["role_address"] if shared and not emails else []),
        *(["given_names_differ"] if whole and not by_phone else []),
        *([_NAMED[names]] if names not in COMPATIBLE and not whole else []),
        *(["no_account"] if phones and not emails and not account else []),
    ]
    nameable = names not in ("differ", "placeholder") or (names == "placeholder" and bool(emails))
    return Likeness(
        duplicates=by_email or by_phone,
        suggested=bool(emails or phones) and nameable and not (by_email or by_phone),
        compatible=compatible,
        evidence=tuple(evidence),
        against=tuple(against),
        emails=emails,
        phones=phones,
    )


def _handles(record: Record) -> set[tuple[str, str, str]]:
    """Keys with extensions: two desks behind one number are two numbers."""
    return {(handle.kind, handle.key, handle.extension) for handle in record.handles}


def same_values(one: Record, other: Record) -> tuple[str, ...]:
    """What else both have in common, as evidence; it makes nobody one person by itself."""
    cities = [record.mailing.city.casefold() if record.mailing else "" for record in (one, other)]
    return (
        *(["same_company"] if one.company and one.company.casefold() == other.company.casefold() else []),
        *(["same_city"] if cities[0] and cities[0] == cities[1] else []),
        *(["same_title"] if one.title and one.title.casefold() == other.title.casefold() else []),
    )


def name_words(record: Record) -> tuple[str, str]:
    """Given and family name as they are compared: small letters, no diacritics, titles or suffixes."""
    name = name_of(record)
    return " ".join(name.given), " ".join(name.family)


def in_words(likeness: Likeness) -> tuple[str, str]:
    """What speaks for it and what against, as two parts of a sentence; empty where nothing does."""
    values = {"email": ", ".join(likeness.emails) or "the address", "phone": ", ".join(likeness.phones)}
    return (
        "; ".join(EVIDENCE[name].format(**values) for name in likeness.evidence),
        "; ".join(AGAINST[name].format(**values) for name in likeness.against),
    )
