"""Logging in to Clio Grow: refresh tokens that are good for one use, and the token of the Lead Inbox."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from firstcontact import bootstrap, config
from firstcontact.connectors.clio_grow import client
from firstcontact.connectors.clio_grow.kind import BROWSER, KIND
from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.connectors.toolkit import oauth
from firstcontact.connectors.toolkit.http import Http
from firstcontact.lanes.credentials import KeptCredentials
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.history import open_ledger
from firstcontact.settings_text import Connection
from firstcontact.store.engine import open_engine
from firstcontact.testing.conformance.making import new_contact
from firstcontact.testing.simulators.base import Kept
from firstcontact.testing.simulators.clio_grow import credentials

MAIN = "from firstcontact.cli.main import main; main()"
DAY = 86_400.0


class Counting:
    """An application in front of which log-ins are counted: the status of each answer."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.answered: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """An ASGI application."""

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["path"] == "/oauth/token":
                self.answered.append(message["status"])
            await send(message)

        await self._app(scope, receive, told)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """What workers share."""
    found = open_ledger(open_engine(tmp_path / "ledger.db"))
    yield found
    found.engine.dispose()


@pytest.fixture
def counted(listed: Any, door: Any) -> Counting:
    """The log-ins of the firm `listed`."""
    assert listed.crm
    counting = Counting(door.behind)
    door.behind = counting
    return counting


def test_the_region_decides_the_addresses() -> None:
    """Each has its own hosts; an address that is given comes first, and one for logins before that."""
    eu = {"region": "eu", "address": "", "login_address": ""}
    assert client.platform_address(eu) == "https://eu.api.clio.com"
    assert client.inbox_address(eu) == "https://eu.grow.clio.com"
    assert client.login_address(eu) == "https://eu.auth.api.clio.com"
    assert client.platform_address({"region": "us"}) == "https://api.clio.com"
    given = {"region": "eu", "address": "http://127.0.0.1:9/", "login_address": ""}
    assert client.login_address(given) == client.inbox_address(given) == "http://127.0.0.1:9"
    there = {**eu, "login_address": "https://grow.clio.com/"}
    assert client.login_address(there) == "https://grow.clio.com"


def test_a_login_in_the_browser_opens_the_connection(make_firm: Any) -> None:
    """The code that the browser brings back becomes a token, where a proof that we began it is required."""
    firm = make_firm("leads", pkce="required")
    assert BROWSER.oauth is not None
    kept = firm.credentials.read()
    application = {name: kept[name] for name in ("client_id", "client_secret")}
    options = {"region": "us", "address": firm.served.url}
    redirect = f"http://127.0.0.1:{oauth.PORT}/callback"
    request = oauth.begin(BROWSER.oauth, options, application["client_id"], redirect)
    answer = httpx2.get(request.address, follow_redirects=False)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == [request.state]
    given = oauth.finish(
        Http("Clio Grow", firm.served.url), BROWSER.oauth, options, request, back["code"][0], application,
        firm.clock.now, "Clio Grow",
    )  # fmt: skip
    crm = firm.connect(Kept({**application, **given, "login": "browser"}))
    assert [user.name for user in crm.users()] == ["First Contact"]
    assert [each.state for each in crm.examine() if each.about.startswith("permission")] == ["ok"] * 3


def test_the_path_of_the_platform_is_an_option(make_firm: Any) -> None:
    """Clio's description shows two: what is not there is said, and the option names the other."""
    elsewhere = make_firm("leads", base_path="/api/v2")
    with pytest.raises(TryAgain, match="404"):
        elsewhere.crm.users()
    there = make_firm("leads", base_path="/api/v2", options={"base_path": "/api/v2/"})
    assert there.crm.users()


def test_a_login_of_another_region_is_refused(listed: Any) -> None:
    """Its tokens are not known here."""
    with pytest.raises(AuthLapsed, match="good for one use"):
        listed.connect(Kept(credentials(listed.served.url, "eu")["browser"])).users()


def test_each_renewal_keeps_the_next_refresh_token(listed: Any, counted: Counting) -> None:
    """Day after day the access token ends and is renewed with the refresh token that came with it, also by
    another process."""
    seen = {listed.credentials.read()["refresh_token"]}
    for day in range(1, 4):
        listed.wait(DAY)
        assert listed.crm.users() if day % 2 else listed.connect().users()
        seen.add(listed.credentials.read()["refresh_token"])
    assert len(seen) == 4
    assert counted.answered == [200] * 3


