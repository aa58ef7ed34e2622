"""The shared payloads of Dataverse: the simulator's refusals have their shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def exchange(shared: Path, name: str) -> Any:
    """One of the recorded errors (made after Microsoft's pages, not seen on a server)."""
    return json.loads((shared / "fixtures/dataverse_errors_SYNTHETIC.json").read_text())[name]


def test_a_duplicate_is_refused_as_in_the_fixture(shared: Path, orgs: Any) -> None:
    """The same statuses by the switch, the same code and words."""
    told = exchange(shared, "duplicate")
    for status in told["status"]:
        org = orgs(duplicate_status=status)
        org.person(emailaddress1="ann@ng.example")
        on = {"MSCRM.SuppressDuplicateDetection": "false"}
        answer = org.ask("POST", "contacts", {"emailaddress1": "ann@ng.example"}, **on)
        assert (answer.status_code, answer.json()) == (status, told["response"])
    with pytest.raises(ValueError, match="quirk"):
        orgs(duplicate_status=409)


def test_a_limit_is_refused_as_in_the_fixture(shared: Path, orgs: Any) -> None:
    """The same status, headers of the same kind, the same code and words but for the number."""
    told = exchange(shared, "throttled")
    org = orgs(limit=2)
    for _ in range(2):
        org.ask("GET", "WhoAmI")
    answer = org.ask("GET", "WhoAmI")
    assert answer.status_code == told["status"]
    for name, value in told["headers"].items():
        assert float(answer.headers[name]) >= 0
        assert float(value) >= 0
    burst = "x-ms-ratelimit-burst-remaining-xrm-requests"
    assert answer.headers[burst] == told["headers"][burst]
    said = answer.json()["error"]
    assert set(said) == set(told["response"]["error"])
    assert said["code"] == told["response"]["error"]["code"]
    assert said["message"].replace(" 2 ", " 6000 ") == told["response"]["error"]["message"]
