"""Reading a settings layer (SPEC §3): dotted or nested keys in, leaves and problems out."""

from __future__ import annotations

import pytest

from firstcontact.policy.layers import read_layer, read_text
from firstcontact.policy.schema import (
    BY_NAME,
    LEAF_KEYS,
    SETTINGS,
    UNKNOWN_CONTACT_KEYS,
    built_in,
    setting_of,
)
from firstcontact.policy.scopes import SettingsBook, SettingsProblem
from firstcontact.policy.setting import Scope
from firstcontact.policy.settings import Effective


def sentences(written: dict[str, object], scope: Scope = "organisation") -> list[str]:
    return [str(problem) for problem in read_layer(written, scope).problems]


def test_every_setting_is_a_field_of_the_effective_settings() -> None:
    """Each setting has its own field, and no field is without a setting."""
    fields = [setting.field for setting in SETTINGS]
    assert len(set(fields)) == len(fields)
    assert set(Effective.__struct_fields__) - set(fields) == {"version", "preset", "team", "origins"}


def test_every_built_in_value_is_allowed() -> None:
    """The built-in values pass the reading that everybody else's values have to pass."""
    layer = read_layer(built_in(), "organisation")
    assert layer.problems == ()
    assert layer.layer.values == built_in()


def test_every_meaning_is_a_sentence() -> None:
    """Every setting tells a user in a sentence what it does."""
    assert [setting.name for setting in SETTINGS if not setting.meaning.endswith(".")] == []


@pytest.mark.parametrize(
    "written",
    [
        {"unknown_contact": {"call": {"inbound": {"missed": "skip"}}}},
        {"unknown_contact": {"call.inbound.missed": "skip"}},
        {"unknown_contact.call": {"inbound": {"missed": "skip"}}},
        {"unknown_contact.call.inbound.missed": "skip"},
    ],
)
def test_nested_and_dotted_are_the_same(written: dict[str, object]) -> None:
    """However a map is written, the same key gets the value."""
    layer = read_layer(written, "organisation")
    assert layer.problems == ()
    assert layer.layer.values == {"unknown_contact.call.inbound.missed": "skip"}


def test_required_fields_as_a_list_or_by_kind() -> None:
    """A list of required fields stands for mail and meetings; a map names kinds."""
    assert read_layer({"required_fields": ["email"]}, "user").layer.values == {
        "required_fields.email": ("email",),
        "required_fields.meeting": ("email",),
    }
    by_kind = read_layer({"required_fields": {"call": ["phone"]}}, "user").layer.values
    assert by_kind == {"required_fields.call": ("phone",)}


@pytest.mark.parametrize("key", UNKNOWN_CONTACT_KEYS)
def test_each_form_of_unknown_contact(key: str) -> None:
    """`default`, a kind, a kind and direction, a call's result are keys of unknown_contact."""
    assert read_layer({f"unknown_contact.{key}": "ask"}, "user").problems == ()


@pytest.mark.parametrize("key", ["inbound", "meeting.inbound", "sms.inbound.missed", "call.missed", "phone"])
def test_no_other_form_of_unknown_contact(key: str) -> None:
    """A key that no interaction could have is refused."""
    [sentence] = sentences({f"unknown_contact.{key}": "ask"})
    assert f"unknown key `unknown_contact.{key}`" in sentence


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            {"unknown_contacts": {"default": "skip"}},
            "unknown key `unknown_contacts`; did you mean `unknown_contact`?",
        ),
        ({"engagment": "any"}, "unknown key `engagment`; did you mean `engagement`?"),
        ({"log.emial": False}, "unknown key `log.emial`; did you mean `log.email`?"),
        ({"brakes": {"create_per_hour": 5}}, "did you mean `brakes.creates_per_hour`?"),
        ({"engagement": "Any"}, "`Any` is none of `any`, `outbound` or `two_way`; did you mean `any`?"),
        ({"several_contacts": True}, "true is none of `ask`"),
        ({"cc_creates": "true"}, "`true` is neither true nor false, without quotes"),
        ({"cc_creates": 1}, "1 is neither true nor false"),
        ({"max_external_people": "20"}, "`20` is no whole number from 0 to 100000"),
        ({"max_external_people": True}, "true is no whole number"),
        ({"minimum_talk_seconds": -1}, "-1 is no whole number"),
        ({"brakes.share_of_unknown": 90}, "90 is no fraction above 0 and up to 1"),
        ({"dedupe_at": "25:00"}, "`25:00` is no time of day"),
        ({"dedupe_at": 780}, "780 is no time of day; write hours and minutes in quotes"),
        ({"blocked": "acme.example"}, "`acme.example` is no list; write it in square brackets"),
        ({"blocked": [1900]}, "1900 in the list is no text"),
        ({"required_fields": ["surname"]}, "`surname` is none of `first_name`"),
        ({"user_must_be": ["owner"]}, "`owner` is none of `account_owner`"),
        ({"owner": []}, "an owner is wanted"),
        ({"owner": ["account_owners"]}, "did you mean `account_owner`?"),
        (
            {"placeholder_name": "{name}"},
            "`{name}` is unknown in a placeholder name; it may hold {caller_id}",
        ),
        ({"placeholder_name": "{number"}, "is no template"),
        ({"log": False}, "`log` takes keys, such as `log.call`"),
        (
            {"engagement": {"email": "any"}},
            "`engagement` takes `any` `outbound` `two_way`, not keys of its own",
        ),
        ({"enrich": {"owner": "always"}}, "the owner of a contact is never changed"),
        ({"preset": "backstroy"}, "`backstroy` is none of"),
        ({"lock": ["logs"]}, "unknown key `logs`; did you mean `log`?"),
        ({"log": {"email": True}, "log.email": False}, "`log.email` is set twice"),
        ({"matter_creation": "auto"}, "`auto` is none of true, false or `where_required`"),
    ],
)
def test_what_is_wrong_is_said(written: dict[str, object], expected: str) -> None:
    """A bad key or value is one problem, whose sentence names the key, what is allowed and what is near."""
    [sentence] = sentences(written)
    assert expected in sentence


