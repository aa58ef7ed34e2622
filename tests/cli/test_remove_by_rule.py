"""`remove writes --rule`: what a reason brought about goes whole, the mail that made a contact included."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def met(fc: Any, strangers: Any) -> Any:
    """Two strangers wrote; that alone made them contacts."""
    fc.done("settings", "set", "engagement", "any")
    fc.done("import", strangers("s.mbox", 2, answered=False))
    assert len(fc.json("contacts")) == 2
    return fc


@pytest.mark.parametrize("rule", ["unknown_contact", "unknown_contact:create"])
@pytest.mark.parametrize("span", [(), ("--since", "2026-03-02")])
def test_a_contact_goes_with_the_mail_that_made_it(met: Any, rule: str, span: tuple[str, ...]) -> None:
    """Its own mail does not keep it: what decided on the contact brought about the activity, too."""
    done = met.json("remove", "writes", "--rule", rule, *span, "--yes")
    assert done["counts"] == {"delete": {"log_activity": 2, "create_contact": 2}}
    assert (done["done"], met.json("contacts"), met.json("activities")) == (True, [], [])


def test_who_was_written_to_since_stays(met: Any, strangers: Any) -> None:
    """A later mail that was logged for a reason of its own, or for none, keeps the contact."""
    met.done("import", strangers("answered.mbox", 1))
    done = met.json("remove", "writes", "--rule", "unknown_contact:create", "--yes")
    assert done["counts"]["leave"] == {"create_contact": 1}
    assert len(met.json("contacts")) == 1


def test_what_is_left_is_not_done(met: Any, strangers: Any) -> None:
    """Where all of it is left, `--json` does not say that it was done; where all of it is gone, it does."""
    met.done("import", strangers("answered.mbox", 1))
    again = ("remove", "writes", "--rule", "unknown_contact:create", "--yes")
    met.done(*again)
    left = met.json(*again)
    assert left["counts"] == {"leave": {"create_contact": 1}}
    assert left["done"] is False
    assert met.json("remove", "writes", "--until", "2001-01-01", "--yes")["done"] is True
