"""Record ids: three characters of type, twelve of number, three that make case count (18 in all)."""

from __future__ import annotations

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def make_id(prefix: str, number: int) -> str:
    """The id of the record with this number."""
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    return full_id(f"{prefix}xx{digits.rjust(10, '0')}")


def full_id(short: str) -> str:
    """An id of 15 characters with the three that say which of them are capital letters."""
    check = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, one in enumerate(short[start : start + 5]) if "A" <= one <= "Z")
        check += _CHECK[bits]
    return short + check


def read_id(text: str) -> str:
    """An id in full, given in full or in 15 characters; "" for what is no id."""
    if not text.isascii() or not text.isalnum():
        return ""
    if len(text) == 15:
        return full_id(text)
    return text if len(text) == 18 and full_id(text[:15]) == text else ""
