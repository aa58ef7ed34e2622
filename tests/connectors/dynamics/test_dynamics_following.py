"""The change feed of Dynamics 365: change tracking, and windows of time where a table has none."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import TryAgain
from firstcontact.connectors.dynamics import feed
from firstcontact.connectors.dynamics.cursors import Link
from firstcontact.testing.conformance.making import DAY, HOUR, JO, new_contact, receipt

WINDOWS = {"options": {"change_tracking": False}, "change_tracking": "off"}


def end(crm: Any, cursor: str = "") -> str:
    """The cursor behind the last change."""
    return str(pages(crm, cursor)[-1].cursor)


def pages(crm: Any, cursor: str = "") -> list[Any]:
    """All pages behind a cursor."""
    found = [crm.changed_since(cursor)]
    while found[-1].more:
        found.append(crm.changed_since(found[-1].cursor))
    return found


def told(found: list[Any]) -> list[str]:
    """Ids of the records in pages."""
    return sorted(record.id for page in found for record in page.records)


@pytest.mark.parametrize("given", [{}, WINDOWS], ids=["tracked", "windows"])
def test_it_goes_on_in_another_process(serve: Any, monkeypatch: pytest.MonkeyPatch, given: Any) -> None:
    """A page of one record each, each read by another connection: none is left out, none comes twice; a page
    may end between two records of one second."""
    monkeypatch.setattr(feed, "PAGE", 1)
    org = serve(**given)
    ids = sorted(org.desk.add("contact", {"last_name": f"Diaz {n}"}) for n in range(4))
    options = given.get("options", {})
    found, cursor, more = [], "", True
    while more:
        page = org.another(**options).changed_since(cursor)
        found.append(page)
        cursor, more = page.cursor, page.more
    assert told(found) == ids


def test_a_link_that_is_too_old_begins_anew(serve: Any) -> None:
    """Dataverse forgets after seven days: then everything is read again, and said to be."""
    org = serve()
    id = org.desk.add("contact", {"last_name": "Diaz"})
    cursor = end(org.crm)
    org.clock.wait(8 * DAY)
    anew = pages(org.crm, cursor)
    assert anew[0].restarted
    assert told(anew) == [id]
    assert not any(page.restarted for page in pages(org.crm, anew[-1].cursor))


def test_a_link_is_kept_fresh(serve: Any) -> None:
    """Where nothing changes for weeks, the link is replaced once a day, so that it never gets too old."""
    org = serve()
    cursor = end(org.crm)
    assert end(org.crm, cursor) == cursor
    for _ in range(20):
        org.clock.wait(DAY)
        page = org.crm.changed_since(cursor)
        assert (page.restarted, page.records) == (False, ())
        cursor = page.cursor


def test_the_cursor_holds_still_under_a_new_link(serve: Any) -> None:
    """Dataverse may give another link each time though nothing has changed: the old one stays."""
    org = serve()
    old = Link("contacts?$deltatoken=1", following=True, at=org.clock.now())
    given = {"@odata.deltaLink": "contacts?$deltatoken=2", "value": []}
    assert org.crm._feed._next(old, given, changed=False) == old
    assert org.crm._feed._next(old, given, changed=True).path == "contacts?$deltatoken=2"


def test_a_deleted_record_comes_to_light_in_a_sweep(serve: Any) -> None:
    """Without change tracking nobody tells deletions: once a day everything is read anew."""
    org = serve(**WINDOWS)
    stays, goes = (org.desk.add("contact", {"last_name": name}) for name in ("Diaz", "Roe"))
    cursor = end(org.crm)
    org.desk.delete("contact", goes)
    assert told(pages(org.crm, cursor)) == []
    org.clock.wait(25 * HOUR)
    sweep = pages(org.crm, cursor)
    assert sweep[0].restarted
    assert told(sweep) == [stays]
    assert not pages(org.crm, sweep[-1].cursor)[0].restarted


def test_tables_that_stop_tracking_are_followed_all_the_same(serve: Any) -> None:
    """An administrator switches tracking off: the next reading begins anew and goes by time; no change is
    missed."""
    org = serve()
    old = org.desk.add("contact", {"last_name": "Diaz"})
    cursor = end(org.crm)
    other = org.another(change_tracking=False)
    new = org.desk.add("contact", {"last_name": "Roe"})
    found = pages(other, cursor)
    assert found[0].restarted
    assert told(found) == sorted([old, new])
    back = pages(org.crm, found[-1].cursor)
    assert back[0].restarted
    assert told(back) == sorted([old, new])


def test_a_merged_contact_is_gone_and_the_survivor_told(serve: Any) -> None:
    """The loser is there for Dataverse, inactive; for us it is gone."""
    org = serve()
    loser = org.desk.add("contact", {"last_name": "Diaz", "emails": [JO]})
    survivor = org.desk.add("contact", {"last_name": "Diaz"})
    cursor = end(org.crm)
    org.desk.merge(loser, survivor)
    found = pages(org.crm, cursor)
    assert [id for page in found for id in page.gone] == [loser]
    assert survivor in told(found)


def test_a_reading_that_fails_is_read_again(serve: Any) -> None:
    """An answer that is lost costs nothing: the same cursor gives the same page."""
    org = serve()
    org.crm.size()
    id = receipt(org.crm, new_contact(org.crm)).id
    org.running.faults.next("cut")
    with pytest.raises(TryAgain):
        org.crm.changed_since("")
    assert told(pages(org.crm)) == [id]


def test_a_cursor_of_another_program_is_the_beginning(serve: Any) -> None:
    """What we did not write is no place of ours."""
    org = serve()
    id = org.desk.add("contact", {"last_name": "Diaz"})
    assert told(pages(org.crm, "yesterday")) == [id]


def test_a_look_for_changes_is_one_request(serve: Any) -> None:
    """However many tables are followed."""
    org = serve()
    cursor = end(org.crm)
    assert org.calls(lambda: org.crm.changed_since(cursor)) == 1
