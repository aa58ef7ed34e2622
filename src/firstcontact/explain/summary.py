"""After an import: why so few, why nobody, reason by reason, each with the next step to take."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from firstcontact.explain.catalogue import entry


class HeldBack(msgspec.Struct, frozen=True):
    """How often a reason kept somebody from being created, what it means, and what can be done."""

    reason: str
    times: int
    meaning: str
    next_step: str


MOST = 6


def held_back(decisive: Mapping[str, int]) -> tuple[HeldBack, ...]:
    """The reasons that decided that people were not created, the most frequent first."""
    ranked = sorted(decisive.items(), key=lambda item: (-item[1], item[0]))
    shown = [item for item in ranked if item[0].partition(":")[0] not in _NOT_HOLDING]
    return tuple(
        HeldBack(name, times, entry(name).meaning, _plain(entry(name).next_step))
        for name, times in shown[:MOST]
    )


_NOT_HOLDING = frozenset({"contact_found", "lead_found", "forwarded", "ruling"})


def _plain(step: str) -> str:
    """The step without the values of a single case."""
    return step.replace("{domain}", "the domain")


SENT_MISSING = (
    'No mail of yours is among these: the Sent folder is missing. With `engagement = "two_way"` (the '
    "standard) a person counts only once you have answered, so nobody can. Import Sent too; nothing is "
    "logged twice."
)
"""Said after an import of mails of which none was sent by one of ours."""
