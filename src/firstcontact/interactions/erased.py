"""An interaction without a person who was erased: that somebody was there stays, and nothing of who
(SPEC §10)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from firstcontact.interactions.model import Call, Email, Fact, Interaction, Participant, Voicemail
from firstcontact.interactions.traces import ERASED, Traces

_NAMES_APART = ",;"


def is_erased(participant: Participant) -> bool:
    """Whether this stands for somebody who was erased."""
    return not participant.handles and participant.raw == ERASED


def shown_names(interaction: Interaction, keys: Collection[str]) -> tuple[tuple[str, str], ...]:
    """First and last name of whoever bears one of the handles, as it is shown on the interaction: word by
    word, since this is for finding them again, not for calling them so."""
    names: list[tuple[str, str]] = []
    for participant in interaction.participants:
        if any(handle.key in keys for handle in participant.handles):
            names.extend(read_loosely(participant.name))
    return tuple(names)


def read_loosely(name: str) -> list[tuple[str, str]]:
    """The words of a shown name as first and last: `Diaz, Jo`, `Jo Diaz`, `DIAZ JO`."""
    if "@" in name or not any(char.isalpha() for char in name):
        return []
    words = "".join(" " if char in _NAMES_APART + "\"'()<>" else char for char in name).split()
    words = [word for word in words if any(char.isalpha() for char in word)]
    if not words:
        return []
    return [(words[0], words[-1])] if len(words) > 1 else [("", words[0])]


def anonymised(interaction: Interaction, traces: Traces) -> Interaction:
    """The interaction without whoever the traces are of: where they took part, a participant without handle
    and name, and no text, file or recording; everything else without their handles and names."""
    people = tuple(_participant(each, traces) for each in interaction.participants)
    took_part = people != interaction.participants
    return msgspec.structs.replace(interaction, participants=people, **_rest(interaction, traces, took_part))


def _rest(interaction: Interaction, traces: Traces, took_part: bool) -> dict[str, Any]:
    scrub = traces.nearby if took_part else traces.everywhere
    changed: dict[str, Any] = {
        "id": traces.everywhere(interaction.id),
        "source_id": traces.everywhere(interaction.source_id),
        "conversation": traces.everywhere(interaction.conversation),
        "subject": scrub(interaction.subject),
        "body": "" if took_part else traces.everywhere(interaction.body),
        "text_removed": interaction.text_removed or took_part,
        "attachments": () if took_part else _plainly(interaction, "attachments", traces, near=False),
    }
    if isinstance(interaction, Email):
        signs = msgspec.structs.replace(
            interaction.signs,
            forwarded=_others(interaction.signs.forwarded, traces),
            undeliverable=_others(interaction.signs.undeliverable, traces),
            reply_to_message=traces.everywhere(interaction.signs.reply_to_message),
        )
        changed["signs"] = signs
        changed["references"] = tuple(traces.everywhere(each) for each in interaction.references)
    if isinstance(interaction, Call | Voicemail) and took_part:
        changed.update(recording="", transcript="")
    elif isinstance(interaction, Call | Voicemail):
        changed.update({n: traces.everywhere(getattr(interaction, n)) for n in ("recording", "transcript")})
    if isinstance(interaction, Call):
        legs = _plainly(interaction, "legs", traces, near=took_part)
        if took_part:
            legs = tuple(msgspec.structs.replace(leg, other_line="", other_name="") for leg in legs)
        changed["legs"] = legs
    return changed


def _others(addresses: tuple[str, ...], traces: Traces) -> tuple[str, ...]:
    return tuple(each for each in addresses if traces.everywhere(each) == each)


def _plainly(interaction: Fact, name: str, traces: Traces, *, near: bool) -> Any:
    """A field that is made of structs, without them."""
    value = getattr(interaction, name)
    plain = traces.out_of(msgspec.to_builtins(value), near=near)
    return tuple(msgspec.convert(each, type(old)) for each, old in zip(plain, value, strict=True))


def _participant(participant: Participant, traces: Traces) -> Participant:
    if any(handle.key in traces.markers for handle in participant.handles):
        return msgspec.structs.replace(participant, handles=(), name="", raw=ERASED)
    name, raw = traces.everywhere(participant.name), traces.everywhere(participant.raw)
    if not participant.handles and raw != participant.raw:  # unreadable for us then, and theirs all the same
        return msgspec.structs.replace(participant, name="", raw=ERASED)
    if (name, raw) == (participant.name, participant.raw):
        return participant
    return msgspec.structs.replace(participant, name=name, raw=raw)
