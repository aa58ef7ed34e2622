"""From `connect` to a login that is revoked, with the connectors and the simulators of vendors."""

from __future__ import annotations

import threading
import time
import urllib.request
import webbrowser
from collections.abc import Iterator
from typing import Any

import pytest
from office import port

from firstcontact.lanes.pacing import Pacing
from firstcontact.testing.simulators.base import Switches, simulator
from firstcontact.testing.simulators.serving import Running, running

WAYS = [
    ("clio", "browser"),
    ("clio_grow", "browser"),
    ("lawmatics", "browser"),
    ("lawmatics", "token"),
    ("salesforce", "client_credentials"),
    ("salesforce", "refresh_token"),
    ("zoho", "browser"),
    ("zoho", "self_client"),
    ("zoho", "refresh_token"),
    ("dynamics", "client_credentials"),
]


def now() -> int:
    """Real time."""
    return time.time_ns() // 1000


@pytest.fixture(params=WAYS, ids=lambda way: " by ".join(way))
def vendor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Running, str]]:
    """A simulator at its address, a way to log in, and a browser that follows where it is sent."""
    kind, login = request.param
    made = simulator(kind)

    def browse(address: str) -> bool:
        threading.Thread(target=lambda: urllib.request.urlopen(address).read(), daemon=True).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    quirks: dict[str, object] = {"columns": "missing"} if kind == "dynamics" else {}
    if kind in (
        "clio",
        "clio_grow",
    ):  # their limits would make this a test of patience; tests/lanes has the pace
        quirks = {"limit": 0}
        monkeypatch.setattr(Pacing, "take", lambda _: None)
    if kind == "lawmatics":
        quirks = {"rate": 0, "fields": "missing"}
        monkeypatch.setattr(Pacing, "take", lambda _: None)
    with running(made, made.make(now, Switches(quirks=quirks))) as at:
        yield at, login


def connect(fc: Any, at: Running, login: str, patch: pytest.MonkeyPatch, *more: object) -> Any:
    """The command, with the simulator's own application."""
    kept = at.kind.credentials(at.url)
    given = kept.get(login) or next(iter(kept.values()))
    for name in given.keys() & {"client_secret", "code", "refresh_token", "access_token"}:
        patch.setenv(f"FIRSTCONTACT_{name.upper()}", given[name])
    options: list[str] = []
    for key, value in at.kind.options(at.url).items():
        options += ["--option", f"{key}={value}"]
    client = ("--value", f"client_id={given['client_id']}") if "client_id" in given else ()
    return fc("connect", at.kind.kind, "--login", login, *options, *client, "--port", port(), *more)


def test_from_the_login_to_its_end(
    fc: Any, vendor: tuple[Running, str], write_mbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger to whom Ana answers becomes a contact there, `doctor` reads and --fix prepares, read-only
    writes nothing, and a revoked login pauses the connection and is said."""
    at, login = vendor
    said = connect(fc, at, login, monkeypatch)
    assert said.status == 0, said
    at.simulator.desk.add("user", {"name": "Ana Ruiz", "email": "ana@ruizlaw.example", "active": True})
    fc("doctor", "--fix", "--yes")
    assert fc("doctor").status == 0, fc("doctor").all
    assert fc.done("import", letters(write_mbox, "acme")).status == 0
    there = at.simulator.desk.dump()
    assert [each["emails"] for each in there["contacts"]] == [["jo@acme.example"]]
    assert len(there["activities"]) == 2
    fc.done("read-only", "on")
    fc.done("import", letters(write_mbox, "otter"))
    assert at.simulator.desk.dump() == there
    fc.done("read-only", "off", "--yes")
    assert len(at.simulator.desk.dump()["contacts"]) == 2
    at.simulator.revoke()
    fc("import", letters(write_mbox, "heron"))
    assert "paused" in fc.done("status").all
    assert fc("run", "--once").status == 2
    assert fc("doctor").status == 1


def test_a_lead_inbox_from_its_token_to_its_end(
    fc: Any, write_mbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong token is not kept; with the right one a stranger becomes one lead, what cannot be done is said,
    the same letters make no second one, and a token that is taken away pauses the connection."""
    made = simulator("clio_grow")
    with running(made, made.make(now, Switches())) as at:
        words = ("connect", "clio_grow", "--option", f"address={at.url}")
        monkeypatch.setenv("FIRSTCONTACT_INBOX_LEAD_TOKEN", "another")
        assert "connect again" in fc(*words).all
        monkeypatch.setenv("FIRSTCONTACT_INBOX_LEAD_TOKEN", "inbox-simulated")
        assert fc.done(*words).status == 0
        doctor = fc("doctor")
        assert doctor.status == 0, doctor.all
        assert "lead inbox cannot be asked who is there" in doctor.all
        assert "nobody of ours need be a user" in fc.done("users").all
        for _ in range(2):
            fc.done("import", letters(write_mbox, "acme"))
        (lead,) = at.simulator.desk.dump()["leads"]
        assert lead["emails"] == ["jo@acme.example"]
        assert "jo@acme.example is the lead Jo Diaz" in fc.done("explain", "jo@acme.example").all
        assert "1 contact in Clio Grow" in fc.done("status").all
        at.simulator.revoke()
        fc("import", letters(write_mbox, "heron"))
        assert "paused" in fc.done("status").all
        assert len(at.simulator.desk.dump()["leads"]) == 1


def test_a_crm_that_does_not_answer_is_said_by_an_import(
    fc: Any, write_mbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the CRM cannot be reached, an import says so, and that what it read is kept."""
    made = simulator("salesforce")
    with running(made, made.make(now, Switches())) as at:
        assert connect(fc, at, "client_credentials", monkeypatch).status == 0
    said = fc("import", letters(write_mbox, "acme"))
    assert said.status == 2
    assert "Salesforce cannot be asked now. What was read is kept" in said.err
    assert "2 interactions to be decided yet" in said.err


def letters(write_mbox: Any, firm: str) -> Any:
    """Somebody of a firm writes, and Ana answers."""
    them, first = f"Jo Diaz <jo@{firm}.example>", f"<1@{firm}.example>"
    return write_mbox(
        f"{firm}.mbox",
        [
            {"From": them, "Message-ID": first},
            {
                "From": "Ana Ruiz <ana@ruizlaw.example>",
                "To": them,
                "Message-ID": f"<2@{firm}.example>",
                "In-Reply-To": first,
            },
        ],
    )
