"""Word tables, written as prose."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for tables that are easier to read as prose than as a list of literals."""
    return frozenset(text.split())
