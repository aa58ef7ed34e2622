"""Every clause of the contract has its test, every test its clause, and every clause has been seen red."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from firstcontact.connectors import kinds
from firstcontact.testing import conformance
from firstcontact.testing.conformance import CLAUSES, CrmConformance
from firstcontact.testing.conformance.clauses import proofs

VENDORS = re.compile("clio|lawmatics|zoho|dynamics|dataverse|salesforce|hubspot|pipedrive", re.IGNORECASE)


def test_clauses_and_tests_are_the_same_set() -> None:
    """Each clause is proved by exactly one test, and no test of the suite proves none."""
    proved = proofs(CrmConformance)
    assert set(proved) == set(CLAUSES)
    assert [tests for tests in proved.values() if len(tests) != 1] == []


def test_every_test_says_what_is_guaranteed() -> None:
    """Each test of the suite has a docstring of its own."""
    for name, test in inspect.getmembers(CrmConformance, inspect.isfunction):
        assert not name.startswith("test_") or (test.__doc__ or "").strip().endswith("."), name


def test_the_suite_names_no_vendor_and_skips_nothing() -> None:
    """Differences between CRMs are capabilities: no vendor's name and no skip is in the suite."""
    for module in sorted(Path(conformance.__file__).parent.glob("*.py")):
        text = module.read_text(encoding="utf-8")
        assert VENDORS.findall(text) == [], module.name
        assert "pytest.skip" not in text, module.name
        assert "xfail" not in text, module.name


BUILT_IN = [name for name in (*kinds.KINDS, *kinds.STANDARDS) if name in kinds.connected()]
SUITES = Path(__file__).resolve().parents[1] / "connectors"


def _suites(kind: str) -> list[ast.ClassDef]:
    """The classes that run the suite on a kind of CRM."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8")) for path in sorted((SUITES / kind).glob("test_*.py"))
    ]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return [one for one in classes if any(ast.unparse(base) == "CrmConformance" for base in one.bases)]


@pytest.mark.parametrize("kind", ["address_book", *BUILT_IN])
def test_every_connector_passes_every_clause(kind: str) -> None:
    """Each kind that connects has the whole suite run on it, that find writes nothing included: no class that
    runs it has a test of a clause of its own, or takes one out."""
    suites = _suites(kind)
    assert suites
    clauses = {name for names in proofs(CrmConformance).values() for name in names}
    for suite in suites:
        own = {node.name for node in suite.body if isinstance(node, ast.FunctionDef)}
        own |= {
            ast.unparse(target)
            for node in suite.body
            if isinstance(node, ast.Assign)
            for target in node.targets
        }
        assert own & clauses == set(), suite.name
        text = ast.unparse(suite)
        assert "pytest.skip" not in text
        assert "xfail" not in text
