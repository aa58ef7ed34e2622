"""The served CRM passes the contract's suite over HTTP, and each trouble of HTTP is the right error."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from msgspec.structs import replace

from firstcontact.connectors import kinds
from firstcontact.connectors.contract import AuthLapsed, Crm, TryAgain, Unclear
from firstcontact.planning.write import Receipt
from firstcontact.testing.conformance import CrmConformance
from firstcontact.testing.conformance.making import JO, JO_PHONE, handle, new_contact, receipt
from firstcontact.testing.served import Served, ServedCrm, serve
from firstcontact.testing.served.process import AtDesk, Deskwork

NOON = 1_772_452_800_000_000
MINUTE = 60_000_000
VARIANTS: dict[str, dict[str, Any]] = {
    "address_book": {},
    "clio": {},
    "lawmatics": {},
    "not unique": {"unique_create": False},
    "not unique, no keys": {"unique_create": False, "finds_written": False},
}


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A server of its own for a test, of the kind or variant that the test's class asks for."""
    variant = getattr(request, "param", "address_book")
    kind = variant if variant in kinds.KINDS else "address_book"
    with serve(kind, now=NOON, **VARIANTS[variant]) as running:
        yield running


@pytest.fixture(scope="module", params=VARIANTS)
def running(request: pytest.FixtureRequest) -> Iterator[Served]:
    """One process for all clauses: it is emptied between them."""
    kind = request.param if request.param in kinds.KINDS else "address_book"
    with serve(kind, **VARIANTS[request.param]) as running:
        yield running


class TestOverHttp(CrmConformance):
    """As one CRM that offers everything, some that do not, and without uniqueness, over real HTTP."""

    @pytest.fixture
    def crm(self, running: Served) -> Iterator[ServedCrm]:
        running.desk.empty()
        client = running.client()
        yield client
        client.close()

    @pytest.fixture
    def hands(self, running: Served) -> Deskwork:
        return running.desk


def test_it_is_a_process_of_its_own(served: Served) -> None:
    """The CRM's state is not in this process; when its process is gone it cannot be reached."""
    crm = served.client()
    assert isinstance(crm, Crm)
    receipt(crm, new_contact(crm))
    assert served.pid != os.getpid()
    os.kill(served.pid, signal.SIGKILL)
    with pytest.raises(TryAgain):
        crm.find([handle(JO)])
    crm.close()
    with pytest.raises(TryAgain, match="reached"):
        crm.apply([new_contact(crm, "two")])


def test_searches_lag_by_the_virtual_clock(served: Served) -> None:
    """Less than five minutes after a contact was made, by whomever, searches miss it; other ways do not."""
    crm, desk = served.client(), served.desk
    old = desk.add("contact", {"last_name": "Roe", "phones": [JO_PHONE]})
    desk.behave(search_lag=5 * MINUTE)
    desk.advance_to(NOON + 10 * MINUTE)
    write = new_contact(crm)
    id = receipt(crm, write).id
    by_hand = desk.add("contact", {"last_name": "Lind", "phones": [JO_PHONE]})
    assert set(crm.read([id])) == {id}
    assert set(crm.written([write.key])) == {write.key}
    assert id in {record.id for record in crm.changed_since("").records}
    for now in (NOON, NOON + 15 * MINUTE - 1):
        desk.advance_to(now)
        found = crm.find([handle(JO), handle(JO_PHONE)])
        assert found[JO].status == "absent"
        assert [record.id for record in found[JO_PHONE].records] == [old]
    desk.advance_to(NOON + 15 * MINUTE)
    found = crm.find([handle(JO), handle(JO_PHONE)])
    assert {record.id for record in found[JO_PHONE].records} == {old, id, by_hand}
    assert [record.id for record in found[JO].records] == [id]


@pytest.mark.parametrize("served", ["not unique", "not unique, no keys"], indirect=True)
def test_without_uniqueness_the_same_write_makes_two(served: Served) -> None:
    """A second create with the same key and handle is accepted; only asking by key, where it can, tells."""
    crm = served.client()
    write = new_contact(crm)
    first, second = receipt(crm, write), receipt(crm, write)
    assert first.id != second.id
    assert len(served.desk.dump()["contacts"]) == 2
    known = {write.key: first} if crm.capabilities().finds_written else {}
    assert crm.written([write.key]) == known


