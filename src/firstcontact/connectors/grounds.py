"""What is known of a vendor, and from where: the difference between having seen and having read."""

from __future__ import annotations

from typing import Literal

import msgspec

Seen = Literal["server", "recording", "document", "unverified"]
"""`server`: the connector does it with a real server, in the tests. `recording`: an answer of the vendor that
somebody recorded has it, and a test reads that answer. `document`: the vendor's documentation or published
code says it, and the simulator does it so. `unverified`: no source is certain; the connector takes it either
way, and the simulator has a switch for both."""


class Ground(msgspec.Struct, frozen=True):
    """One thing that a connector rests on.

    about: the thing, in a few words (`search by phone`). says: what is so, a sentence. seen: how it is known.
    """

    about: str
    says: str
    seen: Seen
