"""The contract: everything a connector author implements, on one page.

Terminology

* A **Source** is where interactions come from; a **CRM** is where writes go. A connector may be both.
* A **Delivery** is one thing received, kept byte for byte. A **Cursor** says how far a source or CRM
  has been read; only its maker reads it.
* A **Handle** is an e-mail address or phone number in canonical form. `Handle.key` is what is compared.
* A **write key** is a write's at-most-once name. The CRM stores it wherever it has a place for it.

Everything that crosses the wire takes a list; a live call is a list of one. `find` only reads.
Six errors, each named after the caller's next step, and nothing else, leave a connector.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle, Interaction
from firstcontact.interactions.rejection import Rejection
from firstcontact.planning.capabilities import Capabilities as Capabilities
from firstcontact.planning.write import Receipt, Write

# --- errors: what the caller does next ---------------------------------------------------------


class ConnectorError(Exception):
    """Base of the six. `str(error)` is a sentence for a person, without secrets or bodies."""


class TryAgain(ConnectorError):
    """Nothing happened; send the identical request again after `after` seconds (429, 503, quota)."""

    def __init__(self, sentence: str, after: float = 0.0) -> None:
        super().__init__(sentence)
        self.after = after


class Unclear(ConnectorError):
    """The write may or may not have happened (timeout after send): look for its key, then decide."""

    def __init__(self, sentence: str, write_key: str) -> None:
        super().__init__(sentence)
        self.write_key = write_key


class AuthLapsed(ConnectorError):
    """The connection's permission is gone: pause it and tell a person, once."""


class Rejected(ConnectorError):
    """The CRM refuses this write: park it with the CRM's words. `fields` names the fields at fault."""

    def __init__(self, sentence: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.fields = fields


class Exists(ConnectorError):
    """The CRM already has this record (a duplicate rule, a unique field): take it as a fact."""

    def __init__(self, sentence: str, type: str, id: str) -> None:
        super().__init__(sentence)
        self.type = type
        self.id = id


class MovedTo(ConnectorError):
    """The record was merged into another: take that one as a fact."""

    def __init__(self, sentence: str, type: str, id: str) -> None:
        super().__init__(sentence)
        self.type = type
        self.id = id


class NotOffered(ConnectorError):
    """The CRM cannot do this, as its capabilities said. The planner knew: reaching this is a bug."""


Outcome = Receipt | TryAgain | Unclear | Rejected | Exists | MovedTo
"""What `apply` says of one write. `AuthLapsed` and `NotOffered` are raised, for the whole call."""

# --- sources -------------------------------------------------------------------------------------


class Delivery(msgspec.Struct, frozen=True):
    """One thing received from a source, kept byte for byte.

    source: name of the format or vendor that reads it (`mbox`, `ringcentral` …).
    place: where it came from, for a person (`archive.mbox.gz: message 12`).
    raw: the bytes. captured_from: id of the user whose mailbox, calendar or line it came from, or "".
    """

    source: str
    place: str
    raw: bytes
    captured_from: str = ""


class Reading(msgspec.Struct, frozen=True):
    """What one delivery says: interactions and, for the rest, why it is none. Never both empty."""

    interactions: tuple[Interaction, ...] = ()
    rejections: tuple[Rejection, ...] = ()


class ReadingContext(msgspec.Struct, frozen=True):
    """What a reader may know besides the bytes: the region that numbers without a country code are in."""

    region: str
    timezone: str = "UTC"


@runtime_checkable
class Source(Protocol):
    """Where interactions come from: pulled since a cursor, or pushed as deliveries."""

    name: str

    def pull(self, cursor: str) -> Iterator[tuple[Delivery, str]]:
        """Deliveries after `cursor` ("" from the start), each with the cursor that follows it.

        Raises TryAgain, AuthLapsed.
        """

    def normalise(self, delivery: Delivery, context: ReadingContext) -> Reading:
        """The delivery as interactions and rejections. Pure; never raises for bad content."""


# --- CRMs: what one offers is declared in `Capabilities` ------------------------------------------


class Gone(msgspec.Struct, frozen=True):
    """A record that is no longer there; `by_person` where the CRM can tell."""

    id: str


class Moved(msgspec.Struct, frozen=True):
    """A record that was merged into another."""

    id: str
    into: str


class Changes(msgspec.Struct, frozen=True):
    """What changed in the CRM since a cursor: records as they are now, ids of deleted ones, the next
    cursor, and whether more is waiting behind it."""

    records: tuple[Record, ...]
    gone: tuple[str, ...]
    cursor: str
    more: bool
    accounts: tuple[Account, ...] = ()


@runtime_checkable
class Crm(Protocol):
    """A CRM connection. Every method takes a list and may raise TryAgain or AuthLapsed for the call."""

    connection: str
    """Name of this connection; part of every write key."""

    def capabilities(self) -> Capabilities:
        """What this CRM offers. Constant for the life of the object."""

    def users(self) -> tuple[CrmUser, ...]:
        """All users of the CRM, active or not."""

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """For each handle's key: found (all contacts and leads bearing it in any phone-typed or
        e-mail-typed field), absent, or unknown. Writes nothing."""

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """Contacts and leads by id, as they are now."""

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """Accounts that have one of these hosts as a domain, or one of these numbers (keys), with
        their teams and opportunities. () where the CRM has no accounts."""

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """Matters of these contacts, open and closed. () where the CRM has none."""

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out writes of one wave, in order; one outcome each. A repeated write key makes no
        second record. References between writes (`CreatedBy`) have been resolved by the caller."""

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """Receipts of those write keys that were carried out. {} where `finds_written` is false."""

    def changed_since(self, cursor: str) -> Changes:
        """Contacts, leads and accounts changed after `cursor` ("" from the start), in pages."""

    def size(self) -> int:
        """How many contacts the CRM holds, as far as it can tell cheaply; -1 where it can't."""


class Allowance(msgspec.Struct, frozen=True):
    """What a CRM said of its limit in its last answer: how many requests it allows, how many are left, and in
    how many seconds the count starts anew."""

    limit: int
    left: int
    resets_in: float


@runtime_checkable
class Limited(Protocol):
    """A CRM connection whose answers tell how much of a limit is left; it is kept for all workers."""

    def allowance(self) -> Allowance | None:
        """What the last answer said, None before there is any."""


# --- entry points ----------------------------------------------------------------------------------

CRM_GROUP = "firstcontact.crms"
SOURCE_GROUP = "firstcontact.sources"
