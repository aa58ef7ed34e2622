"""What the served CRM's process is told when it starts."""

from __future__ import annotations

import msgspec

from firstcontact.planning.capabilities import Capabilities


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What is served: an address book with these capabilities, in this database, from this time on.

    seed: of everything that happens by chance there.
    """

    connection: str
    capabilities: Capabilities
    token: str
    database: str = ":memory:"
    now: int = 0
    region: str = "US"
    seed: int = 0
