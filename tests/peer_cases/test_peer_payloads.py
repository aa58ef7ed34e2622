"""The peers' calls, texts and faxes, told by RingCentral, Twilio and Asterisk, come to the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import peer_world
import pytest
from peer_check import differences
from peer_events import INTERACTIONS, Reader
from peer_payloads import VENDORS, NoPlace, read
from peer_rules import by_our_spec
from peer_settings import overlay, team_of
from peer_world import World, all_events
from test_peer_cases import CASES, DOCUMENT

from firstcontact.interactions.model import Interaction
from firstcontact.testing.scenarios.bench import Bench

TOLD = frozenset({"call", "sms", "fax"})
"""Kinds of events that a phone system tells."""


class VendorReader(Reader):
    """Reads calls, texts and faxes from a vendor's payload, the rest as ever."""

    vendor = ""

    def __init__(self, team: Mapping[str, Any]) -> None:
        super().__init__(team)
        self.names: dict[str, str] = {}
        """The peers' own ids, by ours."""

    def _one(self, event: Mapping[str, Any]) -> Interaction:
        if event["kind"] not in TOLD:
            return super()._one(event)
        record = {"sms": self._sms, "fax": self._fax}.get(event["kind"], self._call)(event)
        fact = read(self.vendor, record, self.team["region"])
        self.names[fact.id] = record["id"]
        return fact


def reader_of(vendor: str) -> type[VendorReader]:
    """The reader of a vendor's payloads."""
    return type("Told", (VendorReader,), {"vendor": vendor})


def by_phone() -> Iterator[Any]:
    """Cases whose every event by phone is one of `TOLD`, by the vendors whose payloads can tell it."""
    for case in CASES:
        kinds = {event["kind"] for event in all_events(case)} & INTERACTIONS
        if kinds & TOLD and "call_update" not in kinds:
            for vendor in VENDORS:
                if can_tell(vendor, case):
                    yield pytest.param(case, vendor, id=f"{case['id']}-{vendor}")


def can_tell(vendor: str, case: Mapping[str, Any]) -> bool:
    """Whether the vendor's form has a place for all of the case."""
    settings = overlay(DOCUMENT["default_settings"], case["given"].get("settings") or {})
    reader = reader_of(vendor)(team_of(settings))
    try:
        for event in all_events(case):
            if event["kind"] in TOLD:
                reader._one(event)
    except NoPlace:
        return False
    return True


@pytest.fixture(scope="module")
def bench() -> Bench:
    """The databases that all cases are played in, one after the other."""
    return Bench()


@pytest.mark.skipif(not CASES, reason="no peer cases; set FIRSTCONTACT_PEER_CASES")
@pytest.mark.parametrize(("case", "vendor"), list(by_phone()))
def test_a_peer_case_holds_in_a_vendors_words(
    case: Mapping[str, Any], vendor: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call, text or fax comes to what the case says, whichever phone system tells of it."""
    monkeypatch.setattr(peer_world, "Reader", reader_of(vendor))
    world = World(case, DOCUMENT["default_settings"], bench)
    seen = world.play(case)
    assert isinstance(world.reader, VendorReader)
    seen.linked_history = frozenset(world.reader.names.get(id, id) for id in seen.linked_history)
    told = list(differences(by_our_spec(case)[0], seen, world))
    assert not told, "\n" + "\n".join((case["title"], *told))