@pytest.mark.parametrize("reuse", ["refused", "family_revoked"])
def test_eight_threads_use_a_refresh_token_once(
    make_firm: Any, door: Any, ledger: Ledger, tmp_path: Path, reuse: str
) -> None:
    """Eight workers whose access token has ended: one of them renews it, and all of them go on, where a
    second use of a refresh token would end the login."""
    firm = make_firm("leads", refresh_reuse=reuse, old_access="ended")
    counting = Counting(door.behind)
    door.behind = counting
    ring = tmp_path / "ring.json"
    KeptCredentials(ledger, ring, "office").keep({**firm.credentials.read(), "expires_at": "1"})

    def work(_: int) -> str:
        crm = firm.connect(KeptCredentials(ledger, ring, "office"))
        (me,) = crm.users()
        return str(me.name)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {"First Contact"}
    assert counting.answered == [200]


def test_two_processes_use_a_refresh_token_once(listed: Any, counted: Counting, tmp_path: Path) -> None:
    """So do two commands at once on one home."""
    home = tmp_path / "home"
    team = {"region": "US", "users": [{"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"]}]}
    config.write_initial(home, team)
    options = {"api": "platform", "address": listed.served.url}
    config.set_connection(home, Connection(name="office", kind="clio_grow", options=options))
    loaded = config.load(home)
    ledger = open_ledger(bootstrap.sides(home, loaded.store)[0].engine)
    login = {**listed.credentials.read(), "expires_at": "1"}
    bootstrap.credentials_of(loaded, "office", ledger).keep(login)
    command = [sys.executable, "-c", MAIN, "--home", str(home), "doctor"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in "ab"
    ]
    for process in both:
        said, _ = process.communicate(timeout=60)
        assert "Nothing stands in the way" in said, said
    assert counted.answered == [200]
    ledger.engine.dispose()


@pytest.mark.parametrize("trouble", ["cut", "failed_after", "html", "late"])
def test_a_renewal_whose_answer_was_lost_ends_the_login_and_says_so(
    listed: Any, counted: Counting, trouble: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refresh token is used up and the next one did not arrive: the work waits, then the login has
    lapsed, and the sentence says what may have happened. Nothing is written meanwhile."""
    monkeypatch.setitem(Http.__init__.__kwdefaults__, "seconds", 0.3)
    firm = listed.connect()
    listed.served.faults.late = 0.6
    listed.wait(DAY)
    listed.served.faults.next(trouble, lambda _, path: path == "/oauth/token")
    (outcome,) = firm.apply([new_contact(firm)])
    assert isinstance(outcome, TryAgain)
    with pytest.raises(AuthLapsed) as lapsed:
        firm.apply([new_contact(firm)])
    assert "invalid_grant" in str(lapsed.value)
    assert "connect again" in str(lapsed.value)
    assert "a program that ended while it renewed the login" in str(lapsed.value)
    assert listed.desk.dump()["leads"] == []
    assert counted.answered[-1] == 400


def test_a_renewal_that_was_refused_before_it_happened_loses_nothing(listed: Any, counted: Counting) -> None:
    """503 and a closed connection leave the refresh token as it was."""
    listed.wait(DAY)
    for trouble in ("refused_503", "closed"):
        listed.served.faults.next(trouble, lambda _, path: path == "/oauth/token")
        with pytest.raises(TryAgain):
            listed.crm.users()
    assert listed.crm.users()
    assert counted.answered[-1:] == [200]


def test_a_token_that_ends_in_the_middle_is_renewed(make_firm: Any) -> None:
    """The access token is refused although it has not ended by our clock: renewed once, and sent again."""
    firm = make_firm("leads")
    assert firm.crm.users()
    firm.served.simulator.logins._grants[0].access.clear()
    assert firm.crm.users()
    assert firm.credentials.renewals == 1


@pytest.mark.parametrize("way", ["leads", "inbox"])
def test_a_login_of_the_other_way_is_said_to_be_one(make_firm: Any, way: str) -> None:
    """A token of the inbox opens no platform, nor the other way round; the sentence has the command."""
    firm = make_firm(way)
    logins = credentials(firm.served.url)
    other = Kept(logins["browser" if way == "inbox" else "token"])
    crm = firm.connect(other)
    api, login = ("inbox", "token") if way == "inbox" else ("platform", "browser")
    with pytest.raises(AuthLapsed, match=f"connect clio_grow --option api={api} --login {login}"):
        crm.examine()


def test_a_revoked_inbox_token_pauses(told: Any) -> None:
    """The firm has another token: our leads are not taken, and nothing is tried with it again and again."""
    told.served.simulator.revoke()
    with pytest.raises(AuthLapsed, match="connect again"):
        told.crm.apply([new_contact(told.crm)])
    assert told.desk.dump()["leads"] == []


def test_the_kind_asks_for_what_each_way_needs() -> None:
    """The usual login is the inbox's token; the other is a browser with a proof."""
    token, browser = KIND.logins
    assert [each.name for each in token.asks] == ["inbox_lead_token"]
    assert token.asks[0].secret
    assert browser.oauth is not None
    assert browser.oauth.pkce
