"""What goes over the wire between `ServedCrm` and its server: MessagePack, one shape per method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from firstcontact.connectors.contract import (
    Changes,
    Exists,
    Gone,
    Moved,
    MovedTo,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import Receipt, Write

CONTENT_TYPE = "application/msgpack"


class Read(msgspec.Struct, frozen=True):
    """The answer to `read`: what is there, what was merged into what, and what is gone."""

    records: Mapping[str, Record]
    moved: Mapping[str, str]
    gone: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one write: a receipt, or one of the contract's errors by its name."""

    what: Literal["done", "try_again", "unclear", "rejected", "exists", "moved_to"]
    receipt: Receipt | None = None
    sentence: str = ""
    after: float = 0.0
    key: str = ""
    fields: tuple[str, ...] = ()
    type: str = ""
    id: str = ""


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """How the served CRM behaves; a test changes it while the server runs. Rates are shares of requests.

    search_lag: microseconds of the virtual clock for which `find` does not see a new contact, while `read`,
        `written` and the change feed do. search_down: `find` fails.
    cut: of `apply` calls, carried out and then answered not at all, by half, or with a 500.
    unheard: of `apply` calls, cut off before anything is carried out, which looks the same from outside.
    cut_looks: of all other calls, answered so.
    busy: of all calls, refused with 503 or 429 and `after` seconds in Retry-After, before anything happens.
    lapsed: every call is refused with 401.
    pause: real seconds, more or less, between an answer's being found and its being given, and between a
        write's being received and its being carried out.
    """

    search_lag: int = 0
    search_down: bool = False
    cut: float = 0.0
    unheard: float = 0.0
    cut_looks: float = 0.0
    busy: float = 0.0
    after: int = 30
    lapsed: bool = False
    pause: float = 0.0


class Counts(msgspec.Struct, frozen=True):
    """What the server has seen: requests by method, writes carried out by kind, bad answers by their name."""

    requests: Mapping[str, int]
    written: Mapping[str, int]
    done: Mapping[str, int]


class Method(msgspec.Struct, frozen=True):
    """One method of the contract: the types of its arguments, in order, and of its answer."""

    asked: Any
    answered: Any


METHODS: Mapping[str, Method] = {
    "users": Method(tuple[()], tuple[CrmUser, ...]),
    "find": Method(tuple[tuple[Handle, ...]], dict[str, Finding]),
    "read": Method(tuple[tuple[str, ...]], Read),
    "accounts": Method(tuple[tuple[str, ...], tuple[str, ...]], tuple[Account, ...]),
    "matters": Method(tuple[tuple[str, ...]], tuple[Matter, ...]),
    "apply": Method(tuple[tuple[Write, ...]], tuple[Answer, ...]),
    "written": Method(tuple[tuple[str, ...]], dict[str, Receipt]),
    "changed_since": Method(tuple[str], Changes),
    "size": Method(tuple[()], int),
}


def encode(value: Any) -> bytes:
    """The value as MessagePack. A lone surrogate, which is no Unicode, is replaced as a database would."""
    try:
        return msgspec.msgpack.encode(value)
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(_clean(msgspec.to_builtins(value)))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {_clean(name): _clean(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_clean(inner) for inner in value]
    return value


def answer(outcome: Outcome) -> Answer:
    """An outcome as it goes over the wire."""
    match outcome:
        case Receipt():
            return Answer("done", outcome)
        case TryAgain():
            return Answer("try_again", sentence=str(outcome), after=outcome.after)
        case Unclear():
            return Answer("unclear", sentence=str(outcome), key=outcome.write_key)
        case Rejected():
            return Answer("rejected", sentence=str(outcome), fields=outcome.fields)
        case Exists():
            return Answer("exists", sentence=str(outcome), type=outcome.type, id=outcome.id)
        case MovedTo():
            return Answer("moved_to", sentence=str(outcome), type=outcome.type, id=outcome.id)


def outcome(given: Answer) -> Outcome:
    """The outcome that an answer stands for."""
    match given.what:
        case "done":
            assert given.receipt is not None
            return given.receipt
        case "try_again":
            return TryAgain(given.sentence, given.after)
        case "unclear":
            return Unclear(given.sentence, given.key)
        case "rejected":
            return Rejected(given.sentence, given.fields)
        case "exists":
            return Exists(given.sentence, given.type, given.id)
        case "moved_to":
            return MovedTo(given.sentence, given.type, given.id)


def sorted_out(found: Mapping[str, Record | Moved | Gone]) -> Read:
    """The answer to `read` as it goes over the wire."""
    return Read(
        {id: one for id, one in found.items() if isinstance(one, Record)},
        {id: one.into for id, one in found.items() if isinstance(one, Moved)},
        tuple(id for id, one in found.items() if isinstance(one, Gone)),
    )
