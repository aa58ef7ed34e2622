"""Lists with pages and tokens, what has changed, what was deleted."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.testing.simulators.zoho import listing


def made(firm: Any, count: int) -> list[str]:
    """Ids of so many new contacts, a second apart."""
    ids = []
    for number in range(count):
        ids.append(firm.made("Contacts", Last_Name=f"N{number}"))
        firm.wait(1)
    return ids


def listed(firm: Any, path: str = "/Contacts", since: str = "", **params: Any) -> Any:
    """The answer of a list."""
    headers = {"If-Modified-Since": since} if since else {}
    return firm.ask("GET", path, params={"fields": "id", **params}, headers=headers)


def ids(answer: Any) -> list[str]:
    """Ids of what was answered."""
    return [one["id"] for one in answer.json()["data"]] if answer.status_code == 200 else []


def test_fields_are_needed_and_heeded(firm: Any) -> None:
    """v8 lists need `fields`, 50 at most; v2 gives everything without."""
    (id,) = made(firm, 1)
    assert firm.error("GET", "/Contacts")[1:] == ("REQUIRED_PARAM_MISSING", {"param_name": "fields"})
    assert firm.data("/Contacts", fields="Last_Name") == [{"Last_Name": "N0", "id": id}]
    (everything,) = firm.ask("GET", "/Contacts", version=2).json()["data"]
    assert {"Last_Name", "Owner", "$editable", "Mailing_City"} <= set(everything)
    many = ",".join(["id"] * 51)
    assert firm.error("GET", "/Contacts", params={"fields": many})[1] == "LIMIT_EXCEEDED"


def test_sorting(firm: Any) -> None:
    """By id downwards unless said otherwise (recorded)."""
    a, b, c = made(firm, 3)
    firm.ask("PUT", f"/Contacts/{a}", {"data": [{"Title": "x"}]})
    answer = listed(firm)
    assert ids(answer) == [c, b, a]
    assert (answer.json()["info"]["sort_by"], answer.json()["info"]["sort_order"]) == ("id", "desc")
    assert ids(listed(firm, sort_by="Created_Time", sort_order="asc")) == [a, b, c]
    assert ids(listed(firm, sort_by="Modified_Time")) == [a, c, b]
    assert firm.error("GET", "/Contacts", params={"fields": "id", "sort_by": "Email"})[1] == "INVALID_DATA"


def test_by_ids(firm: Any) -> None:
    """Those of them that are there; a hundred at most."""
    a, b, c = made(firm, 3)
    firm.desk.delete("contact", b)
    assert ids(listed(firm, ids=f"{a},{b},{c},1")) == [c, a]
    assert listed(firm, ids=b).status_code == 204
    many = ",".join(["1"] * 101)
    assert firm.error("GET", "/Contacts", params={"fields": "id", "ids": many})[1] == "LIMIT_EXCEEDED"


def test_pages_by_number_and_by_token(firms: Any) -> None:
    """Both give every record once; a token needs the same parameters, no page, and ends in a day."""
    firm = firms(page_size=3)
    made(firm, 7)
    every = ids(listed(firm)) + ids(listed(firm, page=2)) + ids(listed(firm, page=3))
    assert (len(every), len(set(every))) == (7, 7)
    assert listed(firm, page=4).status_code == 204
    info = listed(firm).json()["info"]
    assert (info["more_records"], info["count"], info["previous_page_token"]) == (True, 3, None)
    token = info["next_page_token"]
    second = listed(firm, page_token=token)
    assert ids(second) == every[3:6]
    third = listed(firm, page_token=second.json()["info"]["next_page_token"])
    assert (ids(third), third.json()["info"]["next_page_token"]) == (every[6:], None)
    wrong = {"fields": "id", "page_token": token}
    assert firm.error("GET", "/Contacts", params={**wrong, "page": 2})[1] == "AMBIGUITY_DURING_PROCESSING"
    for other in ({"sort_by": "Created_Time"}, {"fields": "Last_Name"}):
        told = firm.error("GET", "/Contacts", params={**wrong, **other})
        assert told[1] == "TOKEN_BOUND_DATA_MISMATCH"
    assert firm.error("GET", "/Contacts", params={"fields": "id", "page_token": "x"})[1] == "INVALID_DATA"
    firm.wait(86_400)
    firm.token = firm.client.post(
        "/oauth/v2/token", data={**firm.kept, "grant_type": "refresh_token"}
    ).json()["access_token"]
    assert firm.error("GET", "/Contacts", params=wrong)[1] == "EXPIRED_VALUE"


def test_a_token_goes_on_behind_the_last_record(firms: Any) -> None:
    """What is deleted or made in between moves nothing (no record twice, none left out)."""
    firm = firms(page_size=2)
    a, b, c, d = made(firm, 4)
    first = listed(firm, sort_order="asc")
    firm.desk.delete("contact", b)
    firm.desk.delete("contact", a)
    (e,) = made(firm, 1)
    second = listed(firm, sort_order="asc", page_token=first.json()["info"]["next_page_token"])
    assert (ids(first), ids(second)) == ([a, b], [c, d])
    third = listed(firm, sort_order="asc", page_token=second.json()["info"]["next_page_token"])
    assert ids(third) == [e]


def test_pages_by_number_end_at_2000(firm: Any) -> None:
    """Beyond, a token is needed."""
    told = firm.error("GET", "/Contacts", params={"fields": "id", "page": 11})
    assert told[1:] == ("DISCRETE_PAGINATION_LIMIT_EXCEEDED", {"limit": 2000})


def test_tokens_end_at_100000(firms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No token leads beyond that many records; here it is four."""
    monkeypatch.setattr(listing, "MOST_BY_TOKEN", 4)
    firm = firms(page_size=2)
    made(firm, 5)
    token = listed(firm).json()["info"]["next_page_token"]
    token = listed(firm, page_token=token).json()["info"]["next_page_token"]
    told = firm.error("GET", "/Contacts", params={"fields": "id", "page_token": token})
    assert told[1:] == ("PAGINATION_LIMIT_EXCEEDED", {"param_name": "page_token"})


