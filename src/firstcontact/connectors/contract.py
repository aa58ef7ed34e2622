"""The contract: everything a connector author implements, on one page.

An author writes a class with the methods of `Crm`, perhaps those of `Examined`, `Prepared` and `Limited`,
and a `CrmKind` that says how it is opened; docs/how-to/write-a-connector.md goes through one. The promises of
a `Crm` are clauses, each with a test (`testing.conformance.clauses`).

Terms

* A **Source** is where interactions come from; a **CRM** is where writes go. A connector may be both.
* A **Delivery** is one thing received, kept byte for byte. A **Cursor** says how far a source or CRM
  has been read; only its maker reads it.
* A **Handle** is an e-mail address or phone number in canonical form. `Handle.key` is what is compared.
* A **write key** is a write's at-most-once name. The CRM stores it wherever it has a place for it.
* An **id** is the CRM's own, as text. A **time** is in microseconds since 1970-01-01 UTC.

Everything that crosses the wire takes a list; a live call is a list of one. Only `apply` and `prepare` write.
The errors of this page, each named after the caller's next step, and nothing else, leave a connector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

import msgspec

from firstcontact.connectors.grounds import Ground
from firstcontact.identity.records import Account, CrmUser, Finding, Matter, Record
from firstcontact.interactions.model import Handle, Interaction
from firstcontact.interactions.rejection import Rejection
from firstcontact.planning.capabilities import Capabilities as Capabilities
from firstcontact.planning.write import Receipt, Write

# --- errors: what the caller does next ---------------------------------------------------------


class ConnectorError(Exception):
    """What all of them are. `str(error)` is a sentence for a person, without secrets or bodies."""


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
"""What `apply` says of one write. `AuthLapsed` and `NotOffered` are raised, for the whole call, and only
where nothing of it was carried out."""

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


# --- CRMs: what one offers is declared in `Capabilities` (docs/reference/capabilities.md) ---------


class Gone(msgspec.Struct, frozen=True):
    """A record that is no longer there, or never was."""

    id: str


class Moved(msgspec.Struct, frozen=True):
    """A record that was merged into another."""

    id: str
    into: str


class Changes(msgspec.Struct, frozen=True):
    """What changed in the CRM since a cursor: records as they are now, ids of deleted or merged ones (of
    accounts too), the next cursor, and whether more is waiting behind it.

    restarted: the CRM no longer knows what changed since the cursor, or never tells deletions, so that with
    this page a reading of everything begins: what is in no page from this one to the one without `more` is
    gone. (A first reading, from "", needs no mark.) total: how many records such a reading has in all, as far
    as the CRM tells, for showing progress; -1: it doesn't.
    """

    records: tuple[Record, ...]
    gone: tuple[str, ...]
    cursor: str
    more: bool
    accounts: tuple[Account, ...] = ()
    restarted: bool = False
    total: int = -1


@runtime_checkable
class Crm(Protocol):
    """A CRM connection: one object, used by several threads at once, and in processes forked from this one.

    Every method but `capabilities` may raise TryAgain or AuthLapsed: then nothing of the call has happened.
    """

    connection: str
    """Name of this connection, as it was opened with; part of every write key."""

    def capabilities(self) -> Capabilities:
        """What this CRM offers. Asks nobody, and is constant for the life of the object."""

    def users(self) -> tuple[CrmUser, ...]:
        """All users of the CRM, active or not; without `owners`, the login's own at most. `connect` tries a
        new login by this, so let it ask the CRM."""

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """For each handle's key, and no other: found, with all contacts and leads that bear it in any
        phone-typed or e-mail-typed field, however it is written there; absent; or unknown, where that is not
        certain (a page that was cut, a search that failed). Absent permits creating. Writes nothing."""

    def read(self, ids: Sequence[str]) -> Mapping[str, Record | Moved | Gone]:
        """Each of these contacts and leads as it is now, also one that was written a moment ago."""

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """Accounts that have one of these hosts as a domain, or one of these numbers (keys), with
        their teams and opportunities. () where the CRM has no accounts."""

    def matters(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """Matters of these contacts, open and closed. () where the CRM has none."""

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out writes of one wave; one outcome each, in their order. A refused one spoils no other.

        With `unique_create`, a repeated write key makes no second record and is answered with the first's.
        Targets are `Existing`; only with `applies_together` may one be `CreatedBy` a write of the same call.
        Raises NotOffered, before anything is sent, for what the capabilities do not offer: a bug of ours."""

    def written(self, keys: Sequence[str]) -> Mapping[str, Receipt]:
        """Receipts of those write keys that were carried out. {} where `finds_written` is false."""

    def changed_since(self, cursor: str) -> Changes:
        """Contacts, leads and accounts changed after `cursor` ("" from the start), in pages: created, edited,
        merged and deleted ones, our own writes too. NotOffered where `change_feed` is false."""

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


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at before the first write.

    state: `ok`; `warning`, it works with less; `error`, writes will be refused. about: what was looked at
    (`permission to create contacts`). sentence: what is so. remedy: what to do, where there is something.
    """

    state: Literal["ok", "warning", "error"]
    about: str
    sentence: str
    remedy: str = ""


@runtime_checkable
class Examined(Protocol):
    """A CRM that can be asked, before the first write, whether everything is there for it
    (`firstcontact doctor`)."""

    def examine(self) -> Sequence[Diagnosis]:
        """Permissions, required fields, duplicate rules, own fields, clock: one diagnosis each. Writes
        nothing. Raises TryAgain, AuthLapsed."""


@runtime_checkable
class Prepared(Protocol):
    """A CRM that needs fields of ours, and lets us make them (`firstcontact doctor --fix`)."""

    def prepare(self) -> Sequence[str]:
        """Makes what is missing; a sentence for each thing made, none where all was there. Raises TryAgain,
        AuthLapsed, Rejected."""


# --- opening a connection -----------------------------------------------------------------------------


class Credentials(Protocol):
    """What a connection logs in with, kept encrypted and shared by all workers."""

    def read(self) -> Mapping[str, str]:
        """What is kept now: `login` (the name of the `Login` chosen), what that asked for, and what the
        vendor gave (`access_token`, `refresh_token`, `expires_at` in microseconds …). Raises AuthLapsed
        where nothing is kept."""

    def renew(
        self, stale: Mapping[str, str], ask: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Mapping[str, str]:
        """Newer ones than `stale`, once for all workers: where somebody has renewed them since, those;
        else `ask(what is kept)` is called under a lock of the connection, and what it returns is laid over
        what is kept. Whatever `ask` raises goes on, and nothing is changed."""


class Pace(Protocol):
    """The connection's limits, shared by all workers; a connector asks before each request it sends."""

    def take(self) -> None:
        """Waits for the turn of one request. Raises TryAgain where that would take long."""

    def heed(self, allowance: Allowance) -> None:
        """What an answer said of the limit."""

    def leave_alone(self, seconds: float) -> None:
        """No request of anybody for that long."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a connection is opened with.

    connection: its name, part of every write key. options: as in the settings file, checked and with
    defaults. region: ISO country in which numbers of records without a country are read. now: microseconds.
    """

    connection: str
    options: Mapping[str, str | int | bool]
    credentials: Credentials
    pace: Pace
    region: str
    now: Callable[[], int]


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One key of `[connection.NAME] options`: what it means, and its default; the type of the default is the
    type of the value. choices: all that it may be, () for anything."""

    meaning: str
    default: str | int | bool = ""
    required: bool = False
    choices: tuple[str, ...] = ()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A value that `connect` asks a person for, kept in the credentials under `name`."""

    name: str
    meaning: str
    secret: bool = True
    required: bool = True


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """Logging in with a browser: OAuth 2 authorization code, RFC 6749 §4.1, with a loopback redirect.

    authorize, token: addresses of the two endpoints, by the connection's options. pkce: RFC 7636, S256.
    """

    authorize: Callable[[Mapping[str, str | int | bool]], str]
    token: Callable[[Mapping[str, str | int | bool]], str]
    scopes: tuple[str, ...] = ()
    pkce: bool = True


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A way to log in. The first one of a kind is its default. oauth: where a browser is needed; then
    `asks` are the application's own `client_id` and `client_secret`."""

    name: str
    meaning: str
    asks: tuple[Asked, ...] = ()
    oauth: OAuth | None = None


class CrmKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of CRM: what an entry point of the group `CRM_GROUP` names.

    open: makes no request. logins: () for one that needs no credentials. limits: what there is a limit of,
    and how much (`requests` → `50 a minute for each login`). grounds: what the connector rests on.
    """

    capabilities: Capabilities
    open: Callable[[Opening], Crm]
    options: Mapping[str, Option] = {}
    logins: tuple[Login, ...] = ()
    limits: Mapping[str, str] = {}
    grounds: tuple[Ground, ...] = ()


# --- entry points ----------------------------------------------------------------------------------

CRM_GROUP = "firstcontact.crms"
"""Entry points of plugins by the kind's name, each a `CrmKind`. Sources are built in; they have no group."""
