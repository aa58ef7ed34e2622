"""Combinations that silently lose data (SPEC §3)."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.planning.capabilities import Capabilities
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.warnings import warnings

USERS = [{"id": "ana"}, {"id": "bo"}]
PHONE = frozenset({"call", "voicemail", "sms", "fax"})
CLIO = Capabilities(kind="clio", title="Clio Manage")
STRICT = Capabilities(kind="lawmatics", title="Lawmatics", contact_required_for=PHONE | {"email", "meeting"})
SMS_ONLY = Capabilities(kind="zoho", title="Zoho CRM", contact_required_for=frozenset({"sms"}))
MATTERS = Capabilities(kind="filevine", title="Filevine", matters=True, matter_required=True)


def warned(settings: dict[str, Any], crm: Capabilities = CLIO, users: object = USERS) -> dict[str, str]:
    book = SettingsBook.from_mapping({"users": users}, settings)
    return {problem.key: problem.sentence for problem in warnings(book, {"main": crm})}


def test_an_unknown_fax_in_a_crm_that_always_needs_a_contact() -> None:
    """The admin is told that such a fax will not be logged, unless faxes may create or are not wanted."""
    said = warned({"preset": "call-connector"}, STRICT)
    assert "Lawmatics needs a contact for every fax" in said["fax_may_create"]
    assert warned({"preset": "call-connector"}) == {}
    assert warned({"preset": "call-connector", "fax_may_create": True}, STRICT) == {}
    assert warned({"preset": "call-connector", "log": {"fax": False}}, STRICT) == {}
    assert warned({"preset": "call-connector", "unknown_contact": {"fax": "skip"}}, STRICT) == {}


def test_exclusive_association_and_an_unknown_fax() -> None:
    """With exclusive association a fax from an unknown number is lost, and that is said."""
    said = warned({"preset": "call-connector", "exclusive_contact_association": True})
    assert (
        "a fax from a number that is on no contact will not be logged"
        in said["exclusive_contact_association"]
    )
    both = {"preset": "call-connector", "exclusive_contact_association": True, "fax_may_create": True}
    assert warned(both) == {}


def test_a_crm_that_requires_a_matter() -> None:
    """Where a matter is required and none is looked for, nothing can be logged."""
    assert "nothing will be logged" in warned({"matter_association": False}, MATTERS)["matter_association"]
    assert warned({"matter_association": False}) == {}
    assert warned({}, MATTERS) == {}


def test_contact_roles_in_a_crm_that_has_none() -> None:
    """Where roles are on and the CRM has no place for them, it is said that none will be made."""
    said = warned({"contact_roles": True})
    assert said == {
        "contact_roles": "no contact role will be made: Clio Manage has no place for roles on opportunities"
    }
    roles = Capabilities(kind="salesforce", title="Salesforce", opportunities=True, contact_roles=True)
    assert warned({"contact_roles": True}, roles) == {}
    assert warned({"contact_roles": False}) == {}


def test_ask_without_anybody_to_ask() -> None:
    """Each key that asks is named where the team has no reviewer; with one, nothing is said."""
    said = warned({"autonomy": {"create": "ask"}, "unknown_contact": {"sms": "ask"}}, users=[])
    assert set(said) == {"unknown_contact.sms", "several_contacts", "free_mail", "autonomy.create"}
    assert "no user of the team is a reviewer" in said["autonomy.create"]
    nobody = [{"id": "ana", "reviewer": False}]
    assert "several_contacts" in warned({}, users=nobody)
    assert warned({}, users=[*nobody, {"id": "bo"}]) == {}


def test_unlinked_where_a_contact_is_needed() -> None:
    """`log_unlinked` for a kind that the CRM only logs on a contact loses those interactions."""
    said = warned({"preset": "call-connector", "unknown_contact": {"default": "log_unlinked"}}, SMS_ONLY)
    assert list(said) == ["unknown_contact.default"]
    assert (
        "texts with somebody unknown will not be logged at all: Zoho CRM" in said["unknown_contact.default"]
    )
    only_sms = {"default": "log_unlinked", "sms": "create"}
    assert warned({"preset": "call-connector", "unknown_contact": only_sms}, SMS_ONLY) == {}


def test_a_users_own_settings_are_looked_at_too() -> None:
    """What a user's own settings lose is said with the user's name; the organisation's is said once."""
    written = {"preset": "call-connector", "user": {"ana": {"exclusive_contact_association": True}, "bo": {}}}
    said = warned(written)
    assert said["exclusive_contact_association"].endswith("(for user:ana)")
    book = SettingsBook.from_mapping({"users": USERS}, {**written, "exclusive_contact_association": True})
    assert len(warnings(book, {"main": CLIO})) == 1


def test_a_warning_points_at_what_was_written() -> None:
    """A warning stands where its value was written, or where the preset that holds it was named."""
    written = {"preset": "call-connector", "exclusive_contact_association": True}
    book = SettingsBook.from_mapping({"users": USERS}, written)
    places = {problem.key: problem.place for problem in warnings(book, {"main": STRICT})}
    assert places["exclusive_contact_association"] == ("settings", "exclusive_contact_association")
    assert places["fax_may_create"] == ("settings", "preset")


def test_given_up_blocks() -> None:
    """A more specific `blocked` list that leaves out the organisation's entries says which are given up."""
    written = {"blocked": ["*.gov", "acme.example"], "user": {"ana": {"blocked": ["acme.example"]}}}
    assert warned(written)["blocked"].endswith("no longer blocked there: *.gov")
    assert warned({**written, "lock": ["blocked"]})["blocked"].startswith(
        "`blocked` is locked by organisation"
    )


@pytest.mark.parametrize(
    ("owner", "expected"), [("ana", False), ("zed", True), (["account_owner", "zed"], True)]
)
def test_an_owner_whom_the_team_does_not_know(owner: object, expected: bool) -> None:
    """An owner that is no user of the team is taken for a CRM user, and the admin is told."""
    assert ("owner" in warned({"owner": owner})) is expected
