"""The settings in force, and those by which earlier decisions were made.

"A change applies to new interactions only, until someone replays" (SPEC §3): what was decided and is decided
again, because of some news, is decided by the settings of then (`policy.settings.of_then`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from firstcontact.interactions.model import Interaction
from firstcontact.ledger import deciding
from firstcontact.policy.case import team_index
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.settings import Effective, of_then


def settings_for(book: SettingsBook, fact: Interaction, connection: str) -> Effective:
    """The settings of the user whose interaction it is: whose mailbox, calendar or line it came from, else
    the first of ours on it."""
    user = next(iter(fact.captured_from), "")
    if not user:
        index = team_index(book.team)
        for participant in fact.participants:
            user = index.side(participant) or ""
            if user:
                break
    return book.effective(user, connection)


class Books:
    """Settings by version. now: those in force. read: a book from the text of a version that was kept."""

    def __init__(self, now: SettingsBook, read: Callable[[str], SettingsBook] | None = None) -> None:
        self.now = now
        self._read = read
        self._earlier: dict[str, SettingsBook | None] = {}

    def change(self, book: SettingsBook) -> None:
        """Other settings from here on."""
        self._earlier[self.now.version] = self.now
        self.now = book

    def settings_for(
        self, tx: Connection, fact: Interaction, connection: str, decided: Mapping[str, str]
    ) -> Effective:
        """The settings for one interaction. decided: versions by which interactions were decided last."""
        current = settings_for(self.now, fact, connection)
        book = self._of(tx, decided.get(fact.id, ""))
        if book is None:
            return current
        return of_then(settings_for(book, fact, connection), current)

    def _of(self, tx: Connection, version: str) -> SettingsBook | None:
        """The book of an earlier version; None for that in force, and for one that was not kept or cannot be
        read any more."""
        if not version or version == self.now.version:
            return None
        if version not in self._earlier:
            self._earlier[version] = self._kept(tx, version)
        return self._earlier[version]

    def _kept(self, tx: Connection, version: str) -> SettingsBook | None:
        text = deciding.settings_text(tx, version)
        if not text or self._read is None:
            return None
        try:
            return self._read(text)
        except ValueError:  # SettingsProblem, and what is no TOML: written for another program version
            return None
