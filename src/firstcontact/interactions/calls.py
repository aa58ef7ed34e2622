"""How two deliveries of one Call become one fact."""

from __future__ import annotations

import msgspec

from firstcontact.interactions.model import Call
from firstcontact.interactions.union import union_captured, union_participants


def supersede(old: Call, new: Call) -> Call:
    """The one fact that both deliveries tell of."""
    newest, other = (new, old) if new.revision > old.revision else (old, new)
    return msgspec.structs.replace(
        newest,
        participants=union_participants(newest.participants, other.participants),
        captured_from=union_captured(old.captured_from, new.captured_from),
    )
