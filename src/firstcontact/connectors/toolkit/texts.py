"""Texts as the systems on the other side take them."""

from __future__ import annotations


def sound(text: str) -> str:
    """Text without half surrogate pairs, which are no Unicode and which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