def test_settings_of_the_whole_crm_are_no_users() -> None:
    """Brakes, dedupe and retention cannot be set for a single user or profile."""
    narrow = [setting for setting in SETTINGS if "user" not in setting.scopes]
    assert {setting.name for setting in narrow} >= {"brakes.creates_per_hour", "dedupe", "body_days"}
    for setting in narrow:
        [sentence] = sentences({setting.name: setting.default}, "user")
        assert f"`{setting.name}` can only be set for the organisation or the connection" in sentence


def test_a_value_that_was_read_says_where_it_stands() -> None:
    """Every leaf and every problem has the path that leads to it in what was written."""
    reading = read_layer(
        {"log": {"email": False}, "enrich": {"title": "often"}}, "user", "bo", ("user", "bo")
    )
    assert reading.layer.places == {"log.email": ("user", "bo", "log", "email")}
    assert reading.problems[0].place == ("user", "bo", "enrich", "title")
    assert reading.layer.label == "user:bo"


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("cc_creates", "TRUE", True),
        ("matter_creation", "where_required", "where_required"),
        ("max_external_people", "7", 7),
        ("max_external_people", "many", "many"),
        ("brakes.share_of_unknown", "0.5", 0.5),
        ("required_fields", "email, title", ["email", "title"]),
        ("lock", "[log]", ["log"]),
        ("engagement", " any ", "any"),
        ("nonsense", "true", "true"),
    ],
)
def test_typed_text_gets_its_type(key: str, text: str, value: object) -> None:
    """Text from a command line becomes the type that the key takes; judging it is left to the reading."""
    assert read_text(key, text) == value


def test_every_leaf_belongs_to_a_setting() -> None:
    """No leaf key is without its setting, and no setting without a leaf."""
    assert {setting_of(leaf).name for leaf in LEAF_KEYS} == set(BY_NAME)


def test_all_problems_are_told_at_once() -> None:
    """A refusal names everything that is wrong in team, settings and sub-layers, not only the first thing."""
    team = {"region": "XX", "users": [{"id": "ana", "emails": ["nobody"]}]}
    settings = {"engagement": "no", "user": {"bo": {"log": 1}}, "blocked": ["gov"]}
    with pytest.raises(SettingsProblem) as caught:
        SettingsBook.from_mapping(team, settings)
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {"team.region", "team.emails", "engagement", "user.bo", "user.bo.log", "blocked"}
    assert all(problem.place for problem in caught.value.problems)


def test_a_map_whose_keys_people_make_up() -> None:
    """Roles by persona take the personas of the built-in rules and of one's own, and only texts."""
    written = {"contact_roles_by_persona": {"Economic buyer": " Economic Buyer ", "My own": "Sponsor"}}
    layer = read_layer(written, "organisation")
    assert layer.problems == ()
    assert layer.layer.values == {
        "contact_roles_by_persona.Economic buyer": "Economic Buyer",
        "contact_roles_by_persona.My own": "Sponsor",
    }
    assert setting_of("contact_roles_by_persona.My own") is BY_NAME["contact_roles_by_persona"]
    book = SettingsBook.from_mapping({}, written)
    assert book.effective().contact_roles_by_persona == {
        "Economic buyer": "Economic Buyer",
        "My own": "Sponsor",
    }
    assert "3 is no text" in sentences({"contact_roles_by_persona": {"Legal": 3}})[0]
    assert "takes keys" in sentences({"contact_roles_by_persona": "Sponsor"})[0]
