"""Scopes, presets and locks (SPEC §3)."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.policy.layers import PRESET_NAMES
from firstcontact.policy.presets import PRESETS
from firstcontact.policy.schema import LEAF_KEYS, built_in, setting_of
from firstcontact.policy.scopes import SettingsBook, SettingsProblem, describe

TEAM: dict[str, Any] = {
    "region": "US",
    "domains": ["northwind.example"],
    "users": [
        {
            "id": "ana",
            "name": "Ana Ruiz",
            "emails": ["ana@northwind.example"],
            "phones": ["+1 (415) 555-0100"],
        },
        {"id": "bo", "name": "Bo Lind"},
    ],
}


def book(written: dict[str, Any]) -> SettingsBook:
    return SettingsBook.from_mapping(TEAM, written)


def test_the_more_specific_scope_wins() -> None:
    """Built-in, organisation, connection, profile, user: each overrides the one before."""
    written: dict[str, Any] = {"lead_source": "organisation"}
    assert book({}).effective("ana", "crm").lead_source == "FirstContact"
    assert book(written).effective("ana", "crm").lead_source == "organisation"
    written["connection"] = {"crm": {"lead_source": "connection"}}
    assert book(written).effective("ana", "crm").lead_source == "connection"
    assert book(written).effective("ana", "other").lead_source == "organisation"
    written["profile"] = {"sales": {"members": ["ana"], "lead_source": "profile"}}
    assert book(written).effective("ana", "crm").lead_source == "profile"
    assert book(written).effective("bo", "crm").lead_source == "connection"
    written["user"] = {"ana": {"lead_source": "user"}}
    assert book(written).effective("ana", "crm").lead_source == "user"
    assert book(written).effective("ana", "crm").origins["lead_source"] == "user:ana"
    assert book(written).effective("bo").origins["lead_source"] == "organisation"


def test_maps_are_merged_key_by_key() -> None:
    """A more specific scope's key leaves the other keys of the map as they were."""
    made = book({"log": {"email": False}, "user": {"ana": {"log": {"fax": False}}}})
    log = made.effective("ana").log
    assert (log["email"], log["fax"], log["call"]) == (False, False, True)
    origins = made.effective("ana").origins
    assert (origins["log.email"], origins["log.fax"]) == ("organisation", "user:ana")


def test_the_most_specific_key_decides_over_the_more_specific_scope() -> None:
    """After merging, the longest key decides, whichever scope it came from."""
    made = book(
        {
            "unknown_contact": {"call.inbound.missed": "ask"},
            "user": {"ana": {"unknown_contact": {"call": "skip"}}},
        }
    )
    assert made.effective("ana").unknown_contact_for(("call", "inbound", "missed")) == "ask"
    assert made.effective("ana").unknown_contact_for(("call", "inbound", "answered")) == "skip"
    assert made.effective("ana").unknown_contact_for(("sms", "inbound")) == "create"


def test_a_preset_replaces_maps_whole_and_its_scopes_keys_come_on_top() -> None:
    """A preset drops the keys that wider scopes put into maps; the same scope's keys are laid on it."""
    profile = {"members": ["ana"], "preset": "call-connector", "unknown_contact": {"sms": "ask"}}
    made = book({"unknown_contact": {"fax": "skip"}, "engagement": "any", "profile": {"calls": profile}})
    ana = made.effective("ana")
    assert ana.unknown_contact == {"default": "create", "sms": "ask"}
    assert ana.engagement == "two_way"
    assert ana.origins["unknown_contact.default"] == "preset:call-connector"
    assert ana.preset == "call-connector"
    assert made.effective("bo").unknown_contact["fax"] == "skip"


def test_a_preset_leaves_lists_of_people_and_what_is_not_its_scopes() -> None:
    """`blocked` and `allowed` stay, and a profile's preset does not touch brakes or retention."""
    profile = {"members": ["ana"], "preset": "backstory"}
    made = book({"blocked": ["acme.example"], "body_days": 3, "profile": {"sales": profile}})
    assert made.effective("ana").blocked == ("acme.example",)
    assert made.effective("ana").body_days == 3


