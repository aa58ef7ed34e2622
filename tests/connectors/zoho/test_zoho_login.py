"""Logging in to Zoho CRM: data centres, one token for all workers, ten of them in ten minutes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from firstcontact.connectors import kinds
from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.connectors.toolkit import oauth
from firstcontact.connectors.toolkit.http import Http
from firstcontact.connectors.zoho.kind import KIND
from firstcontact.connectors.zoho.login import SCOPES, Door, accounts_address, api_address, renewal
from firstcontact.testing.conformance.making import new_contact
from firstcontact.testing.simulators.base import Kept
from firstcontact.testing.simulators.zoho import credentials

OPTIONS: dict[str, str | int | bool] = {name: option.default for name, option in KIND.options.items()}


def options(**given: str | bool) -> dict[str, str | int | bool]:
    """A connection's options."""
    return {**OPTIONS, **given}


def opened(org: Any, kept: Kept, **given: Any) -> Any:
    """A connector with this login."""
    opening = org.served.opening(org.clock.now, pace=org.pace, credentials=kept, options=given)
    return org.served.connect(KIND, opening)


def ended(org: Any, login: str = "refresh_token") -> Kept:
    """A login without an access token."""
    values = dict(org.served.kind.credentials(org.served.url)[login])
    values.pop("access_token", None)
    return Kept(values)


def renewal_of(org: Any) -> Any:
    """How a connector has a new access token."""
    return renewal(Door("Zoho CRM", org.served.url), org.clock.now)


@pytest.mark.parametrize(
    ("center", "accounts", "api"),
    [
        ("com", "https://accounts.zoho.com", "https://www.zohoapis.com"),
        ("eu", "https://accounts.zoho.eu", "https://www.zohoapis.eu"),
        ("com.au", "https://accounts.zoho.com.au", "https://www.zohoapis.com.au"),
        ("ca", "https://accounts.zohocloud.ca", "https://www.zohoapis.ca"),
        ("com.cn", "https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn"),
    ],
)
def test_the_data_centre_decides_the_addresses(center: str, accounts: str, api: str) -> None:
    """Each has its own hosts, Canada's logins another name; an address that is given comes first."""
    assert accounts_address(options(data_center=center)) == accounts
    assert api_address(options(data_center=center), {}) == api
    assert (
        accounts_address(options(data_center=center, address="http://127.0.0.1:9/")) == "http://127.0.0.1:9"
    )


def test_the_token_names_the_api() -> None:
    """What came with it is asked, its sandbox where that is wanted, and no place without TLS."""
    kept = {"api_domain": "https://www.zohoapis.eu"}
    assert api_address(options(), kept) == "https://www.zohoapis.eu"
    assert api_address(options(sandbox=True), kept) == "https://sandbox.zohoapis.eu"
    with pytest.raises(AuthLapsed, match="TLS"):
        api_address(options(), {"api_domain": "http://www.zohoapis.eu"})


@pytest.mark.parametrize("login", ["refresh_token", "self_client"])
def test_a_login_without_a_browser_opens_the_connection(org: Any, login: str) -> None:
    """A refresh token is renewed; the code of a self client becomes one, and is not used twice."""
    kept = ended(org, login)
    opened(org, kept).users()
    opened(org, kept).users()
    assert kept.renewals == 1
    assert kept.read()["refresh_token"]
    assert not kept.read().get("code")
    org.wait(3700)
    assert opened(org, kept).users()
    assert kept.renewals == 2


