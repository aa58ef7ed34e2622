"""`report` and `report created` tell what is so after contacts were removed and somebody was erased."""

from __future__ import annotations

from typing import Any

import pytest

REMOVED, ERASED = "p0@firm0.example", "p1@firm1.example"


@pytest.fixture
def fewer(fc: Any, strangers: Any) -> Any:
    """Of three strangers who became contacts one was removed and one was erased."""
    fc.done("settings", "set", "engagement", "any")
    fc.done("import", strangers("s.mbox", 3, answered=False))
    fc.done("remove", "contact", REMOVED, "--yes")
    fc.done("person", "erase", ERASED, "--yes")
    assert (len(fc.json("contacts")), len(fc.json("activities"))) == (1, 1)
    return fc


def test_the_sentence_is_true(fewer: Any) -> None:
    """Who was ever made is not said to be there still, and what went is not counted as logged."""
    counts = fewer.json("report")
    assert (counts["contacts"], counts["created"], counts["activities"]) == (1, 3, 1)
    said = fewer.done("report").all
    assert "1 contact in the address book; 3 contacts made by FirstContact so far; 1 activity logged;" in said


def test_who_was_removed_before_is_counted_once(fewer: Any) -> None:
    """Erasing somebody whose activity was removed before takes nothing off the count of the others."""
    fewer.done("person", "erase", REMOVED, "--yes")
    assert fewer.json("report")["activities"] == 1


def test_who_was_erased_is_listed_as_deleted(fewer: Any) -> None:
    """Nothing names them any more, but that the contact is gone is known."""
    listed = fewer.json("report", "created", "--list")
    assert [each["since"] for each in listed] == ["removed", "deleted", ""]
    assert fewer.json("report", "created")["since"] == {"removed": 1, "deleted": 1}
