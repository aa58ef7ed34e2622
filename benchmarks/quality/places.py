"""One installation in a folder, as the measurements use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from firstcontact.bootstrap import Opened, file_items, format_of, open_installation, reader
from firstcontact.flow.clock import VirtualClock
from firstcontact.interactions.model import Interaction
from firstcontact.ledger import reading
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import Known
from firstcontact.policy.scopes import SettingsBook
from firstcontact.settings_text import Home

FOREVER = 1 << 62
NOON = 1_767_268_800_000_000
"""2026-01-01 12:00 UTC: later than everything that is measured."""

TEAM: Mapping[str, object] = {
    "region": "US",
    "domains": ["northwind.example"],
    "users": [{"name": "Ana Ruiz", "emails": ["ana@northwind.example"], "phones": ["+14155550100"]}],
}
"""An invented team: in the shared data everybody is theirs."""


class Place:
    """One installation in a folder, and what the measurements ask of it."""

    def __init__(self, opened: Opened, book: SettingsBook) -> None:
        self.opened = opened
        self.book = book
        self.installation = opened.installation
        self.user = book.team.users[0].id
        self.read = reader(book, self.installation.clock.now())

    def receive(self, *paths: Path) -> None:
        """Understand files, each in the format that it is detected as."""
        for path in paths:
            self.installation.receive(file_items(path, format_of(path), "", self.user), self.read)

    def report(self) -> reading.Report:
        """The counts now."""
        with self.opened.ledger.read() as tx:
            return reading.report(tx, self.installation.crm.size())

    def decided(self) -> Iterator[tuple[Interaction, Decision, Known | None]]:
        """Every interaction with its last decision."""
        with self.opened.ledger.read() as tx:
            yield from reading.decided(tx, -FOREVER, FOREVER)

    def rejections(self) -> tuple[reading.RejectionRow, ...]:
        """Everything that could not be read."""
        with self.opened.ledger.read() as tx:
            return reading.rejected(tx, 100_000)


class MakePlace(Protocol):
    """Makes an installation in a folder of its own, with settings over the preset `standard`."""

    def __call__(
        self, settings: Mapping[str, object] | None = None, team: Mapping[str, object] | None = None
    ) -> Place:
        """The settings go over the preset; the team is TEAM unless another is given."""


def make_place(
    folder: Path, settings: Mapping[str, object] | None, team: Mapping[str, object] | None
) -> Place:
    """An installation in an empty folder."""
    book = SettingsBook.from_mapping(team or TEAM, {"preset": "standard", **(settings or {})})
    home = Home(folder=folder, path=folder / "settings.toml", text="", book=book)
    return Place(open_installation(home, clock=VirtualClock(NOON)), book)