def test_a_login_in_the_browser_opens_the_connection(org: Any) -> None:
    """The code that the browser brings back becomes a refresh token, with all scopes."""
    login = KIND.logins[0]
    assert login.oauth is not None
    kept = org.kept.read()
    client = {name: kept[name] for name in ("client_id", "client_secret")}
    given = options(address=org.served.url)
    redirect = f"http://127.0.0.1:{oauth.PORT}/callback"
    request = oauth.begin(login.oauth, given, client["client_id"], redirect)
    asked = parse_qs(urlsplit(request.address).query)
    assert (asked["access_type"], asked["prompt"]) == (["offline"], ["consent"])
    assert asked["scope"] == [",".join(SCOPES)]
    answer = httpx2.get(request.address, follow_redirects=False)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == [request.state]
    door = Http("Zoho CRM", org.served.url)
    tokens = oauth.finish(
        door, login.oauth, given, request, back["code"][0], client, org.clock.now, "Zoho CRM"
    )
    assert tokens["refresh_token"]
    assert opened(org, Kept({**client, **tokens, "login": "browser"})).users()
    with pytest.raises(AuthLapsed, match="invalid_code"):
        oauth.finish(door, login.oauth, given, request, back["code"][0], client, org.clock.now, "Zoho CRM")


def test_all_workers_share_one_access_token(org: Any) -> None:
    """Eight threads of as many connectors need one, whoever comes first; an hour later one more."""
    kept = ended(org)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: opened(org, kept).users(), range(8)))
        assert kept.renewals == 1
        org.wait(3600)
        list(threads.map(lambda _: opened(org, kept).users(), range(8)))
    assert kept.renewals == 2


def test_an_eleventh_token_is_not_asked_for(org: Any) -> None:
    """Ten in ten minutes are all that Zoho gives; the rest of the window is waited for, without asking."""
    kept = ended(org)
    renewal = renewal_of(org)
    for _ in range(10):
        kept.renew(kept.read(), renewal)
        org.wait(30)
    org.faults.next("html")
    with pytest.raises(TryAgain) as blocked:
        kept.renew(kept.read(), renewal)
    assert org.faults.waiting == 1, "nothing is sent that could only be refused"
    assert 0 < blocked.value.after <= 600
    with pytest.raises(TryAgain):
        org.crm.users()
    org.wait(blocked.value.after + 1)
    assert opened(org, kept).users()
    kept.renew(kept.read(), renewal)


@pytest.mark.parametrize("status", ["400", "200"])
def test_a_blocked_login_is_no_lapsed_one(serve: Any, status: str) -> None:
    """Others have used up the ten, of which we know nothing: it is tried again after the window, not given
    up."""
    org = serve(block_status=status)
    for _ in range(10):
        opened(org, ended(org)).users()
    stranger = opened(org, ended(org))
    with pytest.raises(TryAgain) as blocked:
        stranger.users()
    assert not isinstance(blocked.value, AuthLapsed)
    assert blocked.value.after == 600
    org.wait(601)
    assert stranger.users()


@pytest.mark.parametrize("status", ["200", "400"])
def test_a_refused_login_is_lapsed(serve: Any, status: str) -> None:
    """Zoho refuses with a status of success, or with another one: a person is to connect again."""
    org = serve(token_error=status)
    org.simulator.revoke()
    with pytest.raises(AuthLapsed, match="invalid_code"):
        opened(org, ended(org)).users()


def test_a_login_of_another_data_centre_is_refused(org: Any) -> None:
    """Its tokens are not known here."""
    for login in ("refresh_token", "browser"):
        kept = Kept(credentials(org.served.url, "eu")[login])
        with pytest.raises(AuthLapsed):
            opened(org, kept).users()


def test_a_missing_scope_is_said_and_costs_no_token(serve: Any) -> None:
    """No new token would have it: the login is to be made anew, with the scopes that are named."""
    org = serve(scopes=("ZohoCRM.users.READ",))
    kept = ended(org)
    crm = opened(org, kept)
    crm.users()
    with pytest.raises(AuthLapsed, match="scope"):
        crm.apply([new_contact(crm)])
    assert kept.renewals == 1


def test_the_kind_is_known() -> None:
    """It can be opened by its name, and says what it rests on."""
    assert kinds.kind("zoho") is KIND
    assert len(KIND.grounds) >= 12
    assert KIND.limits
