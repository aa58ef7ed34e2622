"""Every place where this process touches the world, by number: transactions, CRM calls, file writes.

Between two of them nothing outside changes, so a process that survives being killed at each of them survives
being killed anywhere; tests/crash does that. `crossing` stands around each place, and costs a look at one
global while nobody watches. An architecture test refuses a place without a number, and a number used twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import IntEnum, unique
from types import TracebackType
from typing import Literal

Moment = Literal["before", "within", "after"]
"""Before the touch; within a transaction, all said and nothing committed; after the touch, whether it came
off or not."""


@unique
class Boundary(IntEnum):
    """A place, named after what is done there."""

    # --- transactions of the ledger: facts in

    TAKE_FACTS = 1
    """Facts that were read already are stored."""
    RECEIVE = 2
    """A batch of deliveries, what is in them, and the cursor behind them."""
    ACCEPT = 3
    """Deliveries as work that is due, before the sender is answered."""
    UNDERSTAND = 4
    """What accepted deliveries say."""
    KEEP_CHANGES = 5
    """What the CRM says has changed, whom it concerns, and the cursor behind it."""

    # --- transactions of the ledger: deciding and carrying out

    KEEP_DECISIONS = 6
    """A batch of decisions with their reservations, intents and questions."""
    DECIDE_LATER = 7
    """The CRM could not be asked: when to decide again."""
    KEEP_SIZE = 8
    """The most contacts that the CRM ever had, for the brake."""
    RELEASE_IMPORTED = 9
    """An import's writes may be carried out, or wait for a person."""
    RELEASE_HELD = 10
    """A person lets go what an import held."""
    MARK_SENT = 11
    """Writes are about to be sent."""
    MARK_UNSENT = 12
    """The permission was gone: nothing of the wave was sent."""
    KEEP_RECEIPTS = 13
    """What the CRM answered, and what that reopens."""

    # --- transactions of the ledger: lanes

    LEASE = 14
    """Lanes are leased or taken over."""
    RENEW_LEASE = 15
    """A lease is kept from running out."""
    RELEASE_LEASE = 16
    """Lanes are given back."""
    TAKE_IN_HAND = 17
    """The one thing that is about to be done in lanes whose workers died again and again."""
    DELIVERY_ASIDE = 18
    """A delivery that can't be understood is set aside."""
    INTERACTION_ASIDE = 19
    """An interaction that can't be decided is set aside."""
    WRITE_ASIDE = 20
    """A write that can't be carried out is set aside."""
    PAUSE = 21
    """The CRM connection is paused."""
    RESUME = 22
    """A person says that the CRM connection's permission is back."""
    TAKE_TOKEN = 92
    """One request is taken from the connection's bucket."""
    LEAVE_ALONE = 93
    """The CRM asks to be left alone until then."""
    KEEP_ALLOWANCE = 94
    """What the CRM says is left of its limit."""
    REMOVE_OLD = 23
    """Raw deliveries and bodies that are older than they may be are removed."""
    END_CHORES = 24
    """The day's chores are done."""

    # --- transactions of the ledger: people

    KEEP_SETTINGS = 25
    """The text of the settings in force."""
    RULE = 26
    """A person's answer to a question."""
    LOG_BY_HAND = 27
    """A person logs an interaction."""
    ANSWER_STUCK = 28
    """A person says what became of a write."""
    TRY_STUCK_AGAIN = 91
    """A person lets what is stuck go on."""
    RELEASE_BRAKE = 29
    """A person says go on."""
    TAKE_BACK = 128
    """A person takes back what we wrote."""
    NAME_FOR_ENGINE = 30
    """The installation's name among others at the same engine."""
    OFFER_SETTINGS = 31
    """Settings that a replay tries, for its parts."""

    # --- transactions of the ledger: logins

    KEEP_CREDENTIALS = 95
    """What a connection logs in with, sealed."""
    FORGET_CREDENTIALS = 96
    """A connection logs in no more."""
    LEASE_RENEWAL = 97
    """One worker is about to renew a login for all."""
    KEEP_RENEWED = 98
    """What the vendor gave for it."""
    END_RENEWAL = 99
    """It gave nothing; another may try."""
    SEAL_ANEW = 100
    """All logins under another key."""
    SET_READ_ONLY = 101
    """A connection is read-only from here on."""
    HOLD_BACK = 102
    """Writes that are due on a read-only connection wait for a person."""

    RULE_DOMAIN = 143
    """An admin says that a domain is an account's, or is not."""
    TAKE_BACK_DOMAIN = 144
    """An admin takes that back."""
    ASK_ACCOUNTS_TO_SUGGEST = 145
    """Which domains no account has yet, for suggestions."""
    READ_TO_SUGGEST = 146
    """Whose contacts those are who write with them."""

    # --- transactions of the ledger: duplicates

    INTEND_MERGES = 121
    """Pairs of records that are one person, with journals, and the writes that merge them."""
    NOTE_DEDUPED = 122
    """When duplicates were last looked for."""
    REFUSE_MERGE = 123
    """A person says that two records are two people."""
    UNDO_MERGE = 124
    """A person takes a merge back."""
    MERGE_BY_HAND = 126
    """A person says that two records are one person."""
    KEEP_LIKELY = 127
    """Pairs that a statistical model takes for one person."""

    # --- transactions of the ledger: erasing

    REMEMBER_ERASED = 133
    """Keyed hashes of whom a person has erased: from here on nobody captures them again."""
    WITHDRAW_UNSENT = 134
    """What was about to be written on interactions of theirs is decided anew."""
    ERASE_LOOSE = 135
    """Rows that are about others, and name them."""
    ERASE_BYTES = 136
    """Raw deliveries that they are in."""
    ERASE_PERSON = 137
    """Everything about them, and what the CRM is asked to take away."""
    FORGET_GONE = 138
    """What the built-in address book still has of contacts that are deleted in it."""
    END_ERASING = 142
    """The files are wiped, too."""
    REMOVE_OLD_FACTS = 139
    """Interactions and decisions that are older than they may be are removed."""

    # --- calls of a CRM

    ASK_CHANGES = 32
    """What has changed since a cursor."""
    ASK_SIZE = 33
    """How many contacts there are, for the brake."""
    ASK_USERS = 34
    """The CRM's users, for whose an interaction is."""
    FIND = 35
    """Everybody of a batch of interactions is looked for."""
    READ = 36
    """Contacts that we made and a search did not find, and records that a person chose."""
    READ_MERGED = 37
    """What those were merged into."""
    ASK_ACCOUNTS = 38
    """Accounts by domains and numbers."""
    ASK_MATTERS = 39
    """Matters of contacts."""
    ASK_WRITTEN = 40
    """Whether writes without an answer were carried out."""
    FIND_BEFORE_CREATING = 41
    """The last look for whom is about to be created."""
    APPLY = 42
    """Writes are sent."""
    READ_TO_FOLLOW = 43
    """What a write's targets were merged into."""
    FIND_OBSERVED = 116
    """Whose the numbers and addresses are that people have in their signatures."""
    FIND_TO_ERASE = 140
    """Which records somebody has who is to be erased."""
    READ_BEFORE_ENRICHING = 117
    """Contacts that are about to get a value, as they are now."""
    FIND_BEFORE_ENRICHING = 118
    """Who else has a number or address that a contact is about to get."""
    READ_REFUSED = 113
    """Whether somebody has deleted who a refused write points at."""
    ASK_SIZE_TO_REPORT = 44
    """How many contacts there are, for a report."""
    READ_TO_EXPLAIN = 45
    """The names of records that a decision speaks of."""
    FIND_TO_EXPLAIN = 46
    """The records of a person who is asked about."""
    READ_BEFORE_CREATING = 47
    """Those whom the change feed told of and the last look did not find."""
    ACCOUNTS_BEFORE_CREATING = 48
    """The last look for accounts that are about to be created."""
    ACCOUNTS_BEFORE_ROLES = 115
    """The last look whether opportunities are open, before contacts get roles on them."""
    READ_DUPLICATES = 119
    """Records that may be one person's."""
    READ_EVERYBODY = 125
    """All records, for likely duplicates."""
    READ_BEFORE_MERGING = 120
    """The last look at records that are about to be merged."""
    READ_BEFORE_NAMING = 49
    """The last look at contacts that are about to be named."""
    READ_TO_TAKE_BACK = 129
    """Contacts that are to be removed, or to get back what they had."""
    READ_TO_REPORT = 132
    """Whether contacts that we created are as we left them."""
    READ_BEFORE_DELETING = 130
    """The last look at contacts that are about to be deleted."""
    READ_BEFORE_RESTORING = 131
    """The last look at contacts that are about to get back what they had."""
    ASK_FOR_LOGIN = 103
    """A login is renewed, or made with what a person gave."""
    EXAMINE = 104
    """Whether everything is there for us."""
    PREPARE = 105
    """What is missing for us is made."""
    ASK_USERS_TO_SHOW = 106
    """The CRM's users, beside ours."""
    TRY_LOGIN = 112
    """Whether a login works, before it is kept."""

    # --- transactions of the address book and of whole databases

    CHANGE_ADDRESS_BOOK = 50
    """A change of the built-in address book: writes of ours, or a person's."""
    MIGRATE = 51
    """Tables are made, or brought to this program's version."""
    CLAIM = 52
    """A ledger is this installation's."""
    LOOK_AT_HEALTH = 53
    """Whether the database takes a write."""
    PREPARE_TARGET = 54
    """Empty tables where a history is moved to."""
    COPY_TABLE = 55
    """One table goes over."""
    MARK_DATABASE = 56
    """A database is closed or opened for use."""
    TAKE_PICTURE = 57
    """Both databases at one moment, for a backup."""
    CLEAR_TO_RESTORE = 58
    """Empty tables where a backup is restored."""
    RESTORE_TABLE = 59
    """One table of a backup."""
    OPEN_RESTORED = 60
    """A restored database is in use."""
    FILL_COPY = 61
    """One table of a copy that is for a trial."""
    NOTE_BACKUP = 90
    """When the ledger was last written into a backup."""

    # --- file writes

    WIPE = 141
    """A database file is written anew, without what was deleted in it."""
    MAKE_FOLDER = 62
    """A home, or a folder in it."""
    OPEN_SETTINGS_LOCK = 63
    """The file that keeps two editors of the settings apart."""
    BEGIN_SETTINGS = 64
    """An empty file beside the settings, or beside the database's password."""
    WRITE_SETTINGS = 65
    """All of it is written there."""
    REPLACE_SETTINGS = 66
    """It takes the place of the one before."""
    REMOVE_SETTINGS_PART = 67
    """It could not be written, and is removed."""
    WRITE_PRIVATE = 68
    """A file for its owner alone, beside where it is to be: the installation's id, or one of a backup."""
    LINK_ID = 69
    """The id is in its place, unless another process was first."""
    REMOVE_ID_PART = 70
    """The file beside it goes."""
    SET_ASIDE = 71
    """A database that is restored gets another name first."""
    PUT_BACK = 72
    """A file of a backup is in its place."""
    OPEN_ARCHIVE = 73
    """An empty file beside the backup."""
    WRITE_ARCHIVE = 74
    """All of the backup is written there."""
    REPLACE_ARCHIVE = 75
    """It takes the place of the one before."""
    REMOVE_ARCHIVE_PART = 76
    """What could not be finished goes."""
    WRITE_EXPORT = 77
    """An export beside its place."""
    REPLACE_EXPORT = 78
    """It takes the place of the one before."""
    REMOVE_EXPORT_PART = 79
    """What could not be finished goes."""
    EXPORT_TO_DEVICE = 80
    """An export into a device or a pipe."""
    OPEN_IMPORT_LOCK = 81
    """The file that keeps two imports apart."""
    COPY_FOR_TRIAL = 82
    """A copy of a database file that a dry run throws away."""
    WRITE_LOG_KEY = 83
    """The key of the log's hashes, beside its place."""
    LINK_LOG_KEY = 84
    """The key is in its place, unless another process was first."""
    REMOVE_LOG_KEY_PART = 85
    """The file beside it goes."""
    OPEN_LOG = 86
    """The log is opened, and made where there is none."""
    LOG = 87
    """One line of the log."""
    MAKE_METRICS_FOLDER = 88
    """A folder in which processes count together."""
    REMOVE_METRICS_FOLDER = 89
    """It goes with the command."""
    WRITE_KEY_RING = 107
    """A key ring for its owner alone, beside its place."""
    LINK_KEY_RING = 108
    """The first ring is in its place, unless another process was first."""
    REPLACE_KEY_RING = 109
    """A ring with another key takes the place of the one before."""
    REMOVE_KEY_RING_PART = 110
    """The file beside it goes."""
    MAKE_KEY_FOLDER = 111
    """The folder that the key ring is in."""
    OPEN_SCRATCH = 147
    """What a long reading finds out, in a temporary file that only this process sees."""
    OPEN_KEY_RING_LOCK = 114
    """The file that keeps two who change the key ring apart."""


Hook = Callable[[Boundary, Moment], None]

_hook: Hook | None = None
_NOBODY_WATCHES = nullcontext()


class _Watched:
    """One touch of the world, told to whoever watches."""

    def __init__(self, hook: Hook, boundary: Boundary) -> None:
        self._hook = hook
        self._boundary = boundary

    def __enter__(self) -> None:
        self._hook(self._boundary, "before")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._hook(self._boundary, "after")


def crossing(boundary: Boundary | None) -> AbstractContextManager[None]:
    """Stands around a touch of the world; None: around one that only tests make."""
    hook = _hook
    return _NOBODY_WATCHES if hook is None or boundary is None else _Watched(hook, boundary)


def within(boundary: Boundary | None) -> None:
    """Told in front of a commit."""
    if _hook is not None and boundary is not None:
        _hook(boundary, "within")


@contextmanager
def watched(hook: Hook) -> Iterator[None]:
    """For tests: whatever this process touches is told to `hook`, which may well end the process."""
    global _hook
    before, _hook = _hook, hook
    try:
        yield
    finally:
        _hook = before
