"""A login that is taken away, a quota that is used up, a limit a minute: work waits, nobody is hammered."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from story import FAXER, at, call
from trouble_firm import BUSY_HOUR, CONNECTION, Firm

from firstcontact.flow.clock import MINUTE, SECOND

HOUR = 3600.0


# --- a login that is taken away --------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["while looking", "before a contact", "after a contact"])
def test_a_login_revoked_in_the_middle(firm: Firm, moment: str) -> None:
    """The connection is paused once and that is said once; nothing more is asked of the CRM; after a person
    has connected again, all that waited is done, and nothing twice."""
    firm.drain()
    if moment == "while looking":
        firm.meddling.before(firm.looks, firm.simulator.revoke)
    elif moment == "before a contact":
        firm.meddling.before(firm.making(), firm.simulator.revoke)
    else:
        firm.meddling.after(firm.making(), firm.simulator.revoke)
    first, rest = BUSY_HOUR[:5], BUSY_HOUR[5:]
    firm.deliver(*first)
    firm.wait(120)
    while not firm.try_to_work():
        firm.wait(120)
    asked = firm.requests
    firm.deliver(*rest)
    for _ in range(20):
        firm.wait(600)
        assert firm.try_to_work()
    firm.reopen()  # another process
    assert firm.try_to_work()
    assert firm.requests == asked
    assert firm.watch.events == ["connection paused"]
    paused = firm.said("stuck").text
    assert f"The connection {CONNECTION} is paused since" in paused
    assert "Give FirstContact access again there, then `firstcontact stuck resume`." in paused
    assert "paused" in firm.said("status").text
    told = firm.said("explain", "meet-1").text
    assert "Not decided yet: the CRM connection is paused (`firstcontact stuck`)." in told, told
    known = firm.said("explain", FAXER)
    assert known.status == 0
    assert f"{FAXER} is the contact Fay Xu" in known.text, "our index knows, though the CRM does not answer"
    firm.allow()
    firm.log_in()
    assert firm.said("stuck", "resume").status == 0
    firm.reopen()
    firm.settle()
    firm.all_is_well()
    assert firm.watch.events == ["connection paused"]


# --- quotas and limits -----------------------------------------------------------------------------------


def test_a_quota_exhausted_for_hours(firm: Firm) -> None:
    """Nothing is lost, nothing is sent again and again, and what waits says what it waits for."""
    firm.drain()
    firm.simulator.exhaust(6 * HOUR)
    before = firm.requests
    firm.deliver(*BUSY_HOUR)
    for _ in range(6 * 60 - 1):
        firm.wait(60)
        assert not firm.try_to_work()
    # Salesforce and Clio Grow do not say when room comes, so they are asked every quarter of an hour at last;
    # Clio and Dynamics say; Lawmatics says a minute, each time.
    most = {"salesforce": 30, "clio_grow": 40, "zoho": 30, "clio": 2, "dynamics": 2, "lawmatics": 365}
    assert firm.requests - before <= most[firm.kind]
    assert firm.people.dump()["activities"] == []
    told = firm.said("explain", "fax-1").text
    assert "Not decided yet: the CRM could not be asked, and is asked again at 2026-01-05 " in told, told
    firm.settle()
    firm.all_is_well()


@pytest.mark.parametrize(
    ("limited", "window", "most"),
    [("clio", MINUTE, 50), ("lawmatics", MINUTE, 50), ("clio_grow", SECOND, 3)],
    ids=["clio", "lawmatics", "clio_grow"],
)
def test_two_workers_share_the_limit(make_firm: object, limited: str, window: int, most: int) -> None:
    """A backlog of strangers is worked off by two workers within fifty requests a minute, or three a second:
    none is refused, whoever sends it, and each stranger is made once."""
    firm: Firm = make_firm(limited)  # type: ignore[operator]
    firm.drain()
    strangers = [f"+1415555{number:04}" for number in range(150, 180)]
    calls = [
        call(f"call-{who}", at(0, 15, n), who, seconds=60, name="DIAZ JO") for n, who in enumerate(strangers)
    ]
    firm.deliver(*calls)
    begun = firm.clock.now()
    workers = [firm.installation, firm.open()]
    faults: list[BaseException] = []

    def work(mine: object) -> None:
        try:
            while firm.installation.due() is not None and not faults:
                with mine.lanes.leased(8) as lease:  # type: ignore[attr-defined]
                    if lease is not None:
                        mine.drain(lease)  # type: ignore[attr-defined]
                if firm.installation.due() is not None:
                    firm.clock.wait(SECOND // 2)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(each,)) for each in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    firm.settle()
    answered = [(when, status) for when, _, _, status in firm.meddling.answered if when >= begun]
    assert Counter(status for _, status in answered)[429] == 0
    for when, _ in answered:
        assert sum(1 for other, _ in answered if when <= other < when + window) <= most
    assert [len(firm.contacts_with(who)) for who in strangers] == [1] * len(strangers)
    assert firm.logged() == sorted(each.id for each in calls)
    firm.hold()