def test_a_lock_keeps_more_specific_scopes_out_and_names_both_places() -> None:
    """A locked key keeps its value; what is ignored is listed with its own place and the lock's."""
    made = book({"engagement": "outbound", "lock": ["engagement"], "user": {"ana": {"engagement": "any"}}})
    assert made.effective("ana").engagement == "outbound"
    [problem] = made.ignored
    assert problem.place == ("settings", "user", "ana", "engagement")
    assert problem.other == ("settings", "lock")
    assert "locked by organisation" in str(problem)
    assert "user:ana" in str(problem)
    assert made.locks("ana") == {"engagement": "organisation"}


def test_a_lock_binds_only_below() -> None:
    """The scope that locks a key may set it itself, and wider scopes are not bound."""
    profile = {"members": ["ana"], "engagement": "any", "lock": ["engagement"]}
    made = book(
        {"engagement": "outbound", "profile": {"sales": profile}, "user": {"bo": {"engagement": "two_way"}}}
    )
    assert made.effective("ana").engagement == "any"
    assert made.effective("bo").engagement == "two_way"
    assert made.ignored == ()


@pytest.mark.parametrize("lock", ["unknown_contact", "unknown_contact.call", "unknown_contact.call.inbound"])
def test_a_lock_covers_what_is_under_it(lock: str) -> None:
    """Locking a map, or a part of one, locks every longer key too."""
    users = {"ana": {"unknown_contact": {"call.inbound.missed": "create"}}}
    made = book({"unknown_contact": {"default": "skip"}, "lock": [lock], "user": users})
    assert made.effective("ana").unknown_contact_for(("call", "inbound", "missed")) == "log_unlinked"
    assert len(made.ignored) == 1


def test_a_locked_key_is_not_changed_by_a_broader_one() -> None:
    """A key that is locked without having a value of its own keeps the value that it had then."""
    users = {"ana": {"unknown_contact": {"default": "create", "sms": "create"}}}
    written = {"unknown_contact": {"default": "skip"}, "lock": ["unknown_contact.sms.inbound"], "user": users}
    assert book(written).effective("ana").unknown_contact_for(("sms", "inbound")) == "skip"
    assert book(written).effective("ana").unknown_contact_for(("sms", "outbound")) == "create"


def test_a_preset_does_not_get_past_a_lock() -> None:
    """A preset named below leaves locked keys alone and says so; `preset` itself can be locked."""
    profile = {"members": ["ana"], "preset": "backstory"}
    made = book({"engagement": "outbound", "lock": ["engagement"], "profile": {"sales": profile}})
    assert made.effective("ana").engagement == "outbound"
    assert made.effective("ana").account_match == "required"
    assert [problem.key for problem in made.ignored] == ["engagement"]
    made = book({"lock": ["preset"], "profile": {"sales": profile}})
    assert made.effective("ana").account_match == "optional"
    assert [problem.place[-1] for problem in made.ignored] == ["preset"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ({"user": {"zed": {}}}, "user.zed"),
        ({"profile": {"sales": {"members": ["zed"]}}}, "profile.sales.members"),
        ({"profile": {"a": {"members": ["ana"]}, "b": {"members": ["ana"]}}}, "profile.b.members"),
        ({"profile": {"sales": {"members": "ana"}}}, "profile.sales.members"),
        ({"profile": ["sales"]}, "profile"),
        ({"user": {"ana": "any"}}, "user.ana"),
        ({"users": {"ana": {}}}, "users"),
        ({"user": {"ana": {"blocked": ["12345"]}}}, "user.ana.blocked"),
    ],
)
def test_sub_layers_that_name_nobody_are_refused(written: dict[str, Any], key: str) -> None:
    """A user or profile that is not there, or a layer of the wrong shape, is refused with its place."""
    with pytest.raises(SettingsProblem) as caught:
        book(written)
    [problem] = caught.value.problems
    assert problem.key == key
    assert problem.place[0] == "settings"


def test_a_later_change_is_laid_over() -> None:
    """A change keeps what it does not name; one that names a preset starts anew; other scopes stay."""
    first = book({"preset": "app-connect", "lead_source": "Web", "user": {"ana": {"log": {"fax": False}}}})
    second = first.with_settings({"unknown_contact": {"default": "create"}})
    assert second.effective().unknown_contact == {"default": "create"}
    assert second.effective().lead_source == "Web"
    assert second.effective().preset == "app-connect"
    third = second.with_settings({"preset": "backstory"})
    assert third.effective().unknown_contact["default"] == "create"
    assert third.effective().lead_source == "FirstContact"
    assert third.effective("ana").log["fax"] is False
    assert first.effective().unknown_contact == {"default": "skip"}
    assert len({first.version, second.version, third.version}) == 3


