"""The reference says what the code says: every setting, reason, command, capability and error is in it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import click
import msgspec
import pytest

from firstcontact.cli.main import cli
from firstcontact.connectors import contract, kinds
from firstcontact.explain.catalogue import CATALOGUE
from firstcontact.planning.capabilities import Capabilities
from firstcontact.policy.schema import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()


def _read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(GENERATOR.PAGES))
def test_a_page_is_what_the_code_says(name: str) -> None:
    """A page of the reference is exactly what `make docs` writes; run it after changing the code."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == GENERATOR.page(name)


def test_every_capability_is_in_the_table_of_crms() -> None:
    """What CRMs are compared by is everything that they declare, but for their names."""
    assert sorted(GENERATOR.OFFERS.values()) == sorted(
        set(Capabilities.__struct_fields__) - {"kind", "title"}
    )


@pytest.mark.parametrize(
    "name", [name for name in kinds.connected() if name in (*kinds.KINDS, *kinds.STANDARDS)]
)
def test_every_crm_says_what_it_rests_on(name: str) -> None:
    """Each built-in kind names limits and grounds; a real server is claimed only where the tests have
    one."""
    kind = kinds.kind(name)
    assert kind.limits
    seen = {each.seen for each in kind.grounds}
    assert "unverified" in seen
    assert ("server" in seen) == (name in kinds.STANDARDS)


def test_every_setting_is_documented() -> None:
    """Every setting of the schema, and every key of a map, is on the settings page."""
    page = _read("settings.md")
    assert [setting.name for setting in SETTINGS if f"`{setting.name}" not in page] == []


def test_every_reason_is_documented() -> None:
    """Every reason name of the catalogue is on the reasons page, with a sentence."""
    page = _read("reasons.md")
    assert [name for name in CATALOGUE if f"`{name}" not in page] == []


def _paths(command: click.Command, path: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _paths(inner, f"{path} {name}")
    else:
        yield path


def test_every_command_is_documented() -> None:
    """Every command that is not hidden has its section, and every one of its options a line."""
    page = _read("commands.md")
    assert [path for path in _paths(cli, "firstcontact") if f"## `{path}`\n" not in page] == []


def test_every_command_and_option_says_what_it_does() -> None:
    """No command and no option is without a help text."""
    silent = []
    for path, command in GENERATOR._commands("firstcontact", cli):
        if not command.help:
            silent.append(path)
        silent += [
            f"{path} {parameter.opts[0]}"
            for parameter in command.params
            if isinstance(parameter, click.Option) and not parameter.help
        ]
    assert silent == []


def test_every_capability_is_documented_with_a_meaning() -> None:
    """Every field of Capabilities has a row whose last cell is not empty."""
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", _read("capabilities.md"), re.M))
    fields = {field.name for field in msgspec.structs.fields(Capabilities)}
    assert set(rows) == fields
    assert [name for name in fields if not rows[name].strip()] == []


def test_every_error_of_the_contract_is_documented() -> None:
    """Every outcome that `apply` may report, and every error that may be raised, has its row."""
    page = _read("errors.md")
    errors = {
        kind.__name__
        for kind in contract.ConnectorError.__subclasses__()
        if kind.__module__ == contract.__name__  # a connector's own never leave it
    }
    outcomes = {kind.__name__ for kind in get_args(contract.Outcome)} - {"Receipt"}
    assert outcomes <= errors
    assert [name for name in errors if f"| `{name}` |" not in page] == []


def test_every_error_says_who_catches_it() -> None:
    """Each error has its catchers, what `apply` says of a write in one place; only the bug has none."""
    caught = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", _read("errors.md"), re.M))
    outcomes = {kind.__name__ for kind in get_args(contract.Outcome)} - {"Receipt"}
    assert [name for name in outcomes if "`flow/outcomes`" not in caught[name]] == []
    assert {name for name, places in caught.items() if not places.strip()} == {"NotOffered"}