def test_cut_answers_are_unclear_and_were_carried_out(served: Served) -> None:
    """In all three ways of losing an answer the write is there, and none of them is taken for a refusal."""
    crm, desk = served.client(), served.desk
    desk.behave(cut=1.0)
    for number in range(12):
        writes = [new_contact(crm, f"{number} {n}", emails=(f"p{number}{n}@a.example",)) for n in range(2)]
        outcomes = crm.apply(writes)
        assert [type(one) for one in outcomes] == [Unclear, Unclear]
        assert [getattr(one, "write_key", "") for one in outcomes] == [write.key for write in writes]
    assert {what for what in desk.counts().done if what != "cut"} == {"cut: silent", "cut: half", "cut: 500"}
    desk.behave()
    assert len(crm.written([write.key for write in writes])) == 2
    assert crm.size() == 24


def test_an_unheard_write_is_unclear_and_was_not_carried_out(served: Served) -> None:
    """A request cut off on its way looks the same, and left nothing."""
    crm, desk = served.client(), served.desk
    desk.behave(unheard=1.0)
    write = new_contact(crm)
    (outcome,) = crm.apply([write])
    assert isinstance(outcome, Unclear)
    desk.behave()
    assert (crm.written([write.key]), crm.size()) == ({}, 0)


def test_a_late_answer_is_unclear(served: Served) -> None:
    """An answer that takes longer than the limit is lost for a write, and to be asked again for a look."""
    crm, desk = served.client(seconds=0.2), served.desk
    desk.behave(pause=2.0)
    write = new_contact(crm)
    (outcome,) = crm.apply([write])
    assert isinstance(outcome, Unclear)
    with pytest.raises(TryAgain):
        crm.find([handle(JO)])


def test_a_lost_look_is_asked_again(served: Served) -> None:
    """A look-up whose answer is cut off in any way says so, and never absent."""
    crm, desk = served.client(), served.desk
    receipt(crm, new_contact(crm))
    desk.behave(cut_looks=1.0)
    for _ in range(9):
        with pytest.raises(TryAgain):
            crm.find([handle(JO)])
    assert len(desk.counts().done) == 4


def test_busy_says_when_to_come_back(served: Served) -> None:
    """429 and 503 are TryAgain with the seconds of Retry-After, and nothing happened."""
    crm, desk = served.client(), served.desk
    desk.behave(busy=1.0, after=17)
    for _ in range(4):
        with pytest.raises(TryAgain) as caught:
            crm.apply([new_contact(crm)])
        assert caught.value.after == 17.0
        with pytest.raises(TryAgain):
            crm.size()
    desk.behave()
    assert crm.size() == 0


def test_permission_lapses_by_401(served: Served) -> None:
    """A wrong token and a lapsed one are AuthLapsed, before anything happens."""
    crm, desk = served.client(), served.desk
    desk.behave(lapsed=True)
    with pytest.raises(AuthLapsed):
        crm.apply([new_contact(crm)])
    desk.behave()
    assert crm.size() == 0
    stranger = replace(served.address, token="another").client()
    with pytest.raises(AuthLapsed):
        stranger.size()


def test_requests_really_overlap(served: Served) -> None:
    """Threads that create at once meet in the server, and each gets the answer to its own question."""
    crm, desk = served.client(), served.desk
    desk.behave(pause=0.05)
    writes = [new_contact(crm, f"t{n}", emails=(f"t{n}@a.example",), phones=()) for n in range(16)]
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda write: crm.apply([write])[0], writes))
    assert [one.key for one in outcomes if isinstance(one, Receipt)] == [write.key for write in writes]
    assert desk.counts().written == {"create_contact": 16}
    assert desk.counts().requests["apply"] == 16


def _in_child(crm: ServedCrm, queue: Any) -> None:
    queue.put(crm.size())


def test_a_forked_process_has_connections_of_its_own(served: Served) -> None:
    """A connector used before a fork works on both sides of it."""
    crm = served.client()
    receipt(crm, new_contact(crm))
    fork = get_context("fork")
    queue = fork.SimpleQueue()
    child = fork.Process(target=_in_child, args=(crm, queue))
    child.start()
    assert crm.size() == 1
    child.join(20)
    assert (child.exitcode, queue.get()) == (0, 1)


def test_the_desk_says_what_it_does_not_know(served: Served) -> None:
    """A wrong word at the desk is an error with the reason, not silence."""
    with pytest.raises(AtDesk, match="no field 'nose'"):
        served.desk.add("contact", {"nose": "long"})
    with pytest.raises(TypeError):
        served.desk.behave(tired=True)
