"""What a rule answers: nothing, or an effect with its reason and the values that it rests on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from firstcontact.policy.case import Person
from firstcontact.policy.decision import Effect


class Said(NamedTuple):
    """One rule's word about one person: reason name, effect, values."""

    name: str
    effect: Effect
    values: tuple[tuple[str, str], ...] = ()


Rule = Callable[[Person], Said | None]

PROHIBITIONS: frozenset[str] = frozenset({"ours", "no_usable_handle", "blocked", "suppressed"})
"""What no ruling of a person lifts (SPEC §4)."""
