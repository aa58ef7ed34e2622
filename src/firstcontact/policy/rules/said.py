"""What a rule answers: nothing, or an effect with its reason and the values that it rests on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from firstcontact.policy.case import Person
from firstcontact.policy.decision import Effect


class Said(NamedTuple):
    """One rule's word about one person: reason name, effect, values."""

    name: str
    effect: Effect
    values: tuple[tuple[str, str], ...] = ()


Rule = Callable[[Person], Said | None]
CreationRule = Callable[[Person], Said | list[Said] | None]
"""A rule that may have several things of one kind to say: each required field that is missing."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day(at: int) -> str:
    """Microseconds as a date, `2026-03-02` (UTC), for a reason's values."""
    return (_EPOCH + timedelta(microseconds=at)).date().isoformat()


PROHIBITIONS: frozenset[str] = frozenset({"ours", "no_usable_handle", "blocked", "suppressed"})
"""What no ruling of a person lifts (SPEC §4)."""