def test_a_later_change_may_fill_a_profile_anew() -> None:
    """Members named in a change replace the profile's members."""
    first = book({"profile": {"sales": {"members": ["ana"], "engagement": "any"}}})
    second = first.with_settings({"profile": {"sales": {"members": ["bo"]}}})
    assert [second.effective(user).engagement for user in ("ana", "bo")] == ["two_way", "any"]


def test_the_version_tells_settings_apart() -> None:
    """Equal settings have one version, however written; any difference in team or settings another."""
    assert book({"log": {"email": False}}).version == book({"log.email": False}).version
    assert book({"log": {"email": False}}).version != book({"log.email": True}).version
    assert book({}).version != SettingsBook.from_mapping({**TEAM, "region": "GB"}, {}).version
    assert (
        book({"user": {"ana": {"log.fax": False}}}).version
        != book({"user": {"bo": {"log.fax": False}}}).version
    )


def test_effective_settings_are_worked_out_once() -> None:
    """Asking again for the same user and connection gives the same object, also after pickling."""
    made = book({"user": {"ana": {"log.fax": False}}})
    assert made.effective("ana") is made.effective("ana", "no such connection")
    assert made.effective("bo") is made.effective()
    assert pickle.loads(pickle.dumps(made)).effective("ana") == made.effective("ana")


def test_describe_shows_what_concerns_a_kind() -> None:
    """`describe` lists the settings of one kind with value and origin, and says what is locked."""
    made = book({"log": {"call": False}, "lock": ["log"], "placeholder_name": "New {number}"})
    lines = {line.key: line for line in describe(made, "ana", "call")}
    assert lines["log.call"][1:] == ("false", "organisation, locked by organisation")
    assert lines["placeholder_name"][1:] == ("New {number}", "organisation")
    assert lines["unknown_contact.call.inbound.missed"][1:] == ("log_unlinked", "built-in")
    assert "log.email" not in lines
    assert "engagement" not in lines
    assert "placeholder_name" not in {line.key for line in describe(made, "ana", "email")}
    assert "engagement" in {line.key for line in describe(made, "ana", "email")}


def test_describe_leaves_no_setting_out() -> None:
    """Without a kind, every setting has a line."""
    shown = [line.key for line in describe(book({})) if line.key != "preset"]
    named = {setting_of(key).name if key in LEAF_KEYS else key.partition(".")[0] for key in shown}
    assert named == {setting_of(leaf).name for leaf in LEAF_KEYS}


# --- property ---

SAMPLES: dict[str, Any] = {
    "engagement": ["any", "outbound"],
    "unknown_contact.default": ["skip", "ask"],
    "unknown_contact.call": ["skip", "create"],
    "unknown_contact.call.inbound.missed": ["ask", "create"],
    "log.email": [True, False],
    "required_fields.email": [["email"], ["title"]],
    "owner": [["bo"], ["integration_user"]],
    "placeholder_name": ["Somebody", "{number}"],
    "enrich.title": ["always", "never"],
    "lead_source": ["Web", "Phone"],
}
values = st.fixed_dictionaries({}, optional={key: st.sampled_from(each) for key, each in SAMPLES.items()})
lockable = st.sampled_from([*SAMPLES, "unknown_contact", "preset", "log"])
layers = st.builds(
    lambda own, preset, lock: {
        **own,
        **({"preset": preset} if preset else {}),
        **({"lock": lock} if lock else {}),
    },
    values,
    st.sampled_from(["", "", *PRESET_NAMES]),
    st.lists(lockable, max_size=2, unique=True),
)


