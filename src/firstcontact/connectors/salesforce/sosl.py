"""PURE. SOSL: searches for many phone numbers or addresses at once (apis A1, "Lookup by phone").

The index cuts a phone number into pieces in a manner that is not documented. So each number is asked for as
its digits with and without the country code, and as a phrase of its groups; what comes back is verified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import phonenumbers

FIND_LIMIT = 3_900
"""Characters of a search. Beyond 4,000 Salesforce drops the operators, beyond 10,000 it finds nothing."""

ROWS = 2_000
"""Records in one answer; with as many as this some may have been left out."""

_RESERVED = str.maketrans({character: f"\\{character}" for character in "&|!(){}[]^\"~*?:\\'+-"})


def escaped(text: str) -> str:
    """A text in which nothing is an operator."""
    return text.translate(_RESERVED)


def phrase(text: str) -> str:
    """A text to be found as it stands, its words next to each other."""
    return f'"{escaped(text)}"'


def phone_terms(key: str) -> tuple[str, ...]:
    """What to search for so that every usual writing of a number (E.164) is found."""
    try:
        number = phonenumbers.parse(key, None)
    except phonenumbers.NumberParseException:
        return (key.removeprefix("+"),)
    national = phonenumbers.national_significant_number(number)
    formatted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    groups = " ".join("".join(c if c.isdigit() else " " for c in formatted).split())
    digits = groups.replace(" ", "")
    terms = [key.removeprefix("+"), national, digits]
    if groups != digits:
        terms.append(f'"{groups}"')
    return tuple(dict.fromkeys(terms))


def email_terms(key: str) -> tuple[str, ...]:
    """What to search for so that an address is found."""
    return (phrase(key),)


def searches(
    keys: Sequence[str],
    terms: Callable[[str], Iterable[str]],
    group: str,
    returning: Mapping[str, Iterable[str]],
) -> list[tuple[Sequence[str], str]]:
    """Statements that search for all keys, each with the keys that it searches for.

    group: `PHONE`, `EMAIL` or `ALL`. returning: fields wanted, by type of record.
    """
    wanted = ", ".join(f"{type}({','.join(fields)})" for type, fields in returning.items())
    found: list[tuple[Sequence[str], str]] = []
    asked: list[str] = []
    said: list[str] = []
    size = 0
    for key in keys:
        more = list(terms(key))
        length = sum(len(term) + 4 for term in more)
        if said and size + length > FIND_LIMIT:
            found.append((asked, _statement(said, group, wanted)))
            asked, said, size = [], [], 0
        asked.append(key)
        said += more
        size += length
    if said:
        found.append((asked, _statement(said, group, wanted)))
    return found


def _statement(terms: Sequence[str], group: str, wanted: str) -> str:
    text = " OR ".join(dict.fromkeys(terms))
    return f"FIND {{{text}}} IN {group} FIELDS RETURNING {wanted} LIMIT {ROWS}"
