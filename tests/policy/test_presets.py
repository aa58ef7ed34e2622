"""The presets reproduce their source texts (SPEC §3 "Presets")."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from firstcontact.policy.layers import PRESET_NAMES
from firstcontact.policy.presets import PRESETS
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.settings import Effective

THREE = ("first_name", "last_name", "email")
TEAM = {"users": [{"id": "ana"}]}


def effective(settings: dict[str, object], user: str = "") -> Effective:
    return SettingsBook.from_mapping(TEAM, settings).effective(user)


def test_there_are_four() -> None:
    """The schema knows exactly the presets that exist."""
    assert tuple(PRESETS) == PRESET_NAMES


def test_standard_is_built_in() -> None:
    """Naming `standard` changes no value of the built-in settings."""
    plain, named = effective({}), effective({"preset": "standard"})
    for field in Effective.__struct_fields__:
        if field not in ("origins", "version"):
            assert getattr(named, field) == getattr(plain, field), field


def test_standard_follows_the_table() -> None:
    """The built-in values are those of the table of SPEC §3."""
    settings = effective({})
    assert settings.unknown_contact == {"default": "create", "call.inbound.missed": "log_unlinked"}
    assert settings.required_fields == {"email": THREE, "meeting": THREE}
    assert settings.owner == ("triggering_user", "account_owner", "integration_user")
    assert (settings.account_match, settings.engagement, settings.free_mail) == ("optional", "two_way", "ask")
    assert (settings.max_external_people, settings.max_external_domains) == (20, 5)
    assert (settings.brakes_creates_per_hour, settings.brakes_share_of_unknown) == (500, 0.9)
    assert (settings.several_contacts, settings.several_matters) == ("ask", "none")
    assert settings.account_subdomains
    assert settings.lead_blocks_creation
    assert settings.matter_association
    assert settings.matter_creation is None
    assert all(settings.log.values())
    assert set(settings.autonomy.values()) == {"act"}
    assert not settings.fax_may_create
    assert not settings.cc_creates
    assert not settings.contact_roles


def test_built_in_is_what_effective_starts_from() -> None:
    """Effective settings made without a book equal those of an empty book: one truth, in the schema."""
    book, bare = SettingsBook().effective(), Effective()
    for field in Effective.__struct_fields__:
        if field not in ("origins", "version"):
            assert getattr(book, field) == getattr(bare, field), field


def test_call_connector() -> None:
    """Contact Creation is on by default and for missed calls too; a fax never creates; Exclusive Contact
    Association is off by default; a log is linked to a matter and makes a non-billable time entry."""
    settings = effective({"preset": "call-connector"})
    assert settings.unknown_contact == {"default": "create"}
    assert settings.unknown_contact_for(("call", "inbound", "missed")) == "create"
    assert not settings.fax_may_create
    assert not settings.exclusive_contact_association
    assert all(settings.log.values())
    assert settings.matter_association
    assert (settings.time_entry, settings.time_entry_billable) == (True, False)


def test_app_connect() -> None:
    """The default is to do nothing; several matches are left alone; the placeholder is Unknown Caller."""
    settings = effective({"preset": "app-connect"})
    assert settings.unknown_contact == {"default": "skip"}
    assert settings.several_contacts == "skip"
    assert settings.placeholder_name == "Unknown Caller"


def test_app_connect_user_and_admin() -> None:
    """A user picks what happens with unknown callers; the placeholder's name is the admin's, at every scope
    but the user's."""
    admins = {"preset": "app-connect", "placeholder_name": "New caller"}
    chosen = {"unknown_contact": {"default": "create"}, "placeholder_name": "Mine"}
    book = SettingsBook.from_mapping(TEAM, {**admins, "user": {"ana": chosen}})
    assert book.effective("ana").unknown_contact_for(("call", "inbound")) == "create"
    assert book.effective("ana").placeholder_name == "New caller"
    assert [problem.key for problem in book.ignored] == ["placeholder_name"]
    profile = {"members": ["ana"], "placeholder_name": "Sales caller"}
    book = SettingsBook.from_mapping(TEAM, {"preset": "app-connect", "profile": {"sales": profile}})
    assert book.effective("ana").placeholder_name == "Sales caller"


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_no_preset_of_a_users_takes_the_name_from_the_admin(preset: str) -> None:
    """A user who names any preset does not get past what `app-connect` leaves to the admin."""
    admins = {"preset": "app-connect", "placeholder_name": "New caller"}
    users = {"ana": {"preset": preset, "placeholder_name": "Mine"}}
    book = SettingsBook.from_mapping(TEAM, {**admins, "user": users})
    assert book.effective("ana").placeholder_name == "New caller"


def test_backstory() -> None:
    """The gates of Automatic Contact Creation: three fields, an account of exactly the domain, a user who
    owns or works on it; one message is enough; the owner is the user, else the integration user."""
    settings = effective({"preset": "backstory"})
    assert settings.required_fields == {"email": THREE, "meeting": THREE}
    assert settings.account_match == "required"
    assert not settings.account_subdomains
    assert settings.user_must_be == ("account_owner", "opportunity_owner", "account_team")
    assert settings.engagement == "any"
    assert settings.cc_creates
    assert settings.free_mail == "skip"
    assert settings.lead_blocks_creation
    assert settings.owner == ("triggering_user", "integration_user")
    assert not settings.contact_roles
    assert settings.contact_roles_several == "primary"
    assert settings.enrich == {}
    assert set(settings.classify.values()) == {"never"}


@pytest.mark.parametrize("written", [["title"], [], ["email", "title"], {"email": ["title"]}])
def test_backstory_always_requires_three_fields(written: object) -> None:
    """An admin may add required fields under `backstory`, never take away the three."""
    settings = effective({"preset": "backstory", "required_fields": written})
    for kind in ("email", "meeting"):
        assert settings.required_fields[kind][:3] == THREE
    assert ("title" in settings.required_fields["email"]) == ("title" in str(written))


def test_a_later_preset_lifts_the_three_fields_unless_locked() -> None:
    """A profile of another preset is free of the three fields, but not where the organisation locked them."""
    profile = {"preset": "standard", "required_fields": ["email"], "members": ["ana"]}
    organisation: dict[str, object] = {"preset": "backstory", "profile": {"calls": profile}}
    assert effective(organisation, "ana").required_fields["email"] == ("email",)
    organisation["lock"] = ["required_fields"]
    assert effective(organisation, "ana").required_fields["email"] == THREE


def test_every_scenario_of_the_shared_files_has_readable_settings(shared: Path) -> None:
    """The settings and teams of the specification's scenario files are read without a problem."""
    read = 0
    for path in sorted((shared / "scenarios").glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for scenario in content["scenarios"]:
            merged = {**content.get("defaults", {}), **scenario}
            book = SettingsBook.from_mapping(merged["team"], merged.get("settings"))
            assert book.effective().preset == merged["settings"]["preset"]
            assert book.ignored == ()
            read += 1
    assert read > 40