@pytest.mark.parametrize(("mode", "found"), [("inclusive", 2), ("exclusive", 1)])
def test_what_has_changed_since(firms: Any, mode: str, found: int) -> None:
    """By Modified_Time, whole seconds; whether the very second is in is a quirk; its offset is heeded."""
    firm = firms(modified_since=mode)
    a, b, c = made(firm, 3)
    for since in ("2026-03-02T12:00:01+00:00", "2026-03-02T04:00:01-08:00"):
        assert len(ids(listed(firm, since=since))) == found
    firm.ask("PUT", f"/Contacts/{a}", {"data": [{"Title": "x"}]})
    assert a in ids(listed(firm, since="2026-03-02T12:00:02+00:00"))
    answer = firm.ask("GET", f"/Contacts/{b}", headers={"If-Modified-Since": "2026-03-02T12:00:02+00:00"})
    assert (answer.status_code, answer.content) == (304, b"")
    assert c


@pytest.mark.parametrize(("mode", "status"), [("304", 304), ("204", 204)])
def test_nothing_has_changed(firms: Any, mode: str, status: int) -> None:
    """304, or 204, by quirk, of lists and of what was deleted; without the header it is 204."""
    firm = firms(nothing_since=mode)
    later = "2026-03-03T12:00:00+00:00"
    made(firm, 1)
    assert listed(firm, since=later).status_code == status
    deleted = firm.ask("GET", "/Contacts/deleted", headers={"If-Modified-Since": later})
    assert deleted.status_code == status
    assert firm.ask("GET", "/Contacts/deleted").status_code == 204
    assert firm.ask("GET", "/Leads", params={"fields": "id"}).status_code == 204


def test_the_header_must_be_a_time(firm: Any) -> None:
    """HTTP's own form of a date is none here."""
    for wrong in ("yesterday", "Mon, 02 Mar 2026 12:00:00 GMT", "2026-03-02", "2026-03-02T12:00:00"):
        told = firm.error("GET", "/Contacts", params={"fields": "id"}, headers={"If-Modified-Since": wrong})
        assert told[1] == "PATTERN_NOT_MATCHED"


def test_what_was_deleted(firms: Any) -> None:
    """The newest first, by whom, of which type, in pages; nothing of other modules."""
    firm = firms(page_size=2)
    a, b, c = made(firm, 3)
    firm.desk.delete("contact", a)
    firm.wait(5)
    firm.ask("DELETE", "/Contacts", params={"ids": f"{b},{c}"})
    answer = firm.ask("GET", "/Contacts/deleted", params={"type": "all", "per_page": 200}).json()
    assert [one["id"] for one in answer["data"]] == [c, b]
    assert answer["info"]["more_records"] is True
    (last,) = firm.data("/Contacts/deleted", page=2)
    assert (last["id"], last["display_name"], last["type"]) == (a, "N0", "recycle")
    assert (last["deleted_by"]["name"], last["created_by"]["name"]) == ("Pat Page", "First Contact")
    assert last["deleted_time"] == "2026-03-02T04:00:03-08:00"
    since = {"If-Modified-Since": "2026-03-02T12:00:05+00:00"}
    assert len(firm.ask("GET", "/Contacts/deleted", headers=since).json()["data"]) == 2
    assert firm.ask("GET", "/Contacts/deleted", params={"type": "permanent"}).status_code == 204
    assert firm.ask("GET", "/Leads/deleted").status_code == 204
    assert firm.error("GET", "/Contacts/deleted", params={"type": "some"})[1] == "INVALID_DATA"


@pytest.mark.parametrize("mode", ["recycle", "permanent", "nothing"])
def test_what_a_merge_leaves(firms: Any, mode: str) -> None:
    """The loser is among the deleted, without a name where it is gone for good, or nowhere; nothing says into
    what it went."""
    firm = firms(merge_leaves=mode)
    loser, survivor = made(firm, 2)
    firm.desk.merge(loser, survivor)
    assert firm.ask("GET", f"/Contacts/{loser}").status_code == 204
    answer = firm.ask("GET", "/Contacts/deleted")
    if mode == "nothing":
        assert answer.status_code == 204
        return
    (told,) = answer.json()["data"]
    assert (told["id"], told["type"]) == (loser, mode)
    assert (told["display_name"] is None) == (told["deleted_by"] is None) == (mode == "permanent")
    assert survivor not in answer.text
