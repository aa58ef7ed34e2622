"""How one phone number, or a host, may stand in a text field, for CRMs whose search compares texts."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberFormat

from firstcontact.interactions.model import Handle

Line = Literal["mobile", "landline", ""]
"""What a number is called by; "" where its country's plan does not tell, as in North America."""


def spellings(handle: Handle) -> tuple[str, ...]:
    """Usual written forms of a phone handle, each once, the likeliest first; () for an e-mail address.

    E.164, national and international writing, digits with and without the country code, and for ten-digit
    North American numbers the forms that CRMs' own pages make of them (apis A1, A2).
    """
    if handle.kind != "phone":
        return ()
    try:
        number = phonenumbers.parse(handle.key, None)
    except phonenumbers.NumberParseException:
        return (handle.key,)
    national = phonenumbers.national_significant_number(number)
    forms = [
        handle.key,
        phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
        handle.key.removeprefix("+"),
        national,
    ]
    if number.country_code == 1 and len(national) == 10:
        area, exchange, line = national[:3], national[3:6], national[6:]
        forms += [
            f"({area}) {exchange}-{line}",
            f"{area}-{exchange}-{line}",
            f"{area}.{exchange}.{line}",
            f"{area} {exchange} {line}",
            f"1-{area}-{exchange}-{line}",
            f"+1 ({area}) {exchange}-{line}",
            f"+1 {area} {exchange} {line}",
        ]
    return tuple(dict.fromkeys(forms))


def line(handle: Handle) -> Line:
    """Whether a phone handle is a mobile number or a landline, as far as its country's plan tells."""
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(handle.key, None))
    except phonenumbers.NumberParseException:
        return ""
    if kind == phonenumbers.PhoneNumberType.MOBILE:
        return "mobile"
    return "landline" if kind == phonenumbers.PhoneNumberType.FIXED_LINE else ""


def host_spellings(host: str) -> list[str]:
    """A host as it is compared (`xn--bcher-kva.example`), and as people may have written it."""
    written = [host]
    if "xn--" in host:
        with suppress(UnicodeError):
            written.append(host.encode("ascii").decode("idna"))
    return written
