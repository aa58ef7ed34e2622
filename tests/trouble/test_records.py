"""Records that a CRM refuses, and records that others touch while we work on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace
from story import FAXER, JO, KIM, at, call, mail, text
from trouble_firm import BUSY_HOUR, LOGGED, MADE_AT, STRANGERS, Firm

from firstcontact.flow.clock import HOUR

FAY = "Fay Xu"
REFUSING: Mapping[str, Mapping[str, Any]] = {
    "clio": {"required_field": "enforced"},
    "clio_grow": {"writes": "absent"},
    "zoho": {"required_field": "enforced"},
    "dynamics": {"required_column": "system"},
    "lawmatics": {"string_limit": 10},
}
"""Quirks by which a CRM refuses contacts."""
WORDS = {
    "salesforce": "An e-mail is needed.",
    "clio": "Referral source",
    "clio_grow": "no documented way to make contacts",
    "zoho": "MANDATORY_NOT_FOUND",
    "dynamics": "new_referralsource",
    "lawmatics": "FirstContact key is not valid",
}
"""Of what it refuses them with."""


# --- what the CRM refuses -------------------------------------------------------------------------------


def test_half_a_batch_is_refused(make_firm: Any, kind: str) -> None:
    """A rule refuses some contacts of a batch: these are parked with the CRM's words, and what builds on them
    waits; the others are done. When the rule is gone, a person lets them go on."""
    firm: Firm = make_firm(kind, **REFUSING.get(kind, {}))
    if kind == "salesforce":
        rule = {"blank": "Email", "message": "An e-mail is needed."}
        firm.simulator.org.quirks["validation"] = {"Contact": [rule]}
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    made = [who for who in STRANGERS if firm.contacts_with(who)]
    assert made == ([KIM] if kind == "salesforce" else [])
    known = {"fax-1"} | ({"mail-kim-1", "mail-kim-2", "meet-1"} if kind == "salesforce" else set())
    assert set(firm.logged()) == known
    words = WORDS[kind]
    stuck = firm.said("stuck").text
    assert "refused by the CRM" in stuck
    assert words in stuck, stuck
    told = firm.said("explain", "call-jo").text
    assert f"new contact: refused by the CRM (`firstcontact stuck`), {MADE_AT[kind].split()[0]}" in told, told
    assert "activity: waits for another write" in told
    assert "waits for another write," not in told, "a key means nothing to people"
    firm.hold()
    if kind == "salesforce":
        firm.simulator.org.quirks["validation"] = {}
    elif kind == "lawmatics":
        firm.simulator.state.quirks = replace(firm.simulator.state.quirks, string_limit=255)
    elif kind == "clio_grow":
        firm.simulator.state.quirks = replace(firm.simulator.state.quirks, writes="present")
    elif kind == "zoho":
        firm.simulator.state.quirks = replace(firm.simulator.state.quirks, required_field="none")
        firm.simulator.state.modules["Contacts"].fields["Referral_Note"].required = False
    elif kind == "dynamics":
        firm.simulator.state.drop_column("contact", "new_referralsource")
    else:
        (field,) = [one for one in firm.simulator.state.all("custom_fields") if one.values["required"]]
        field.values["required"] = False
    assert firm.said("stuck", "retry", "--cause", "refused").status in (0, 3)
    firm.settle()
    firm.all_is_well()
    assert firm.said("stuck").text == "Nothing is stuck."


def test_locked_rows_are_tried_again(make_firm: Any) -> None:
    """Rows that Salesforce has locked are written a little later, once."""
    firm: Firm = make_firm("salesforce")
    firm.simulator.lock_rows("Contact", 2)
    firm.simulator.lock_rows("Task", 2)
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    assert firm.simulator.org.quirks["locks"] == {"Contact": 0, "Task": 0}
    firm.all_is_well()


@pytest.mark.parametrize("rule", ["block", "alert"])
def test_a_duplicate_rule_knows_more_than_the_search(make_firm: Any, rule: str) -> None:
    """Somebody has just made Kim by hand, which neither the index nor the search knows yet; the duplicate
    rule does. Kim is taken as a fact, not made again."""
    firm: Firm = make_firm("salesforce", lag=300.0, duplicates=rule)
    firm.drain()
    kim = firm.desk.add("contact", {"first_name": "Kim", "last_name": "Osei", "emails": [KIM]})
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    assert [each["id"] for each in firm.contacts_with(KIM)] == [kim]
    firm.all_is_well()
    assert f"wrote contact {kim} (was there already)" in firm.said("explain", "mail-kim-1").text


# --- what people do meanwhile -----------------------------------------------------------------------------


def test_a_contact_deleted_between_look_up_and_write(firm: Firm) -> None:
    """Fay is deleted when her fax is about to be logged: she is not made again, and the fax says so."""
    firm.drain()
    (fay,) = firm.contacts_with(FAXER)
    firm.meddling.before(firm.making("activity"), lambda: firm.desk.delete("contact", fay["id"]))
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    assert firm.meddling.waiting == 0
    assert firm.contacts_with(FAXER) == []
    firm.everybody_is_there()
    told = firm.said("explain", "fax-1").text
    assert "deleted" in told, told
    firm.hold()


def test_a_contact_merged_between_look_up_and_write(firm: Firm) -> None:
    """Fay is merged into another contact when her fax is about to be logged: it is on that one, at Clio as
    soon as the next news tells who bears the number now."""
    other = firm.desk.add(
        "contact", {"first_name": "Fay", "last_name": "Xu-Moss", "emails": ["fay@xu.example"]}
    )
    firm.drain()
    (fay,) = firm.contacts_with(FAXER)
    firm.meddling.before(firm.making("activity"), lambda: firm.desk.merge(fay["id"], other))
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    firm.wait(120)
    firm.settle()
    assert firm.meddling.waiting == 0
    (fax,) = [one for one in firm.people.dump()["activities"] if "fax-1" in one["interactions"]]
    assert fax["contacts"] == [other]
    firm.all_is_well()


def test_a_contact_made_by_hand_between_look_up_and_write(firm: Firm) -> None:
    """Somebody makes Jo right after our look: known by the next look or not, Jo's interactions are logged
    once, and we make no more than one of Jo."""
    firm.drain()
    made: list[str] = []

    def add() -> None:
        made.append(firm.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "phones": [JO]}))

    firm.meddling.before(firm.looks, add)
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    assert made
    assert len([each for each in firm.contacts_with(JO) if each["created_by_us"]]) <= 1
    assert firm.logged() == sorted(LOGGED)
    firm.hold()


def test_a_person_edits_what_we_bring_up_to_date(firm: Firm) -> None:
    """A text is added to the day's activity just when a person has written into it: what they set stays.
    Where nothing can be changed, each text has an activity of its own."""
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    if not firm.installation.crm.capabilities().updates_activity:
        assert [each for each in firm.logged() if each.startswith("text")] == ["text-1", "text-2"]
        assert all(len(one["interactions"]) == 1 for one in firm.people.dump()["activities"])
        return
    (texts,) = [one for one in firm.people.dump()["activities"] if "text-1" in one["interactions"]]

    def edit() -> None:
        firm.desk.edit("activity", texts["id"], {"subject": "As I remember it"})

    before = len(firm.meddling.answered)
    firm.meddling.before(lambda method, path: method in ("PATCH", "PUT") or path.endswith("/composite"), edit)
    firm.deliver(text("text-3", at(0, 16, 20), STRANGERS[2], "Tuesday, then?"))
    firm.settle()
    assert firm.meddling.waiting == 0
    changes = [status for _, method, _, status in firm.meddling.answered[before:] if method == "PATCH"]
    assert firm.kind != "clio" or changes[0] == 412, "Clio's etags tell that somebody was faster"
    (after,) = [one for one in firm.people.dump()["activities"] if "text-1" in one["interactions"]]
    assert after["subject"] == "As I remember it"
    assert "text-3" in after["interactions"]
    firm.hold()


# --- searches, clocks and pages -----------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["", "cut", "late"])
def test_two_quick_calls_of_one_stranger_while_the_search_lags(
    make_firm: Any, kind: str, trouble: Any
) -> None:
    """The search knows what was written after five minutes only. The second call, half a minute after the
    first, is of the contact that the first one made, also where the answer to that was lost."""
    firm: Firm = make_firm(kind, lag=300.0)
    firm.drain()
    if trouble:
        firm.next_making(trouble)
    firm.deliver(call("quick-1", firm.clock.now(), JO, seconds=60, name="DIAZ JO"))
    firm.drain()
    firm.wait(30)
    firm.reopen()
    firm.deliver(call("quick-2", firm.clock.now(), JO, seconds=70, name="DIAZ JO"))
    firm.drain()
    firm.settle()
    assert len(firm.contacts_with(JO)) == 1
    assert firm.logged() == ["quick-1", "quick-2"]
    firm.hold()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_an_hour_off(make_firm: Any, kind: str, hours: int) -> None:
    """The CRM's clock is an hour ahead or behind: what people make there is told all the same, and lost
    answers are found."""
    firm: Firm = make_firm(kind, clock_off=hours * HOUR)
    firm.drain()
    firm.next_making("cut")
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    firm.all_is_well()
    roe = firm.desk.add("contact", {"first_name": "Kim", "last_name": "Roe", "emails": ["kim@roe.example"]})
    firm.wait(600)
    firm.deliver(mail("roe-1", firm.clock.now(), "kim@roe.example", "ana@firm.example", "Kim Roe"))
    firm.settle()
    assert [one["id"] for one in firm.contacts_with("kim@roe.example")] == [roe]
    assert "roe-1" in firm.logged()
    firm.hold()


def test_a_page_ends_between_two_of_one_number(make_firm: Any, kind: str) -> None:
    """Two contacts have one number, and the page of the first reading ends between them: both are known, so
    that nobody is made, and who it was is asked or chosen by the settings, not guessed from half a page."""

    def seed(desk: Any) -> None:
        for number in range(3):
            desk.add("contact", {"last_name": f"Roe {number}", "emails": [f"roe{number}@roe.example"]})
        for name in ("Jo", "Joan"):
            desk.add("contact", {"first_name": name, "last_name": "Diaz", "phones": [JO]})

    pages = {
        "salesforce": {"bulk_page": 1},
        "clio": {"page_size": 1},
        "clio_grow": {"page_size": 1},
        "zoho": {"page_size": 1},
        "lawmatics": {"page_size": 1},
        "dynamics": {"page_size": 1},
    }
    firm: Firm = make_firm(kind, seed=seed, **pages[kind])
    firm.drain()
    firm.settle()
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    assert sorted(one["first_name"] for one in firm.contacts_with(JO)) == ["Jo", "Joan"]
    told = firm.said("explain", "call-jo").text
    assert "several" in told, told
    firm.everybody_is_there(besides=[JO])
    firm.hold()
