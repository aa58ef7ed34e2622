"""A small invented firm whose week is worked through with somebody looking on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firstcontact.bootstrap import CONTACT_FORMATS, Opened, file_items, files_under, reader
from firstcontact.config import load
from firstcontact.connectors.contract import Crm, Delivery
from firstcontact.flow.clock import SystemClock
from firstcontact.flow.installation import Installation, Tally
from firstcontact.operating.watch import SILENT, Watch
from firstcontact.operating.watched_crm import WatchedCrm

WEEK = Path(__file__).resolve().parents[2] / "examples" / "week"


@dataclass
class Firm:
    """The home folder of the example firm, its contacts imported, its week not yet."""

    home: Path
    opened: Opened

    def installation(
        self, watch: Watch = SILENT, crm: Callable[[Crm], Crm] = lambda crm: crm, batch: int = 500
    ) -> Installation:
        """The firm's installation, its CRM perhaps behind another, each call watched."""
        home = load(self.home)
        clock = SystemClock()
        return Installation(
            book=home.book,
            ledger=self.opened.ledger,
            crm=WatchedCrm(crm(self.opened.address_book), watch),
            clock=clock,
            batch=batch,
            reader=lambda delivery: reader(home.book, clock.now())(delivery),
            watch=watch,
        )

    def deliveries(self) -> list[Delivery]:
        """Everything of the week but the contacts, as it would be received."""
        found = [file for file in files_under(WEEK) if file.format and file.format not in CONTACT_FORMATS]
        items = (item for file in found for item, _ in file_items(file.path, file.format, "", "dana"))
        return [item for item in items if isinstance(item, Delivery)]

    def take(self, installation: Installation) -> Tally:
        """Store the week as work that is due."""
        return installation.accept(self.deliveries())
