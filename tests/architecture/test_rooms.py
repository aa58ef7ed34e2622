"""The shape of the house: which room may import which, and what a pure package may not touch.

Each guard is fed a small bad tree first, so that it is known to see what it is for.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from rooms import PURE, findings, modules, third_party

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"


def _tree(folder: Path, files: dict[str, str]) -> Path:
    """A source tree with these modules; packages that no file makes get a right docstring, and the vendors
    clio and address_book are there."""
    files = {"connectors/clio/client.py": "", "connectors/address_book/book.py": ""} | files
    for name, text in files.items():
        path = folder / "firstcontact" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.startswith('"""') else f'"""Says what it is."""\n{text}\n')
    for package in {path.parent for path in folder.rglob("*.py")} | {folder / "firstcontact"}:
        for parent in [package, *package.parents]:
            if parent == folder:
                break
            room = parent.relative_to(folder).parts[1:2]
            says = "PURE. A room." if room and room[0] in PURE else "IO. A room."
            (parent / "__init__.py").touch()
            if not (parent / "__init__.py").read_text():
                (parent / "__init__.py").write_text(f'"""{says}"""\n')
    return folder


BAD = {
    "pure imports the shell": (
        {"policy/rule.py": "from firstcontact.ledger import tables"},
        "policy.rule:2: a pure package imports ledger",
    ),
    "pure imports a library not on the list": (
        {"formats/mail.py": "import sqlalchemy"},
        "imports sqlalchemy, which is not on the short list",
    ),
    "pure imports an IO module": ({"formats/mail.py": "import sqlite3"}, "imports sqlite3"),
    "pure imports part of an IO module": ({"formats/mail.py": "from os.path import join"}, "imports os.path"),
    "pure imports a submodule for the wire": ({"formats/mail.py": "import urllib.request"}, "urllib.request"),
    "pure imports it in a function": ({"identity/a.py": "def f():\n    import socket"}, "imports socket"),
    "pure imports Path": ({"identity/a.py": "from pathlib import Path"}, "imports pathlib.Path"),
    "pure reads the clock by module": ({"identity/a.py": "from time import time"}, "imports time.time"),
    "pure reads the clock": (
        {"planning/a.py": "import datetime\nNOW = datetime.datetime.now()"},
        "reads the clock: datetime.datetime.now()",
    ),
    "pure reads the day": (
        {"planning/a.py": "from datetime import date\nDAY = date.today()"},
        "reads the clock: date.today()",
    ),
    "pure throws dice": ({"explain/a.py": "import random"}, "imports random"),
    "pure makes a random id": ({"explain/a.py": "import uuid\nID = uuid.uuid4()"}, "uses uuid.uuid4"),
    "pure opens a file": ({"interactions/a.py": "def f(p):\n    return open(p)"}, "calls open()"),
    "pure prints": ({"interactions/a.py": "print('hello')"}, "calls print()"),
    "pure reads the arguments": ({"policy/a.py": "import sys\nN = sys.argv"}, "uses sys.argv"),
    "pure changes a global": (
        {"policy/a.py": "N = 0\ndef f():\n    global N\n    N = 1"},
        "changes the global N",
    ),
    "vendor imports vendor": (
        {"connectors/zoho/c.py": "from firstcontact.connectors.clio.client import Client"},
        "names the connector clio",
    ),
    "the file room imports a vendor that is not pure": (
        {"connectors/files/c.py": "from firstcontact.connectors import clio"},
        "names the connector clio",
    ),
    "another vendor imports a pure one": (
        {
            "connectors/zoho/c.py": "from firstcontact.connectors.asterisk import rows",
            "connectors/asterisk/__init__.py": '"""PURE. CDR text."""\n',
            "connectors/asterisk/rows.py": "",
        },
        "names the connector asterisk",
    ),
    "the cli names a vendor": (
        {"cli/a.py": "from firstcontact.connectors.clio import client"},
        "names the connector clio",
    ),
    "testing names a vendor": (
        {"testing/runner.py": "from firstcontact.connectors.clio import client"},
        "names the connector clio",
    ),
    "vendor imports the policy": (
        {"connectors/zoho/c.py": "from firstcontact.policy import decide"},
        "the connector zoho imports policy",
    ),
    "vendor imports the store": (
        {"connectors/zoho/c.py": "from firstcontact.store import engine"},
        "the connector zoho imports store",
    ),
    "vendor imports the flow": (
        {"connectors/zoho/c.py": "from firstcontact.flow import receive"},
        "the connector zoho imports flow",
    ),
    "toolkit imports a vendor": (
        {"connectors/toolkit/http.py": "from firstcontact.connectors.clio import client"},
        "names the connector clio",
    ),
    "flow names a concrete class": (
        {"flow/a.py": "from firstcontact.connectors.address_book.book import AddressBook"},
        "names the connector address_book, which only bootstrap may",
    ),
    "a relative import is seen": (
        {"flow/a.py": "from ..connectors.clio import client"},
        "names the connector clio",
    ),
    "somebody imports the cli": ({"flow/a.py": "from firstcontact.cli import main"}, "imports cli"),
    "the cli imports the web": ({"cli/a.py": "import firstcontact.web"}, "imports web"),
    "the store imports the ledger": (
        {"store/a.py": "from firstcontact.ledger import tables"},
        "store imports ledger",
    ),
    "the flow imports the logs": (
        {"flow/a.py": "from firstcontact.operating import logs", "operating/logs.py": ""},
        "flow.a:2: imports operating; of that room it may know only operating.watch",
    ),
    "the lanes import a name like the watch": (
        {"lanes/a.py": "import firstcontact.operating.watched_crm"},
        "lanes.a:2: imports operating",
    ),
    "the logs import the flow": (
        {"operating/a.py": "from firstcontact.flow import b"},
        "operating imports flow",
    ),
    "the boundaries import a room": (
        {"boundaries.py": "from firstcontact.store import engine"},
        "boundaries imports store, and may know nobody",
    ),
    "a pure package imports the boundaries": (
        {"planning/a.py": "from firstcontact.boundaries import crossing", "boundaries.py": ""},
        "a pure package imports boundaries",
    ),
    "a vendor imports the boundaries": (
        {"connectors/zoho/c.py": "from firstcontact.boundaries import crossing", "boundaries.py": ""},
        "the connector zoho imports boundaries",
    ),
    "the flow imports bootstrap": ({"flow/a.py": "import firstcontact.bootstrap"}, "imports bootstrap"),
    "the environment is read": (
        {"cli/a.py": "import os\nHOME = os.environ['HOME']"},
        "reads the environment",
    ),
    "the environment is imported": ({"cli/a.py": "from os import getenv"}, "reads the environment"),
    "a cycle": (
        {"flow/a.py": "import firstcontact.flow.b", "flow/b.py": "from firstcontact.flow import a"},
        "an import cycle: firstcontact.flow.a <-> firstcontact.flow.b",
    ),
    "a cycle in a function": (
        {
            "flow/a.py": "from firstcontact.flow.b import f",
            "flow/b.py": "def f():\n    from firstcontact.flow.a import g",
        },
        "an import cycle",
    ),
    "purity not claimed": ({"policy/__init__.py": '"""IO. What."""\n'}, "does not begin with PURE."),
    "purity claimed elsewhere is checked there": (
        {"connectors/zoho/__init__.py": '"""PURE. What."""\n', "connectors/zoho/c.py": "import socket"},
        "connectors.zoho.c:2: a pure package imports socket",
    ),
    "no docstring": ({"flow/a.py": '""""""\n'}, "has no docstring"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_the_checker_sees(tmp_path: Path, case: str) -> None:
    """Each kind of fault, planted in a small tree, is found and named."""
    files, expected = BAD[case]
    found = findings(_tree(tmp_path, files))
    assert any(expected in finding for finding in found), found


GOOD = {
    "formats/mail.py": "import io\nfrom datetime import datetime, time\nfrom urllib.parse import unquote\n"
    "from pathlib import PurePath\nimport msgspec\nfrom firstcontact.interactions import model",
    "interactions/model.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
    "    from firstcontact.formats import mail\n    from pathlib import Path",
    "connectors/contract.py": "from firstcontact.interactions import model",
    "connectors/toolkit/http.py": "import time\nfrom firstcontact.connectors import contract",
    "connectors/zoho/c.py": "from firstcontact.connectors.zoho import d\n"
    "from firstcontact.formats import mail\nfrom firstcontact.connectors.toolkit.http import x",
    "connectors/asterisk/__init__.py": '"""PURE. CDR text."""\n',
    "connectors/asterisk/rows.py": "from firstcontact.formats import mail",
    "connectors/files/c.py": "from firstcontact.connectors.asterisk import rows",
    "connectors/kinds.py": "from firstcontact.planning import capabilities",
    "planning/capabilities.py": "",
    "testing/runner.py": "from firstcontact.connectors import kinds\n"
    "from firstcontact.connectors.address_book.book import AddressBook",
    "connectors/zoho/d.py": "from firstcontact.connectors.contract import Crm",
    "connectors/address_book/c.py": "from firstcontact.store import engine\n"
    "from firstcontact.boundaries import Boundary",
    "store/engine.py": "import sqlite3\nfrom firstcontact.boundaries import crossing",
    "boundaries.py": "from enum import IntEnum",
    "flow/a.py": "from firstcontact.connectors.contract import Crm\nfrom firstcontact.policy import rules",
    "flow/b.py": "from firstcontact.operating.watch import Watch",
    "operating/watch.py": "",
    "policy/rules.py": "from firstcontact.identity import sides",
    "identity/sides.py": "",
    "bootstrap.py": "from firstcontact.connectors.zoho.c import Zoho\nfrom firstcontact.flow import a",
    "config.py": "import os\nHOME = os.environ",
    "cli/main.py": "from firstcontact import bootstrap, config\n"
    "from firstcontact.connectors.address_book.book import AddressBook",
}


def test_a_right_tree_is_left_alone(tmp_path: Path) -> None:
    """A tree that keeps the rules gives no finding, so the checker does not cry wolf."""
    assert findings(_tree(tmp_path, GOOD)) == []


def test_every_room_keeps_the_rules() -> None:
    """Pure packages are pure, vendors know only their side, and every arrow points the right way."""
    assert findings(SOURCE) == []


def test_the_checker_looks_at_this_tree() -> None:
    """All pure packages are there and have modules: an empty tree has no findings either."""
    rooms = [module.room for module in modules(SOURCE).values() if not module.is_package]
    assert set(rooms) >= PURE - {"formats", "explain"}


def test_every_import_is_a_declared_dependency() -> None:
    """What the package imports is in pyproject.toml, so that a plain install can run it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *chain(*project.get("optional-dependencies", {}).values())]
    declared = {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", name)[0]).lower() for name in named}
    provided = packages_distributions()
    missing = {
        f"{name} (in {module})"
        for name, module in third_party(SOURCE).items()
        if not {re.sub(r"[-_.]+", "-", dist).lower() for dist in provided.get(name, [name])} & declared
    }
    assert missing == set()