@settings(max_examples=200, deadline=None)
@given(organisation=layers, connection=layers, profile=layers, user=layers)
def test_an_origin_names_a_scope_that_has_the_key(
    organisation: dict[str, Any], connection: dict[str, Any], profile: dict[str, Any], user: dict[str, Any]
) -> None:
    """Every effective value comes from the scope that its origin names: that layer sets this key so, or
    names the preset that does, or the value is built in; and what the user's layer sets is either in force or
    listed as ignored."""
    made = book(
        {
            **organisation,
            "connection": {"crm": connection},
            "profile": {"sales": {**profile, "members": ["ana"]}},
            "user": {"ana": user},
        }
    )
    chain = [made.organisation, made.connections["crm"], made.profiles["sales"], made.users["ana"]]
    by_label = {layer.label: layer for layer in chain}
    locked = {key for layer in chain for key in layer.lock}
    effective = made.effective("ana", "crm")
    for key, origin in effective.origins.items():
        if key == "preset":
            assert origin == "built-in" or by_label[origin].preset == effective.preset
            continue
        setting = setting_of(key)
        field = getattr(effective, setting.field)
        value = field[key[len(setting.name) + 1 :]] if setting.is_map else field
        if key.startswith("required_fields.") or value is None:
            continue
        if origin == "built-in":
            source = built_in()
        elif origin.startswith("preset:"):
            assert origin[7:] in {layer.preset for layer in chain}
            source = PRESETS[origin[7:]].values()
        else:
            source = dict(by_label[origin].values)
        # A locked key without a value of its own holds that of a broader key, and its origin.
        broader = key in locked and key.startswith("unknown_contact.")
        assert broader or source[key] == value
    last = chain[-1]
    ignored = {problem.place for problem in made.ignored}
    for key in last.values:
        if effective.origins.get(key) != last.label:
            assert last.places[key] in ignored


# --- teams ---


def team_problems(team: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsProblem) as caught:
        SettingsBook.from_mapping(team, {})
    return [str(problem) for problem in caught.value.problems]


def test_a_team_is_read_to_canonical_keys() -> None:
    """Addresses, numbers, domains and lines become the keys that are compared; an id comes from the name."""
    team = SettingsBook.from_mapping(
        {
            "region": "gb",
            "timezone": "Europe/London",
            "domains": ["@Bücher.example", "*.Acme.example"],
            "lines": ["020 7946 0999"],
            "users": [
                {
                    "name": "Zoë van der Berg",
                    "email": "Zoe+crm@Acme.example",
                    "phone": "020 7946 0123",
                    "extension": 7,
                }
            ],
        },
        {},
    ).team
    assert team.region == "GB"
    assert team.domains == ("xn--bcher-kva.example", "acme.example")
    assert team.lines == ("+442079460999",)
    [user] = team.users
    assert (user.id, user.emails, user.phones) == (
        "zoe-van-der-berg",
        ("zoe@acme.example",),
        ("+442079460123",),
    )
    assert user.extension == "7"


@pytest.mark.parametrize(
    ("team", "expected"),
    [
        ({"users": [{"id": "a"}, {"id": "a"}]}, "two users with the id `a`"),
        ({"users": [{"name": "Al"}, {"id": "al"}]}, "two users with the id `al`"),
        (
            {"users": [{"id": "a", "emails": ["x@y.example"]}, {"id": "b", "email": "X@y.example"}]},
            "belongs to two",
        ),
        (
            {"users": [{"id": "a", "extension": "7"}, {"id": "b", "extension": 7}]},
            "extension 7 belongs to two",
        ),
        ({"users": [{"phones": []}]}, "needs an `id`"),
        (
            {"users": [{"id": "a", "phones": ["101"]}]},
            "`101`, of the user a, cannot be read as a telephone number",
        ),
        ({"users": [{"id": "a", "phone": 4155550100}]}, "write 4155550100 in quotes"),
        ({"users": [{"id": "a", "mails": []}]}, "unknown key `mails`; did you mean `emails`?"),
        ({"users": [{"id": "a", "profile": "sales"}]}, "unknown profile `sales`"),
        ({"users": [{"id": "a", "reviewer": "no"}]}, "`reviewer` is true or false"),
        ({"users": {"a": {}}}, "`users` is a list"),
        ({"users": ["ana"]}, "a user is written with keys"),
        ({"domains": ["acme"]}, "`acme` is no e-mail domain"),
        ({"domains": ["ana@acme.example"]}, "is no e-mail domain"),
        ({"region": "USA"}, "`USA` is no country code"),
        ({"timezone": "Mars/Olympus"}, "`Mars/Olympus` is no time zone"),
        ({"timezone": "../UTC"}, "is no time zone"),
        ({"fallback_user": "zed", "users": [{"id": "ana"}]}, "unknown user `zed`"),
        ({"line": []}, "unknown key `line`; did you mean `lines`?"),
    ],
)
def test_a_team_that_cannot_be_read_is_refused(team: dict[str, Any], expected: str) -> None:
    """Each thing wrong in a team is one problem, with a sentence that says what is wanted."""
    [sentence] = team_problems(team)
    assert expected in sentence
