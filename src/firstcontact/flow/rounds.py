"""What a wave of writes comes to, gathered until it is kept in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from firstcontact.connectors.contract import MovedTo, Rejected
from firstcontact.flow.clock import SECOND
from firstcontact.identity.records import Account, Record
from firstcontact.ledger.again import backoff
from firstcontact.ledger.writing import Intent
from firstcontact.planning.enrichment import subjects_of
from firstcontact.planning.write import Receipt, Write


class Round:
    """The rows of one wave's answer, written in one transaction."""

    def __init__(self, intents: Sequence[Intent]) -> None:
        self.intents = {intent.write.key: intent for intent in intents}
        self.receipts: list[Receipt] = []
        self.marks: list[tuple[str, str, int | None, str]] = []
        self.retargeted: list[Write] = []
        self.decide_again: set[str] = set()
        self.released: set[str] = set()
        self.topics: set[str] = set()
        self.gone: set[tuple[str, str]] = set()
        self.seen: list[Record] = []
        self.accounts: list[Account] = []
        self.refused: list[tuple[Write, Rejected]] = []
        self.moved: list[tuple[Write, MovedTo]] = []
        self.sent: dict[str, Write] = {}
        self.under_way: frozenset[str] = frozenset()
        self.later = self.parked = self.adopted = 0

    def unanswered(self) -> frozenset[str]:
        """What was sent and has neither a receipt nor a mark."""
        answered = {receipt.key for receipt in self.receipts}
        return self.under_way.difference(answered, (key for key, *_ in self.marks))


def drop(round: Round, write: Write, why: str) -> None:
    """A fact has overtaken the write: it is not carried out, and what was built on it is decided again. A
    creation's handle or domain is free for others."""
    round.marks.append((write.key, "dropped", None, why))
    if write.kind in ("create_contact", "create_account"):
        round.released.update(subjects_of(write))
    round.decide_again.add(write.interaction)


def park(round: Round, write: Write, why: str) -> None:
    """The CRM refuses the write: it waits for a person, with these words."""
    round.parked += 1
    round.marks.append((write.key, "parked", None, why))


def retry(
    round: Round,
    write: Write,
    state: str,
    now: int,
    why: str,
    after: float,
) -> None:
    """The write comes up again after so many seconds, or later the more often it was tried."""
    wait = max(int(after * SECOND), backoff(round.intents[write.key].attempts, write.key))
    round.later += 1
    round.marks.append((write.key, state, now + wait, why))
