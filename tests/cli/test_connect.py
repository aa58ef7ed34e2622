"""From `connect` to the first contact in a CRM that is spoken to over HTTP, and what happens on the way."""

from __future__ import annotations

import socket
import stat
import webbrowser
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from office import KEY, SECRET, Office, port

from firstcontact.bootstrap import open_installation
from firstcontact.config import load
from firstcontact.connectors import kinds
from firstcontact.connectors.toolkit.http import Http
from firstcontact.testing.served.process import Served, serve
from firstcontact.testing.simulators.serving import served as at_address

TABLE = """
# ours, by hand
[connection.office]  # the office
"log.email" = true # mail, too
"""
BY_KEY = ("--login", "key", "--value", "account=ruiz")


@pytest.fixture
def patch(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Sets names and variables until the test ends."""
    return monkeypatch


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    """One CRM for all tests here."""
    with serve() as running:
        yield running


@pytest.fixture
def office(server: Served, patch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The vendor, empty but for Ana as a user, and its kind as a plugin."""
    server.desk.empty()
    server.desk.behave()
    server.desk.add("user", {"id": "u-ana", "name": "Ana R.", "email": "ana@ruizlaw.example", "active": True})
    vendor = Office(server)
    patch.setattr(kinds, "kind", lambda name: vendor.kind if name == "office" else _kind(name))
    patch.setattr(webbrowser, "open", vendor.browse)
    patch.setenv("FIRSTCONTACT_API_KEY", KEY)
    with at_address(vendor.app) as url:
        vendor.url = url
        yield vendor


_kind = kinds.kind


@pytest.fixture
def connected(fc: Any, office: Office) -> Any:
    """A home that is connected to the office."""
    fc.done("connect", "office", "--option", f"address={office.url}", *BY_KEY)
    return fc


@pytest.fixture
def letter(write_mbox: Any) -> Path:
    """Jo Diaz writes, and Ana answers."""
    return write_mbox(
        "letter.mbox",
        [
            {"Message-ID": "<1@acme.example>"},
            {
                "From": "Ana Ruiz <ana@ruizlaw.example>",
                "To": "Jo Diaz <jo@acme.example>",
                "Message-ID": "<2@ruizlaw.example>",
                "In-Reply-To": "<1@acme.example>",
            },
        ],
    )


def everything(folder: Path) -> bytes:
    """Every byte of every file of a home, but for the key ring."""
    return b"".join(
        path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "ring.json"
    )


def state(fc: Any) -> tuple[Any, ...]:
    """What would be changed: settings, key ring, every row."""
    return (fc.home / "settings.toml").read_bytes(), (fc.home / "keys").exists(), fc.rows()


def written(office: Office) -> dict[str, int]:
    """What the CRM has carried out, and how many requests to write it was sent."""
    counts = office.served.desk.counts()
    return {"applies": counts.requests.get("apply", 0), **counts.written}


# --- logging in ------------------------------------------------------------------------------------


def test_from_connect_to_the_first_contact(fc: Any, office: Office, letter: Path) -> None:
    """After `connect`, what is imported is written to that CRM, by the user there who is ours."""
    said = fc.json("connect", "office", "--option", f"address={office.url}", "--option", "pages=7", *BY_KEY)
    assert said.pop("users") >= 1
    assert said == {
        "connection": "office", "kind": "office", "login": "key", "read_only": False, "resumed": False,
    }  # fmt: skip
    assert load(fc.home).connections["office"].options == {"address": office.url, "pages": 7}
    fc.done("import", letter)
    there = office.served.desk.dump()
    assert [each["emails"] for each in there["contacts"]] == [["jo@acme.example"]]
    assert {each["user"] for each in there["activities"]} == {"u-ana"}
    assert "in Office" in fc.done("status").all
    assert fc.done("explain", there["contacts"][0]["id"]).status == 0
    assert "Office" in fc("contacts").err


def test_no_secret_stands_anywhere(fc: Any, office: Office) -> None:
    """Neither in what is said, nor in the settings, nor in the databases; the key ring is its owner's."""
    said = fc("connect", "office", "--option", f"address={office.url}", *BY_KEY)
    assert said.status == 0
    for secret in (KEY, office.served.address.token):
        assert secret not in said.out + said.err
        assert secret.encode() not in everything(fc.home)
    ring = fc.home / "keys" / "ring.json"
    assert stat.S_IMODE(ring.stat().st_mode) == 0o600
    assert KEY not in ring.read_text()


def test_comments_stay(fc: Any, office: Office) -> None:
    """The settings file keeps every line that it had."""
    path = fc.home / "settings.toml"
    path.write_text(
        path.read_text() + "\n# ours, by hand\n[connection.office]  # the office\ntitle_case = 1\n"
    )
    path.write_text(path.read_text().replace("title_case = 1\n", '"log.email" = true # mail, too\n'))
    before = path.read_text().splitlines()
    fc.done("connect", "office", "--option", f"address={office.url}", *BY_KEY)
    after = path.read_text()
    assert [line for line in before if line not in after] == []
    assert 'kind = "office"' in after


def test_in_the_browser(fc: Any, office: Office, letter: Path) -> None:
    """Authorization code with PKCE and a redirect to this machine; the token is renewed when it ends."""
    at = port()
    said = fc(
        "connect", "office", "--option", f"address={office.url}", "--login", "browser", "--port", at,
        "--value", "client_id=app", "--file", f"client_secret={secret_file(fc)}",
    )  # fmt: skip
    assert said.status == 0, said
    assert office.opened[0] in said.err
    assert f"127.0.0.1%3A{at}" in office.opened[0]
    for secret in (SECRET, "for good", "ends at once", office.served.address.token):
        assert secret not in said.out + said.err
        assert secret.encode() not in everything(fc.home)
    assert office.refreshes == 1
    fc.done("import", letter)
    assert office.refreshes == 1
    assert len(office.served.desk.dump()["contacts"]) == 1


def secret_file(fc: Any) -> Path:
    """A file with the application's secret, outside the home."""
    path = fc.home.parent / "secret"
    path.write_text(f"{SECRET}\n")
    return path


def test_a_refusal_in_the_browser_leaves_nothing(fc: Any, office: Office) -> None:
    """A person who says no there is told so here, and nothing is kept or written."""
    office.denies = True
    before = state(fc)
    said = fc(
        "connect", "office", "--option", f"address={office.url}", "--login", "browser", "--port", port(),
        "--value", "client_id=app", "--file", f"client_secret={secret_file(fc)}",
    )  # fmt: skip
    assert said.status == 2
    assert "The user said no." in said.all
    assert state(fc) == before


def test_an_answer_of_somebody_else_is_no_answer(fc: Any, office: Office, patch: pytest.MonkeyPatch) -> None:
    """A page that sends the browser to our redirect address with a code of its own gets nothing."""
    import urllib.error
    import urllib.request

    at = port()
    answers: list[int] = []

    def attack_first(address: str) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{at}/callback?code=mine&state=guessed", timeout=5)
        except urllib.error.HTTPError as error:
            answers.append(error.code)
        return office.browse(address)

    def in_a_thread(address: str) -> bool:
        import threading

        threading.Thread(target=attack_first, args=(address,), daemon=True).start()
        return True

    patch.setattr(webbrowser, "open", in_a_thread)
    said = fc(
        "connect", "office", "--option", f"address={office.url}", "--login", "browser", "--port", at,
        "--value", "client_id=app", "--file", f"client_secret={secret_file(fc)}",
    )  # fmt: skip
    assert said.status == 0, said
    assert answers == [404]


def test_nobody_at_the_browser(fc: Any, office: Office, patch: pytest.MonkeyPatch) -> None:
    """After a while it ends by itself, and nothing was changed."""
    patch.setattr("firstcontact.cli.connect.WAIT_SECONDS", 0.2)
    before = state(fc)
    said = fc(
        "connect", "office", "--option", f"address={office.url}", "--login", "browser", "--port", port(),
        "--no-browser", "--value", "client_id=app", "--file", f"client_secret={secret_file(fc)}",
    )  # fmt: skip
    assert said.status == 2
    assert "nobody logged in" in said.all
    assert office.opened == []
    assert state(fc) == before


def test_ctrl_c_at_the_browser_leaves_nothing(fc: Any, office: Office, patch: pytest.MonkeyPatch) -> None:
    """Whoever gives up while the browser is open has changed nothing."""

    def give_up(_: str) -> bool:
        raise KeyboardInterrupt

    patch.setattr(webbrowser, "open", give_up)
    before = state(fc)
    said = fc(
        "connect", "office", "--option", f"address={office.url}", "--login", "browser", "--port", port(),
        "--value", "client_id=app", "--file", f"client_secret={secret_file(fc)}",
    )  # fmt: skip
    assert said.status == 130
    assert state(fc) == before


def test_a_port_that_is_taken(fc: Any, office: Office) -> None:
    """The redirect address can be in use; the way out is said."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        said = fc(
            "connect", "office", "--option", f"address={office.url}", "--login", "browser", "--port",
            listening.getsockname()[1], "--value", "client_id=app", "--file",
            f"client_secret={secret_file(fc)}",
        )  # fmt: skip
    assert said.status == 2
    assert "--port" in said.all


def test_a_login_that_does_not_work_is_not_kept(fc: Any, office: Office, patch: pytest.MonkeyPatch) -> None:
    """A wrong key is tried before it is kept: settings and ledger are as they were."""
    patch.setenv("FIRSTCONTACT_API_KEY", "wrong")
    before = state(fc)
    said = fc("connect", "office", "--option", f"address={office.url}", *BY_KEY)
    assert said.status == 2
    assert state(fc) == before


def test_a_wrong_secret_is_said_as_the_vendor_says_it(fc: Any, office: Office) -> None:
    """A vendor that answers a wrong application with 401 is quoted, and it is said what to look at."""
    secret = fc.home.parent / "wrong"
    secret.write_text("not the secret")
    before = state(fc)
    said = fc(
        "connect", "office", "--option", f"address={office.url}", "--login", "browser", "--port", port(),
        "--value", "client_id=app", "--file", f"client_secret={secret}",
    )  # fmt: skip
    assert said.status == 2
    assert "invalid_client" in said.all
    assert f"address={office.url}" in said.all
    assert "what waited goes on" not in said.all
    assert state(fc) == before


@pytest.mark.parametrize("address", ["office.example", "http://[::bad", "ftp://office.example", "http://"])
def test_what_is_no_address_is_said(fc: Any, office: Office, address: str) -> None:
    """An address that nothing can be asked at is a sentence with the option in it."""
    opened = office.kind.open
    replaced = msgspec.structs.replace(
        office.kind,
        open=lambda opening: AsksAt(opened(opening), str(opening.options["address"])),
    )
    office.kind = replaced
    said = fc("connect", "office", "--option", f"address={address}", *BY_KEY)
    assert said.status == 2
    assert "written https://HOST" in said.all
    assert f"address={address}" in said.all


class AsksAt:
    """A connector that asks for its users at the address of the option."""

    def __init__(self, crm: Any, address: str) -> None:
        self._crm = crm
        self._http = Http("Office", address)

    def users(self) -> None:
        """Never comes to an answer."""
        self._http.read("GET", "/users")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("connect", "nonsense"), "there is no CRM of the kind 'nonsense'"),
        (("connect", "address_book"), "'address_book' is built in, and used where there is no connection"),
        (("connect", "office", *BY_KEY), "address"),
        (("connect", "office", "--option", "address=x", "--option", "tint=red", *BY_KEY), "grey, blue"),
        (("connect", "office", "--option", "address=x", "--option", "pages=many", *BY_KEY), "a number"),
        (("connect", "office", "--option", "address=x", "--option", "page=2", *BY_KEY), "`pages`"),
        (("connect", "office", "--option", "address=x", "--login", "fax"), "no such way"),
        (("connect", "office", "--option", "address=x", "--value", "api_key=k"), "can see a command line"),
        (("connect", "office", "--option", "address=x", "--value", "nothing=k"), "asks for"),
        (("connect", "office", "--option", "address=x"), "FIRSTCONTACT_ACCOUNT"),
        (("connect", "office", "--name", "Big Office", "--option", "address=x", *BY_KEY), "small letters"),
    ],
)
@pytest.mark.usefixtures("office")
def test_wrong_use_is_said(fc: Any, words: tuple[str, ...], why: str) -> None:
    """Each mistake on the command line gets a sentence with the way out, and nothing is changed."""
    before = state(fc)
    said = fc(*words)
    assert said.status == 2
    assert why in said.all
    assert state(fc) == before


def test_again_is_a_new_login_of_the_same(connected: Any, patch: pytest.MonkeyPatch) -> None:
    """Said again, options and everything that was given before are as they were."""
    patch.delenv("FIRSTCONTACT_API_KEY")
    path = connected.home / "settings.toml"
    before = path.read_text()
    connected.done("connect", "office")
    assert path.read_text() == before


def test_disconnect_forgets(connected: Any, letter: Path) -> None:
    """After it nothing can log in, what is decided waits, and `connect` is what is said to do."""
    connected.done("disconnect", "office")
    assert "firstcontact connect" in connected("import", letter).all
    assert connected("disconnect", "nothing").status == 2


# --- settings that cannot be opened -----------------------------------------------------------------


BAD = {
    "two": ("[connection.a]\nkind = 'office'\n[connection.b]\nkind = 'clio'\n", "several CRM connections"),
    "no kind": ("[connection.a]\nkind = 'nonsense'\n", "no CRM of the kind"),
    "no option": ("[connection.a]\nkind = 'office'\noptions = { adress = 'x' }\n", "`address`"),
    "no type": ("[connection.a]\nkind = 'office'\noptions = { address = 3 }\n", "a text"),
    "nothing required": ("[connection.a]\nkind = 'office'\n", "the option `address` is missing"),
    "read-only": ("[connection.a]\nkind = 'office'\nread_only = 'yes'\n", "true or false"),
    "nobody": ("[connection.a]\nkind = 'office'\nusers = { bob = '3' }\n", "unknown user `bob`"),
    "no id": ("[connection.a]\nkind = 'office'\nusers = { ana-ruiz = 3 }\n", "is a text"),
}


@pytest.mark.parametrize("case", sorted(BAD))
@pytest.mark.usefixtures("office")
def test_what_cannot_be_opened_is_said_with_its_line(fc: Any, case: str) -> None:
    """Whatever is wrong with a connection in the settings is a sentence with file and line."""
    path = fc.home / "settings.toml"
    lines = len(path.read_text().splitlines())
    text, why = BAD[case]
    path.write_text(path.read_text() + text)
    said = fc("status")
    assert said.status == 2
    assert why in said.all
    assert str(path) in said.all
    if case != "two":
        assert any(f"settings.toml:{lines + number}" in said.all for number in (1, 2, 3)), said


# --- users ---------------------------------------------------------------------------------------------


def test_who_is_missing_is_said(connected: Any, office: Office) -> None:
    """Each of ours with the user there, by e-mail; who is missing, and what follows."""
    (ana,) = connected.json("users")["users"]
    assert (ana["user"], ana["crm_user"], ana["by"], ana["active"]) == ("ana-ruiz", "u-ana", "e-mail", True)
    office.served.desk.edit("user", "u-ana", {"email": "other@ruizlaw.example"})
    said = connected("users")
    assert said.status == 1
    assert "is nobody in Office" in said.all
    assert "whom we log in as" in said.all


def test_a_map_by_hand_decides_who_it_is(connected: Any, office: Office, letter: Path) -> None:
    """Who is mapped in the settings logs as that user, whatever the addresses say; and no longer when it is
    taken away."""
    office.served.desk.add("user", {"id": "u-two", "name": "Ana Two", "email": "", "active": True})
    connected.done("users", "map", "ana-ruiz=u-two")
    (ana,) = connected.json("users")["users"]
    assert (ana["crm_user"], ana["by"]) == ("u-two", "settings")
    connected.done("import", letter)
    there = office.served.desk.dump()
    assert {each["user"] for each in there["activities"]} == {"u-two"}
    connected.done("users", "map", "ana-ruiz=")
    assert connected.json("users")["users"][0]["crm_user"] == "u-ana"
    assert "users" not in (connected.home / "settings.toml").read_text().partition("[connection")[2]


def test_a_wrong_id_in_the_map_is_said(connected: Any, office: Office) -> None:
    """An id that nobody in the CRM has is said by `users` and `doctor`, though an address ties."""
    office.missing = []
    connected.done("users", "map", "ana-ruiz=u-typo")
    said = connected("users")
    assert said.status == 1
    assert "ana-ruiz is u-typo, and nobody in Office has that id" in said.all
    found = [each for each in connected.json("doctor")["found"] if each["about"] == "users"]
    assert [each["state"] for each in found if "u-typo" in each["sentence"]] == ["warning"]


# --- doctor --------------------------------------------------------------------------------------------


def test_doctor_says_what_stands_in_the_way_and_makes_it(connected: Any, office: Office) -> None:
    """An error is exit status 1; --fix makes what is missing, after which nothing stands in the way."""
    said = connected("doctor")
    assert said.status == 1
    assert "There is not a field for our key." in said.all
    assert connected("doctor", "--fix").status == 1  # nobody says yes
    assert office.missing
    said = connected("doctor", "--fix", "--yes")
    assert said.status == 0
    assert "Made a field for our key." in said.all
    found = connected.json("doctor")
    assert {each["state"] for each in found["found"]} <= {"ok", "warning"}


def test_doctor_speaks_of_users_and_settings(connected: Any, office: Office) -> None:
    """Who is missing among the users, and settings that lose something with this CRM, are warnings."""
    office.missing = []
    office.served.desk.edit("user", "u-ana", {"email": "other@ruizlaw.example"})
    connected.done("settings", "set", "several_contacts", "ask")
    about = {each["about"]: each["state"] for each in connected.json("doctor")["found"]}
    assert about["users"] == "warning"
    assert about["fields"] == "ok"


def test_doctor_of_a_login_that_lapsed(connected: Any, office: Office) -> None:
    """Where the login is gone it says so, and how to log in again."""
    office.missing = []
    office.served.desk.behave(lapsed=True)
    said = connected("doctor")
    assert said.status == 1
    assert "login" in said.all


def test_doctor_of_the_built_in_address_book(fc: Any) -> None:
    """Without a CRM connection there is nothing that could be missing."""
    assert fc("doctor").status == 0


# --- read-only -------------------------------------------------------------------------------------------


def test_read_only_decides_and_never_writes(fc: Any, office: Office, letter: Path, strangers: Any) -> None:
    """Whatever is imported, answered, retried or run: no request to write leaves, and all of it is shown."""
    fc.done("connect", "office", "--option", f"address={office.url}", "--read-only", *BY_KEY)
    said = fc.done("import", letter)
    assert "read-only" in said.all
    assert "1 contact would be created" in said.all
    fc.done("import", strangers("many.mbox", 3))
    fc("run", "--once")
    fc("brake", "release")
    fc("stuck", "retry")
    assert written(office)["applies"] == 0
    assert office.served.desk.dump()["contacts"] == []
    status = fc.json("status")
    assert status["read_only"]
    assert status["held"] >= 8
    assert "read-only" in fc.done("status").all
    assert "read-only" in fc.done("explain", "jo@acme.example").all
    assert "read-only" in fc("doctor").all
    assert "read-only" in fc("doctor", "--fix", "--yes").all
    assert office.missing


def test_read_only_ends_by_a_persons_word(fc: Any, office: Office, letter: Path) -> None:
    """How much would be written is said before it is; without a yes nothing changes."""
    fc.done("connect", "office", "--option", f"address={office.url}", "--read-only", *BY_KEY)
    fc.done("import", letter)
    before = (fc.home / "settings.toml").read_text()
    said = fc("read-only", "off")
    assert said.status != 0
    assert "1 new contact among them" in said.all
    assert (fc.home / "settings.toml").read_text() == before
    assert written(office)["applies"] == 0
    done = fc.json("read-only", "off", "--yes")
    assert (done["created"], done["released"] == done["written"]) == (1, True)
    assert "read_only" not in (fc.home / "settings.toml").read_text()
    assert len(office.served.desk.dump()["contacts"]) == 1


def test_read_only_taken_out_by_hand_still_asks(fc: Any, office: Office, letter: Path) -> None:
    """Who takes the line out of the settings has not said yet that what gathered may be written."""
    fc.done("connect", "office", "--option", f"address={office.url}", "--read-only", *BY_KEY)
    fc.done("import", letter)
    path = fc.home / "settings.toml"
    path.write_text(path.read_text().replace("read_only = true\n", ""))
    fc("run", "--once")
    assert written(office)["applies"] == 0
    assert "read-only" in fc.done("status").all
    fc.done("brake", "release")
    assert len(office.served.desk.dump()["contacts"]) == 1
    assert not fc.json("status")["read_only"]


def test_read_only_holds_workers_that_run_already(connected: Any, office: Office, letter: Path) -> None:
    """A worker that was started before it was said writes nothing after it, and what it had decided waits."""
    running = open_installation(load(connected.home)).installation
    connected.done("read-only", "on")
    other = open_installation(load(connected.home))
    assert other.installation.read_only()
    connected.done("import", letter)
    running.drain()
    assert written(office)["applies"] == 0
    connected.done("read-only", "off", "--yes")
    assert len(office.served.desk.dump()["contacts"]) == 1


def test_what_was_due_is_held(connected: Any, office: Office, letter: Path) -> None:
    """Writes that were decided, and waited for a CRM that was busy, are held from then on."""
    office.served.desk.behave(busy=1.0, after=0)
    connected("import", letter)
    connected.done("read-only", "on")
    office.served.desk.behave()
    applies = written(office)["applies"]
    installation = open_installation(load(connected.home)).installation
    installation.drain()
    assert written(office)["applies"] == applies


def test_a_dry_run_writes_nothing(connected: Any, office: Office, letter: Path) -> None:
    """A trial tells what would be created in the CRM, and no request to write leaves."""
    said = connected.done("import", letter, "--dry-run")
    assert "1 contact would be created" in said.all
    assert written(office)["applies"] == 0
    assert not connected.json("status")["read_only"]


# --- a login that lapses -----------------------------------------------------------------------------------


def test_a_login_that_lapses_pauses_and_connect_resumes(connected: Any, office: Office, letter: Path) -> None:
    """The connection pauses once and is told once; after `connect` everything that waited is written, and
    nothing twice."""
    office.served.desk.behave(lapsed=True)
    log = connected.home / "run.log"
    for _ in range(3):
        said = connected("import", letter)
        connected("run", "--once", "--log-file", log)
    assert "connect" in said.all
    assert log.read_text().count("connection paused") <= 1
    assert "paused" in connected("doctor").all
    assert connected("connect", "office").status == 2  # the vendor still refuses
    office.served.desk.behave()
    assert connected.json("connect", "office")["resumed"]
    connected.done("run", "--once")
    there = office.served.desk.dump()
    assert len(there["contacts"]) == 1
    assert len(there["activities"]) == 2
    for secret in (KEY, office.served.address.token):
        assert secret not in log.read_text()


# --- keys ------------------------------------------------------------------------------------------------


def test_rotation(connected: Any, office: Office, letter: Path) -> None:
    """Another key seals the login, the old one can go, and everything works on."""
    first = connected.json("keys", "list")["keys"]
    assert [each["logins"] for each in first] == [1]
    connected.done("keys", "rotate")
    both = connected.json("keys", "list")["keys"]
    assert sorted(each["logins"] for each in both) == [0, 1]
    connected.done("keys", "rotate", "--forget-old")
    assert len(connected.json("keys", "list")["keys"]) == 1
    connected.done("import", letter)
    assert len(office.served.desk.dump()["contacts"]) == 1


def test_a_ring_elsewhere(fc: Any, office: Office, tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    """FIRSTCONTACT_KEY_FILE is where the ring is made and read; without it the login does not open."""
    ring = tmp_path / "elsewhere" / "ring"
    patch.setenv("FIRSTCONTACT_KEY_FILE", str(ring))
    fc.done("connect", "office", "--option", f"address={office.url}", *BY_KEY)
    assert ring.exists()
    assert not (fc.home / "keys").exists()
    fc.done("users")
    patch.delenv("FIRSTCONTACT_KEY_FILE")
    assert fc("status").status == 0
    said = fc("run", "--once")
    assert said.status == 2
    assert "Copy the key ring" in said.all
    assert "Copy the key ring" in fc("doctor").all
