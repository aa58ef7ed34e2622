"""Change tracking: everything once, then what changed and what was deleted (apis A5, N)."""

from __future__ import annotations

from typing import Any

import pytest

TRACK = "odata.track-changes"


def follow(org: Any, link: str, **headers: str) -> Any:
    """What a link answers."""
    assert link.startswith(org.base), link
    return org.got(link.removeprefix(org.base), **headers)


def names(page: Any) -> list[str]:
    """Last names and, of deleted records, `-`."""
    return [one.get("lastname", "-") for one in page["value"]]


def test_everything_and_then_what_changed(org: Any) -> None:
    """The first answer has all records and a delta link; that has what happened since."""
    ann, bo = org.person(), org.person(lastname="Roe")
    first = org.got("contacts?$select=lastname", Prefer=TRACK)
    assert first["@odata.context"].endswith("$metadata#contacts(lastname)/$delta")
    assert sorted(names(first)) == ["Ng", "Roe"]
    assert names(follow(org, first["@odata.deltaLink"])) == []
    org.person(lastname="Zed")
    org.ask("PATCH", f"contacts({ann})", {"lastname": "Ngo"})
    org.ask("DELETE", f"contacts({bo})")
    org.person(lastname="Late")
    page = follow(org, first["@odata.deltaLink"])
    assert names(page) == ["Zed", "Ngo", "-", "Late"]
    (gone,) = [one for one in page["value"] if "reason" in one]
    assert gone == {
        "@odata.context": f"{org.base}$metadata#contacts/$deletedEntity",
        "id": bo,
        "reason": "deleted",
    }
    assert names(follow(org, page["@odata.deltaLink"])) == []


def test_changes_come_in_pages(org: Any) -> None:
    """Both readings are cut by `odata.maxpagesize`; the delta link comes with the last page."""
    prefer = f"{TRACK},odata.maxpagesize=2"
    for number in range(5):
        org.person(lastname=f"P{number}")
    seen, link = [], "contacts?$select=lastname"
    page = org.got(link, Prefer=prefer)
    while "@odata.nextLink" in page:
        assert "@odata.deltaLink" not in page
        seen += names(page)
        org.person(lastname="Meanwhile")
        page = follow(org, page["@odata.nextLink"], Prefer=prefer)
    seen += names(page)
    assert {"P0", "P1", "P2", "P3", "P4"} <= set(seen)
    changed = follow(org, page["@odata.deltaLink"], Prefer="odata.maxpagesize=1")
    assert names(changed) == ["Meanwhile"]
    assert "deltatoken" in changed["@odata.nextLink"]
    assert names(follow(org, changed["@odata.nextLink"])) == ["Meanwhile", "Meanwhile"]


def test_a_merge_is_a_change_of_both(org: Any) -> None:
    """The loser comes as inactive with its master."""
    loser, survivor = (
        org.desk.add("contact", {"last_name": "Loser"}),
        org.desk.add("contact", {"last_name": "Ng"}),
    )
    first = org.got("contacts?$select=lastname,_masterid_value,statecode", Prefer=TRACK)
    org.desk.merge(loser, survivor)
    page = follow(org, first["@odata.deltaLink"])
    told = {one["lastname"]: (one["_masterid_value"], one["statecode"]) for one in page["value"]}
    assert told == {"Loser": (survivor, 1), "Ng": (None, 0)}


@pytest.mark.parametrize("option", ["$filter=lastname eq 'x'", "$orderby=lastname", "$top=5"])
def test_changes_take_no_conditions(org: Any, option: str) -> None:
    """Tracking goes with `$select` alone."""
    assert org.refused("GET", f"contacts?{option}", Prefer=TRACK)[0] == 400


def test_a_delta_link_ends(orgs: Any) -> None:
    """After its days a delta link is refused, and everything is to be read anew."""
    org = orgs(delta_days=7)
    link = org.got("contacts?$select=lastname", Prefer=TRACK)["@odata.deltaLink"].removeprefix(org.base)
    org.wait(7 * 86_400)
    org.access = org.token().json()["access_token"]
    assert org.ask("GET", link).status_code == 200
    org.wait(2)
    assert org.refused("GET", link) == (400, "0x80044352")
    assert org.refused("GET", "contacts?$deltatoken=nonsense") == (400, "0x80044352")
    assert org.refused("GET", "contacts?$skiptoken=nonsense")[0] == 400


def test_tracking_can_be_off(orgs: Any) -> None:
    """Where a table does not track, the preference is refused and the definition says so (apis N)."""
    for quirk, enabled in (("on", True), ("off", False)):
        org = orgs(change_tracking=quirk)
        assert (org.ask("GET", "contacts", Prefer=TRACK).status_code == 200) is enabled
        path = "EntityDefinitions(LogicalName='contact')?$select=ChangeTrackingEnabled"
        assert org.got(path)["ChangeTrackingEnabled"] is enabled
    assert org.refused("GET", "contacts", Prefer=TRACK) == (400, "0x80072491")


def test_without_tracking_times_tell(orgs: Any) -> None:
    """Changes can be read by `modifiedon` and id, a second having many."""
    org = orgs(change_tracking="off")
    for number in range(4):
        org.person(lastname=f"P{number}")
    order = "$orderby=modifiedon,contactid&$select=lastname,modifiedon"
    first = org.got(f"contacts?{order}&$top=2")["value"]
    at, id = first[-1]["modifiedon"], first[-1]["contactid"]
    rest = org.got(
        f"contacts?$filter=modifiedon gt {at} or (modifiedon eq {at} and contactid gt {id})&{order}"
    )
    assert sorted(names({"value": [*first, *rest["value"]]})) == ["P0", "P1", "P2", "P3"]
