"""Superseding: a fact and a newer delivery of the same fact become one fact.

`supersede` does not depend on the order in which copies of equal revision arrive, except for
`captured_from`, which tells who delivered first.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from firstcontact.interactions import calls, mails, meetings
from firstcontact.interactions.model import Call, Email, Fax, Interaction, Meeting, Sms, Voicemail
from firstcontact.interactions.union import union_captured


def supersede(old: Interaction, new: Interaction) -> Interaction:
    """The one fact that both deliveries tell of; `old` itself where `new` says nothing more.

    Both have the same id. Raises ValueError where their kinds differ: then the ids clash, a bug in a
    source's natural key.
    """
    if old == new:
        return old
    match old, new:
        case Email(), Email():
            return mails.supersede(old, new)
        case Meeting(), Meeting():
            return meetings.supersede(old, new)
        case Call(), Call():
            return calls.supersede(old, new)
        case Voicemail(), Voicemail():
            return _latest(old, new)
        case Sms(), Sms():
            return _latest(old, new)
        case Fax(), Fax():
            return _latest(old, new)
        case _:
            raise ValueError(f"{old.id} is a {type(old).__name__} and a {type(new).__name__}")


_Message = TypeVar("_Message", Voicemail, Sms, Fax)


def _latest(old: _Message, new: _Message) -> _Message:
    newest = new if new.revision >= old.revision else old
    return msgspec.structs.replace(
        newest,
        captured_from=union_captured(old.captured_from, new.captured_from),
    )
