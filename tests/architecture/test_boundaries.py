"""Every place where the process touches the world has a number, so that tests/crash can kill it there."""

from __future__ import annotations

from pathlib import Path

import pytest
from touches import findings, meanings

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"

BOUNDARIES = '''"""Numbers."""
class Boundary:
    ONE = 1
    """One."""
    TWO = 2
    """Two."""
'''
GOOD = """
def one(crm):
    with crossing(Boundary.ONE):
        return crm.find([])

def two(ledger):
    with ledger.write(Boundary.TWO) as tx:
        tx.execute()
"""


def _tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in {"boundaries.py": BOUNDARIES, "flow/a.py": GOOD, **files}.items():
        path = folder / "firstcontact" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


ONE = "def f(ledger, crm, engine, path, os, store, shutil, tempfile, sqlite3):\n    "
BAD = {
    "a transaction": ("ledger.write()", "ledger.write() is a transaction without a number"),
    "a transaction given another name": ("ledger.write(number)", "is a transaction without a number"),
    "a transaction of an attribute": ("f.ledger.write()", "f.ledger.write() is a transaction"),
    "a transaction of a database": ("begin(engine)", "begin() is a transaction without a number"),
    "one by the module": ("store.begin(engine, durable=True)", "store.begin() is a transaction"),
    "a number in the wrong place": ("begin(Boundary.ONE)", "begin() is a transaction without a number"),
    "a CRM call": ("crm.apply([])", "the CRM call crm.apply() stands in no crossing"),
    "a CRM call of an attribute": ("f.crm.size()", "the CRM call f.crm.size() stands in no"),
    "a call that runs later": ("with crossing(Boundary.ONE):\n        g(lambda: crm.find([]))", "crm.find()"),
    "a file that is opened to write": ("open(path, 'w')", "the file write open() stands in no"),
    "one opened by its path": ("path.open('ab')", "the file write path.open()"),
    "one opened by its mode": ("open(path, mode='x')", "the file write open()"),
    "one opened by flags": ("os.open(path, os.O_CREAT)", "the file write os.open()"),
    "a file that is written": ("path.write_text('')", "the file write path.write_text()"),
    "a file that takes another's place": ("path.replace(path)", "the file write path.replace()"),
    "one by the system": ("os.replace(path, path)", "the file write os.replace()"),
    "a file that goes": ("path.unlink()", "the file write path.unlink()"),
    "a folder": ("path.mkdir()", "the file write path.mkdir()"),
    "a tree": ("shutil.rmtree(path)", "the file write shutil.rmtree()"),
    "a temporary file that stays": ("tempfile.mkstemp()", "the file write tempfile.mkstemp()"),
    "a database past its transactions": ("engine.raw_connection()", "the file write engine.raw_connection()"),
    "a database file": ("sqlite3.connect(path)", "the file write sqlite3.connect()"),
    "a crossing of nothing": ("with crossing(Boundary.ONE):\n        pass", "around nothing that touches"),
    "a crossing by a variable": ("with crossing(one):\n        path.unlink()", "not given a Boundary by its"),
    "a number used twice": ("ledger.write(Boundary.TWO)", "Boundary.TWO stands at 2 places"),
    "a number that is not there": ("ledger.write(Boundary.SIX)", "Boundary.SIX is not there"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_the_checker_sees(tmp_path: Path, case: str) -> None:
    """Each kind of touch without a number, planted in a small tree, is found and named."""
    body, expected = BAD[case]
    found = findings(_tree(tmp_path, {"flow/b.py": ONE + body}))
    assert any(expected in each for each in found), found


NUMBERS = {
    "a gap": (BOUNDARIES.replace("TWO = 2", "TWO = 3"), "0 boundaries have the number 2"),
    "a number of two": (BOUNDARIES.replace("TWO = 2", "TWO = 1"), "2 boundaries have the number 1"),
    "no words": (BOUNDARIES.replace('    """Two."""\n', ""), "Boundary.TWO does not say what is done"),
    "a number of no place": (
        BOUNDARIES + '    SIX = 3\n    """Six."""\n',
        "Boundary.SIX stands at 0 places",
    ),
}


@pytest.mark.parametrize("case", sorted(NUMBERS))
def test_the_checker_sees_in_the_numbers(tmp_path: Path, case: str) -> None:
    """A gap, a number of two places or of none, and one without words are found."""
    text, expected = NUMBERS[case]
    assert any(expected in each for each in findings(_tree(tmp_path, {"boundaries.py": text})))


def test_only_tests_watch(tmp_path: Path) -> None:
    """The program never watches its own boundaries."""
    found = findings(_tree(tmp_path, {"cli/a.py": "from firstcontact.boundaries import watched"}))
    assert found == ["firstcontact.cli.a:1: watches the boundaries, which only tests do"]


def test_a_right_tree_is_left_alone(tmp_path: Path) -> None:
    """A tree in which every touch has its number gives no finding, nor do texts and temporary files."""
    fine = (
        "def f(path, text, tempfile, archive):\n"
        "    text.replace('a', 'b')\n    open(path)\n    path.open('rb')\n"
        "    msgspec.structs.replace(text, a=1)\n    tempfile.TemporaryDirectory()\n"
        "    self.crm.capabilities()\n"
    )
    assert findings(_tree(tmp_path, {"cli/b.py": fine, "testing/t.py": "open('x', 'w')"})) == []


def test_every_touch_has_its_number() -> None:
    """Every transaction, every CRM call and every file write of the program stands at a number of its own."""
    assert findings(SOURCE) == []


def test_the_checker_looks_at_this_tree() -> None:
    """Every number has a place: a checker that sees no calls finds no fault either."""
    rows = meanings(SOURCE)
    assert len(rows) > 80
    assert [name for _, name, place, _ in rows if not place] == []
