"""Texts as the systems on the other side take them."""

from __future__ import annotations


def sound(text: str) -> str:
    """Text without half surrogate pairs, which are no Unicode and which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def clean(text: str, length: int = 0) -> str:
    """Text without what is no text: lone surrogates, and control characters but tab and line ends. length:
    characters that the field takes, 0 for any number; the rest is cut off."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(each for each in sound(text) if (each >= " " and each != "\x7f") or each in "\t\n\r")
    return text[:length].rstrip() if length and len(text) > length else text
