"""After an import: why so few, why nobody, reason by reason, each with the next step to take."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from firstcontact.explain.catalogue import entry


class HeldBack(msgspec.Struct, frozen=True):
    """How many people a reason kept from being created, what it means, and what can be done."""

    reason: str
    people: int
    meaning: str
    next_step: str


MOST = 6
"""So many reasons are told; who wants the rest asks for a report."""

_NOT_HOLDING = frozenset({"contact_found", "lead_found", "ruling"})
_BY_VALUE: dict[str, tuple[str, str]] = {
    "unknown_contact:skip": (
        "Nobody was found, and `unknown_contact` says `skip` for this kind: neither logged nor created.",
        'Set `unknown_contact` for this kind to "create" or "ask".',
    ),
    "unknown_contact:log_unlinked": (
        "Nobody was found, and `unknown_contact` says `log_unlinked` for this kind, as it does for missed "
        "calls: logged, nobody created.",
        'Call back, which creates them, or set `unknown_contact` for this kind to "create".',
    ),
    "unknown_contact:ask": (
        "Nobody was found, and `unknown_contact` says that a person is asked.",
        "Answer in `firstcontact review`.",
    ),
}
"""Where the value says more than the reason's name."""
_FIELD = {"first_name": "first name", "last_name": "last name", "email": "e-mail address"}


def held_back(people: Mapping[str, int], most: int = MOST) -> tuple[HeldBack, ...]:
    """The reasons that keep people from being created, those of the most people first.

    people: how many each reason keeps.
    """
    ranked = sorted(people.items(), key=lambda item: (-item[1], item[0]))
    shown = [item for item in ranked if item[0].partition(":")[0] not in _NOT_HOLDING]
    return tuple(HeldBack(name, count, *_told(name)) for name, count in shown[:most])


def _told(name: str) -> tuple[str, str]:
    """What the reason means and what can be done, for no case in particular."""
    if name in _BY_VALUE:
        return _BY_VALUE[name]
    found = entry(name)
    value = name.partition(":")[2]
    meaning, step = found.meaning, _plain(found.next_step)
    if name.startswith("missing_field:"):
        field = _FIELD.get(value, value.replace("_", " "))
        meaning = (
            f"The {field} is not known yet, and `required_fields` asks for it: held until a better header or "
            "signature arrives."
        )
    return meaning, step


_IN_BRACES = re.compile(r"\{(\w+)\}")


def _plain(step: str) -> str:
    """The step without the values of a single case."""
    return _IN_BRACES.sub(r"the \1", step)


def sent_is_missing(engagement: str) -> str:
    """Said after an import of mails of which none was sent by one of ours; what it means depends on what
    `engagement` asks for."""
    first = "No mail of yours is among these: the Sent folder seems to be missing."
    if engagement == "any":
        means = "Whom only you wrote to is not seen, and who answered whom cannot be told."
    else:
        means = (
            f'With `engagement = "{engagement}"` a person counts only once you have written to them, so '
            "nobody can."
        )
    return f"{first} {means} Import the Sent folder too; nothing is logged twice."
