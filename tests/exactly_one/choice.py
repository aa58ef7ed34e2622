"""Which of all combinations run every time: so many that each two things have met. `make soak` runs all."""

from __future__ import annotations

from itertools import combinations, product

from races import DATABASES, RACES, TROUBLES

CREWS = ("threads", "processes", "temporal")
ALL: tuple[tuple[str, str, str, str], ...] = tuple(product(RACES, DATABASES, CREWS, TROUBLES))
"""Race, database, workers, trouble."""

LETTERS = ("a", "b", "c", "d")
"""The races that meet every trouble; the others, which are kinds of them, meet none and all at once."""
BOTH_ENDS = ("none", "everything")
QUICK = ("none", "search lags", "not unique", "not unique, no keys")
"""Troubles without retries: each retry is a wake-up of all lanes, which Temporal takes a second for."""
DEAR = {"threads": 0, "processes": 1, "temporal": 3}
"""How many new pairs of others a race of these workers must be worth."""


def _pairs(case: tuple[str, ...]) -> set[tuple[int, str, int, str]]:
    return {(i, case[i], j, case[j]) for i, j in combinations(range(len(case)), 2)}


def wanted() -> set[tuple[int, str, int, str]]:
    """Every two that must meet, by their places in a combination."""
    cases = (case for case in ALL if case[2] != "temporal" or (case[0] in LETTERS and case[3] in QUICK))
    pairs = {pair for case in cases for pair in _pairs(case)}
    return {p for p in pairs if (p[0], p[2]) != (0, 3) or p[1] in LETTERS or p[3] in BOTH_ENDS}


def chosen() -> list[tuple[str, str, str, str]]:
    """Few combinations in which all of these meet, always the same."""
    left, found = wanted(), []
    while left:
        best = max(ALL, key=lambda case: len(_pairs(case) & left) - DEAR[case[2]])
        if not _pairs(best) & left:
            best = max(ALL, key=lambda case: len(_pairs(case) & left))
        left -= _pairs(best)
        found.append(best)
    return found
