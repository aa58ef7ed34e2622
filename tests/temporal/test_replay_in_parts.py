"""A replay in parts comes to what a replay in one comes to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from crew import BOOK, SECOND, START, Looker, Where, call, calls, crew, job, number, text
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.flow.engine_job import forget_settings, offer_settings, told
from firstcontact.flow.replay import Difference, Replay, ReplaySummary
from firstcontact.flow.replay_parts import part_of_replay
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Interaction, Meeting, Participant, Role
from firstcontact.lanes.temporal import engine
from firstcontact.lanes.temporal.messages import ReplayPart, ReplayRequest
from firstcontact.lanes.temporal.server import Server
from firstcontact.testing.temporal import DevServer

ASK = {"unknown_contact": {"default": "ask"}}
OPEN = {"engagement": "any"}
LATER = {"unknown_contact": {"default": "create", "call.inbound.answered": "skip"}}


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=4), st.lists(st.integers(0, 12), max_size=3), max_size=30
    ),
    st.integers(1, 5),
)
def test_parts_share_nobody(on_each: dict[str, list[int]], parts: int) -> None:
    """Every interaction is in exactly one part, and whoever is in one part is in no other."""
    each = [(id, [f"h{key}" for key in keys]) for id, keys in on_each.items()]
    split = [part_of_replay(each, part, parts) for part in range(parts)]
    assert Counter(id for ids in split for id in ids) == Counter(on_each.keys())
    people = [{key for id, keys in each if id in ids for key in keys} for ids in split]
    assert sum(len(mine) for mine in people) == len(set().union(*people))


def test_separate_people_are_shared_out() -> None:
    """Interactions that have nobody in common spread over all parts; those of one person stay together."""
    each = [(f"{person}-{n}", [f"h{person}"]) for person in range(400) for n in range(3)]
    sizes = [len(part_of_replay(each, part, 4)) for part in range(4)]
    assert sum(sizes) == 1200
    assert min(sizes) > 200
    assert all(size % 3 == 0 for size in sizes)


def _story() -> list[Interaction]:
    """Calls and texts of 30 people, and meetings that tie some of them together."""

    def guest(role: Role, address: str) -> Participant:
        handle = read_handle(address, "US")
        assert handle is not None
        return Participant(role=role, handles=(handle,), raw=address, name="Jo Park")

    def meeting(n: int, people: tuple[int, ...], at: int) -> Meeting:
        guests = (guest("attendee", f"p{each}@there{each}.example") for each in people)
        return Meeting(
            id=f"m{n}", source="test", source_id=f"m{n}", conversation=f"m{n}", at=at, revision=1,
            status="confirmed", seconds=1800, subject="Plans",
            participants=(guest("organiser", "ana@firm.example"), *guests),
        )  # fmt: skip

    texts = [
        text(f"t{n}-{i}", number(n), START + (500 + 10 * i + n) * SECOND) for i in range(2) for n in range(10)
    ]
    meetings = [meeting(n, (n, n + 1, n + 5), START + n * 3600 * SECOND) for n in range(12)]
    return [*calls(30, 2), *texts, *meetings, call("early", number(3), START - SECOND)]


def _in_one(look: Looker, settings: dict[str, object]) -> tuple[list[Difference], ReplaySummary]:
    with look.installation.ledger.read() as tx:
        run = Replay(tx, BOOK.with_settings(settings))
        return list(run.differences()), run.summary()


@pytest.mark.parametrize("settings", [ASK, LATER, OPEN], ids=["ask", "later", "open"])
def test_parts_are_exact(tmp_path: Path, settings: dict[str, object]) -> None:
    """The counts and differences of all parts together are those of the whole, though creations that only the
    replay makes answer later look-ups."""
    where = Where(str(tmp_path / "ledger.db"), str(tmp_path / "crm.db"))
    look, work = Looker(where), job(where)
    look.installation.take(_story())
    look.installation.drain()
    differences, summary = _in_one(look, settings)
    assert summary.differences > 30
    version = BOOK.with_settings(settings).version
    offer_settings(look.installation.ledger, version, msgspec.json.encode(settings).decode())
    request = ReplayRequest(look.place(), version, 0, 2**62, 3, most=1000)
    parts = [work.replay(ReplayPart(request, part), lambda: False) for part in range(3)]
    assert all(part.interactions for part in parts)
    assert sum(part.interactions for part in parts) == summary.interactions
    assert sum((Counter(part.before) for part in parts), Counter()) == Counter(summary.before)
    assert sum((Counter(part.after) for part in parts), Counter()) == Counter(summary.after)
    found = [each for part in parts for each in told(look.installation.ledger, part)[0]]
    assert sorted(map(str, found)) == sorted(map(str, differences))


def test_settings_that_are_not_the_same_are_refused(tmp_path: Path) -> None:
    """A worker whose home would make other settings of the text says so instead of replaying with these."""
    where = Where(str(tmp_path / "ledger.db"), str(tmp_path / "crm.db"))
    look, work = Looker(where), job(where)
    offer_settings(look.installation.ledger, "another", msgspec.json.encode(ASK).decode())
    with pytest.raises(RuntimeError, match="other settings"):
        work.replay(ReplayPart(ReplayRequest(look.place(), "another", 0, 2**62, 1), 0), lambda: False)


def test_workers_replay(temporal_server: DevServer, tmp_path: Path) -> None:
    """By workers the outcome is the same as in one process; what named people is not left in the ledger."""
    where = Where(str(tmp_path / "ledger.db"), str(tmp_path / "crm.db"))
    look, server = Looker(where), Server(temporal_server.address)
    look.installation.take(_story())
    look.installation.drain()
    differences, summary = _in_one(look, ASK)
    ledger, version = look.installation.ledger, BOOK.with_settings(ASK).version
    with crew(server.address, where, tmp_path):
        offer_settings(ledger, version, msgspec.json.encode(ASK).decode())
        done = engine.replay(server, ReplayRequest(look.place(), version, 0, 2**62, 4, most=10))
        forget_settings(ledger, version)
    assert done.newest > 0
    assert told(ledger, done) == (differences[:10], summary)
