"""What to ask a search that compares texts, so that whoever bears a handle is among the answers."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberFormat

from firstcontact.connectors.toolkit.spellings import spellings
from firstcontact.interactions.model import Handle

Search = Literal["parts", "words"]
"""Whether a search finds any part of a text, or whole words only."""
TAIL = 4
"""Digits that every usual writing of a number ends with in one piece."""


def questions(handle: Handle, search: Search) -> tuple[str, ...]:
    """What to ask for so that whoever bears the handle is among the answers."""
    asked = _about_address(handle.key, search) if handle.kind == "email" else _about_number(handle, search)
    return tuple(dict.fromkeys(asked))


def _about_address(address: str, search: Search) -> list[str]:
    """The address, in both writings of its domain, and its owner's `+tag` addresses."""
    local, _, domain = address.rpartition("@")
    asked = [address]
    if "xn--" in domain:
        with suppress(UnicodeError):
            asked.append(f"{local}@{domain.encode('ascii').decode('idna')}")
    return [*asked, f"{local}+"] if search == "parts" else [*asked, f"{local}+", local]


def _about_number(handle: Handle, search: Search) -> list[str]:
    """The last digits, as they are grouped; where only whole words are found, every usual writing too."""
    tails = [handle.key[-TAIL:]]
    try:
        number = phonenumbers.parse(handle.key, None)
    except phonenumbers.NumberParseException:
        return [*tails, *spellings(handle)] if search == "words" else tails
    for form in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL):
        tails.append(_tail(phonenumbers.format_number(number, form)))
    return [*tails, *spellings(handle)] if search == "words" else tails


def _tail(text: str) -> str:
    """The last groups of a written number that have four digits together: `0123`, `45 67`."""
    digits = 0
    for place in range(len(text) - 1, -1, -1):
        digits += text[place].isdigit()
        if digits >= TAIL and (len(text) - place == TAIL or place == 0 or not text[place - 1].isdigit()):
            return text[place:][-TAIL:] if text[place:][-TAIL:].isdigit() else text[place:]
    return text
