"""No rule and no value of a setting is without a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from firstcontact.policy.rules import RULE_NAMES
from firstcontact.policy.schema import SETTINGS
from firstcontact.policy.setting import Setting
from firstcontact.testing.scenarios.schema import load

SCENARIOS = [
    scenario
    for file in sorted((Path(__file__).resolve().parents[2] / "scenarios").glob("*.yaml"))
    for scenario in load(file)
]

NOT_BY_SCENARIO = {
    "handle_not_on_record": "needs a CRM whose search returns records that do not bear the handle",
    "already_logged": "needs a CRM that holds the interaction from elsewhere",
    "matter_required": "no CRM of the table requires a matter",
    "account_deleted": "a scenario's person edits, adds and deletes contacts and leads, not accounts",
    "partial": "a scenario has whole meetings only, no lone reply to one",
    "not_known": "said only by a replay, of a fact that was never looked up",
    "lookup_unknown": "a failed look-up writes no decision; the scenario looks at what is not written",
}
"""Reasons that no scenario can bring about; each has a test of its own in `tests/decisions`."""

LATER = {"autonomy.merge", "dedupe"}
"""Settings of SPEC §9 and of the store, which have their own tests."""
NOT_BY_SCENARIO_SETTINGS = {
    "body_days": "about keeping, not about deciding",
    "metadata_days": "about keeping, not about deciding",
    "pending_days": "about keeping, not about deciding",
    "lead_source": "a text that is written as it is",
    "matter_creation": "no CRM of the table requires a matter",
    "brakes.share_of_unknown": "looks at 200 interactions and a CRM of 200 contacts",
}


def expected_reasons() -> frozenset[str]:
    """Reason names in any expectation, without what follows a colon."""
    return frozenset(
        reason.partition(":")[0]
        for scenario in SCENARIOS
        for wanted in (scenario.expect.get("decisions") or {}).values()
        for reason in (wanted or {}).get("reasons") or ()
    )


def said(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings as (dotted key, value), nested maps and dotted keys alike."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from said(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def values_of(setting: Setting) -> set[Any]:
    """Every value that some scenario gives the setting, or one of its keys."""
    found: set[Any] = set()
    for scenario in SCENARIOS:
        steps = [step.value for step in scenario.steps if step.kind == "settings"]
        for settings in (scenario.settings, *steps):
            for key, value in said(settings):
                if key == setting.name or key.startswith(setting.name + "."):
                    found.update(value if isinstance(value, list) else [value])
    return found


def test_every_reason_is_expected_somewhere() -> None:
    """A rule or reason name that a trace may hold is in some scenario's expectations."""
    missing = set(RULE_NAMES) - expected_reasons() - set(NOT_BY_SCENARIO)
    assert not missing, f"no scenario expects {', '.join(sorted(missing))}"


def test_the_exceptions_are_reasons_and_need_their_exception() -> None:
    """An exception that a scenario has made needless is taken off the list."""
    assert set(NOT_BY_SCENARIO) <= set(RULE_NAMES)
    assert not expected_reasons() & set(NOT_BY_SCENARIO)


CONCERNED = [
    setting
    for setting in SETTINGS
    if setting.name not in NOT_BY_SCENARIO_SETTINGS
    and not any(setting.name == name or setting.name.startswith(name) for name in LATER)
]


@pytest.mark.parametrize("setting", CONCERNED, ids=lambda setting: setting.name)
def test_every_value_of_a_setting_is_tried(setting: Setting) -> None:
    """A word setting has a scenario for each word, a switch for the side it does not stand on by itself."""
    tried = values_of(setting)
    assert tried, f"no scenario sets {setting.name}"
    if setting.type == "word":
        words = {word.strip("`") for word in setting.allowed.split()}
        default = set(setting.default.values()) if isinstance(setting.default, Mapping) else {setting.default}
        untried = words - tried - default
        assert not untried, f"no scenario sets {setting.name} to {', '.join(sorted(untried))}"
    if setting.type == "switch" and not setting.is_map:
        assert (not setting.default) in tried, f"no scenario turns {setting.name} round"


def test_every_scenario_says_where_its_rule_comes_from() -> None:
    """Our own scenarios name the paragraph of the SPEC that they are the executable form of."""
    assert [one.name for one in SCENARIOS if not one.origin.startswith("SPEC §")] == []
