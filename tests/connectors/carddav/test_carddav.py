"""The connector against a real Radicale, and against what other servers do differently."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from carddav_desk import People, Place
from carddav_proxy import Proxy, Said, only_vcard_4, proxied, without_etags_of_puts, without_sync

from firstcontact.connectors import kinds
from firstcontact.connectors.carddav import cards, feed
from firstcontact.connectors.carddav.kind import KIND
from firstcontact.connectors.contract import (
    AuthLapsed,
    Crm,
    Examined,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.identity.records import Record
from firstcontact.planning.write import Receipt
from firstcontact.testing.conformance.making import JO, JO_PHONE, handle, new_contact, receipt, update
from firstcontact.testing.radicale import Server
from firstcontact.testing.simulators.base import Kept
from firstcontact.testing.simulators.faults import Faulty, Trouble


@contextmanager
def behind(place: Place, **hooks: Any) -> Iterator[tuple[Any, Proxy, Faulty]]:
    """A connector whose requests go through a proxy."""
    proxy = Proxy(place.server, **hooks)
    with proxied(proxy) as (faults, url):
        yield place.crm(place.address.replace(place.server.url, url)), proxy, faults


def is_put(method: str, _path: str) -> bool:
    return method == "PUT"


def is_query(method: str, body: str) -> bool:
    return method == "REPORT" and "addressbook-query" in body


def everything(crm: Crm, cursor: str = "") -> tuple[dict[str, Record], list[str], str, list[bool]]:
    """Records, gone ones and the cursor behind all pages, and which pages began anew."""
    records: dict[str, Record] = {}
    gone: list[str] = []
    restarts: list[bool] = []
    more = True
    while more:
        page = crm.changed_since(cursor)
        records.update((record.id, record) for record in page.records)
        gone += page.gone
        restarts.append(page.restarted)
        cursor, more = page.cursor, page.more
    return records, gone, cursor, restarts


# --- the kind --------------------------------------------------------------------------------------------


def test_it_is_a_kind_that_can_be_connected(place: Place) -> None:
    """`carddav` is found by name, opens without a request, and can be examined."""
    assert kinds.kind("carddav") is KIND
    crm = KIND.open(place.opening("http://127.0.0.1:1/nowhere/"))
    assert isinstance(crm, Crm)
    assert isinstance(crm, Examined)
    with pytest.raises(TryAgain):
        crm.size()


# --- finding the address book ------------------------------------------------------------------------------


def test_the_server_alone_is_enough(place: Place, people: People) -> None:
    """With only the host, well-known, principal and home set lead to the login's address book."""
    crm = place.crm(place.server.url)
    id = receipt(crm, new_contact(crm)).id
    assert people.names() == [id]


def test_one_of_several_is_named(radicale: Server, place: Place) -> None:
    """The shown name or the one in the address names one of several; without it the usual one is taken."""
    other = radicale.address_book(place.login, "a-team", "The Team")
    for wanted in ("The Team", "a-team", other):
        crm = place.crm(radicale.url, address_book=wanted)
        receipt(crm, new_contact(crm, wanted, last_name=wanted))
        assert place.crm(other).size() == 1 + ("The Team", "a-team", other).index(wanted)
    usual = place.crm(radicale.url)
    assert usual.size() == 0
    with pytest.raises(TryAgain, match="There is no address book 'Nobody'; there are "):
        place.crm(radicale.url, address_book="Nobody").size()


def test_nothing_is_taken_for_an_address_book_that_is_away(radicale: Server, place: Place) -> None:
    """An address that names an address book is that one or none, though the login has another."""
    radicale.address_book(place.login, "other")
    crm = place.crm(f"{radicale.url}/{place.login[0]}/gone/")
    with pytest.raises(TryAgain, match="no CardDAV at"):
        crm.changed_since("")
    with pytest.raises(TryAgain):
        crm.find([handle(JO)])


def test_a_move_is_followed_within_the_site_alone(place: Place) -> None:
    """The well-known address may send us on; to another host the password does not go."""

    def move(_method: str, path: str, _body: str) -> Said | None:
        return Said(301, {"Location": to}, "") if "well-known" in path else None

    proxy = Proxy(place.server, before=move)
    with proxied(proxy) as (_, url):
        to = f"/{place.login[0]}/"
        crm = place.crm(url)
        assert crm.size() == 0
        to = "http://contacts.elsewhere.example/"
        proxy.requests.clear()
        with pytest.raises(TryAgain, match="another server"):
            place.crm(url).size()


def test_a_home_on_another_server_gets_no_password(place: Place) -> None:
    """Where the server names an address book of somebody else's host, nothing is sent there."""
    there = r"\1https://evil.example/home/"

    def elsewhere(_method: str, _path: str, _body: str, said: Said) -> Said:
        body = re.sub(r"(addressbook-home-set>\s*<href>)[^<]*", there, said.body)
        return said._replace(body=body)

    with proxied(Proxy(place.server, after=elsewhere)) as (_, url):
        crm = place.crm(url)
        with pytest.raises(TryAgain, match=r"evil\.example"):
            crm.size()


def test_an_address_book_on_another_server_gets_no_card(place: Place) -> None:
    """Where the home lists an address book of another host, nothing is sent there either."""

    def elsewhere(_method: str, _path: str, _body: str, said: Said) -> Said:
        own = f"<href>{place.address.removeprefix(place.server.url)}</href>"
        return said._replace(body=said.body.replace(own, "<href>https://evil.example/contacts/</href>"))

    with proxied(Proxy(place.server, after=elsewhere)) as (_, url):
        crm = place.crm(url)
        (outcome,) = crm.apply([new_contact(crm)])
        assert isinstance(outcome, TryAgain)
        assert "on another server" in str(outcome)


# --- logging in ---------------------------------------------------------------------------------------------


def test_a_wrong_password_is_said(place: Place) -> None:
    """What the server does not accept lapses the connection; a newer password is taken without a restart."""
    right = place.credentials.read()
    place.credentials = Kept({**right, "password": "wrong"})
    crm = place.crm()
    with pytest.raises(AuthLapsed):
        crm.size()
    place.credentials.renew(place.credentials.read(), lambda _: right)
    assert crm.size() == 0


def test_what_was_carried_out_is_told_though_the_login_lapses(place: Place, people: People) -> None:
    """A login that is refused in the middle of a call: the first write has its receipt, the rest wait."""
    puts = 0

    def refuse(method: str, _path: str, _body: str) -> Said | None:
        nonlocal puts
        puts += method == "PUT"
        return Said(401, {}, "") if puts > 1 else None

    with behind(place, before=refuse) as (crm, _, _):
        first, second = crm.apply([new_contact(crm, "a"), new_contact(crm, "b")])
        assert isinstance(first, Receipt)
        assert isinstance(second, TryAgain)
        with pytest.raises(AuthLapsed):
            crm.apply([new_contact(crm, "b")])
    assert people.names() == [first.id]


# --- creating ----------------------------------------------------------------------------------------------


def test_two_connectors_make_one_card(place: Place, people: People) -> None:
    """However many processes send one write at once, there is one card, and each is told that one."""
    write = new_contact(place.crm())
    with ThreadPoolExecutor(6) as threads:
        receipts = list(threads.map(lambda _: receipt(place.crm(), write), range(6)))
    assert {one.id for one in receipts} == set(people.names()) == {cards.name_of(write.key)}


def test_a_repeated_create_overwrites_nothing(place: Place, people: People) -> None:
    """Sent again after a person has edited the card, a create leaves it as it is."""
    crm = place.crm()
    write = new_contact(crm)
    id = receipt(crm, write).id
    people.edit("contact", id, {"title": "CFO"})
    before = people.get(id)
    assert receipt(crm, write).id == id
    assert people.get(id) == before


def test_a_card_that_was_moved_is_ours(place: Place, people: People) -> None:
    """Somebody gave our card another name: written again it is found by its UID (no-uid-conflict)."""
    crm = place.crm()
    write = new_contact(crm)
    id = receipt(crm, write).id
    destination = {"Destination": f"{place.address}moved.vcf"}
    status, _, _ = people.request("MOVE", people.path(id), headers=destination)
    assert status in (201, 204)
    assert receipt(crm, write).id == "moved.vcf"
    assert crm.written([write.key])[write.key].id == "moved.vcf"
    assert people.names() == ["moved.vcf"]


def test_a_server_that_names_cards_itself(place: Place, people: People) -> None:
    """A server that keeps a new card under a name of its own tells no ETag; the card is found by its UID."""

    def rename(method: str, path: str, _body: str, said: Said) -> Said:
        if method == "PUT" and said.status == 201:
            people.request("MOVE", path, headers={"Destination": f"{place.address}own-name.vcf"})
        return without_etags_of_puts(method, path, "", said)

    with behind(place, after=rename) as (crm, _, _):
        write = new_contact(crm)
        assert receipt(crm, write).id == "own-name.vcf"
        assert set(crm.written([write.key, "0" * 32])) == {write.key}


def test_a_card_that_was_taken_and_is_not_there(place: Place) -> None:
    """A server that says that it took the card and has none: it is unclear, never a receipt."""

    def swallow(method: str, _path: str, _body: str) -> Said | None:
        return Said(201, {}, "") if method == "PUT" else None

    with behind(place, before=swallow) as (crm, _, _):
        (outcome,) = crm.apply([new_contact(crm)])
        assert isinstance(outcome, Unclear)


def test_who_may_only_look_is_told(radicale: Server) -> None:
    """Without permission to write, the write is parked with the server's words, and doctor says so."""
    owner = radicale.user("reader")
    place = Place(radicale, owner, f"{radicale.url}/{owner[0]}/contacts/")
    radicale.place(place.address).mkdir(parents=True)
    (radicale.place(place.address) / ".Radicale.props").write_text('{"tag": "VADDRESSBOOK"}')
    crm = place.crm()
    (outcome,) = crm.apply([new_contact(crm)])
    assert isinstance(outcome, Rejected)
    states = {one.about: one.state for one in crm.examine()}
    assert states["permission to create and change contacts"] == "error"


@pytest.mark.parametrize("condition", ["max-resource-size", "valid-address-data", "supported-address-data"])
def test_a_refused_card_is_parked_with_the_servers_words(place: Place, condition: str) -> None:
    """A condition that the card does not meet is named in what is shown."""

    def refuse(method: str, _path: str, _body: str) -> Said | None:
        body = f'<D:error xmlns:D="DAV:"><C:{condition} xmlns:C="urn:ietf:params:xml:ns:carddav"/></D:error>'
        return Said(403, {}, body) if method == "PUT" else None

    with behind(place, before=refuse) as (crm, _, _):
        (outcome,) = crm.apply([new_contact(crm)])
        assert isinstance(outcome, Rejected)
        assert condition in str(outcome)


@pytest.mark.parametrize("status", [408, 423, 425])
def test_a_locked_card_is_tried_again(place: Place, status: int) -> None:
    """What will pass by itself is no refusal for a person to look at."""

    def refuse(method: str, _path: str, _body: str) -> Said | None:
        return Said(status, {}, "") if method == "PUT" else None

    with behind(place, before=refuse) as (crm, _, _):
        assert isinstance(crm.apply([new_contact(crm)])[0], TryAgain)


def test_new_cards_are_of_the_version_the_server_takes(place: Place, people: People) -> None:
    """3.0 unless the server takes 4.0 alone."""
    crm = place.crm()
    assert "VERSION:3.0" in people.get(receipt(crm, new_contact(crm)).id)[0]
    with behind(place, after=only_vcard_4) as (crm, _, _):
        text = people.get(receipt(crm, new_contact(crm, "four", emails=())).id)[0]
    assert "VERSION:4.0" in text
    assert "UID:urn:uuid:" in text


# --- changing -----------------------------------------------------------------------------------------------


def test_a_persons_lines_survive_our_write(place: Place, people: People) -> None:
    """Everything on a person's card is still there, letter for letter, after we added a number."""
    crm = place.crm()
    id = people.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [JO], "title": "CFO"})
    before = people.get(id)[0].splitlines()
    receipt(crm, update(crm, id, phones=(JO_PHONE,)))
    after = people.get(id)[0].splitlines()
    assert [line for line in after if line not in before] == [f"TEL;TYPE=VOICE:{JO_PHONE}"]
    assert [line for line in before if line not in after] == []


def test_an_edit_between_read_and_write_is_not_lost(place: Place, people: People) -> None:
    """Somebody edits the card after we read it: ours is laid over theirs, and both are there."""
    id = people.add("contact", {"last_name": "Diaz", "emails": [JO]})
    edits = iter(["TITLE:CFO", "BDAY:1990-01-01"])

    def meddle(method: str, _path: str, _body: str) -> None:
        edit = next(edits, "") if method == "PUT" else ""
        if edit:
            people.change(id, [edit])

    with behind(place, before=meddle) as (crm, proxy, _):
        receipt(crm, update(crm, id, phones=(JO_PHONE,)))
        assert [method for method, _ in proxy.requests].count("PUT") == 3
    text = people.get(id)[0]
    for line in ("TITLE:CFO", "BDAY:1990-01-01", f"TEL;TYPE=VOICE:{JO_PHONE}", f"EMAIL:{JO}"):
        assert line in text


def test_who_never_comes_to_writing_waits(place: Place, people: People) -> None:
    """A card that somebody changes all the time is left for later; nothing of theirs is lost."""
    id = people.add("contact", {"last_name": "Diaz"})
    count = 0

    def meddle(method: str, _path: str, _body: str) -> None:
        nonlocal count
        if method == "PUT":
            count += 1
            people.change(id, [f"TEL:+1415555{count:04}"])

    with behind(place, before=meddle) as (crm, _, _):
        (outcome,) = crm.apply([update(crm, id, title="CFO")])
        assert isinstance(outcome, TryAgain)
    assert people.get(id)[0].count("TEL:") == count > 1


def test_threads_change_one_card(place: Place, people: People) -> None:
    """Two workers add numbers to one card at once, several times: all numbers are there."""
    id = people.add("contact", {"last_name": "Diaz"})
    numbers = [f"+14155550{n}" for n in range(100, 110)]
    start = threading.Barrier(2)

    def work(mine: list[str]) -> None:
        crm = place.crm()
        crm.size()
        start.wait()
        for number in mine:
            outcome: Any = None
            while not isinstance(outcome, Receipt):
                (outcome,) = crm.apply([update(crm, id, number, phones=(number,))])
                assert isinstance(outcome, Receipt | TryAgain)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, [numbers[:5], numbers[5:]]))
    (record,) = place.crm().read([id]).values()
    assert sorted(record.phones) == numbers


def test_nothing_new_is_not_written(place: Place, people: People) -> None:
    """An update that changes nothing sends nothing."""
    id = people.add("contact", {"last_name": "Diaz", "phones": ["(415) 555-0123"]})
    with behind(place) as (crm, proxy, _):
        receipt(crm, update(crm, id, phones=(JO_PHONE,)))
        assert not [method for method, _ in proxy.requests if method == "PUT"]


def test_a_card_without_an_etag_is_left_alone(place: Place, people: People) -> None:
    """Where the server names no ETag an edit could be lost, so the card is not changed."""
    id = people.add("contact", {"last_name": "Diaz"})

    def strip(_method: str, _path: str, _body: str, said: Said) -> Said:
        body = re.sub(r"<getetag>.*?</getetag>", "", said.body)
        return said._replace(body=body, headers={k: v for k, v in said.headers.items() if k != "ETag"})

    with behind(place, after=strip) as (crm, _, _):
        (outcome,) = crm.apply([update(crm, id, title="CFO")])
        assert isinstance(outcome, Rejected)
    assert "TITLE" not in people.get(id)[0]


IDS = ["", ".", "..", "../other/x.vcf", "a/b", "half \ud83d pair", "%2e%2e", "x" * 300]


@pytest.mark.parametrize("id", IDS, ids=range(len(IDS)))
def test_an_id_stays_in_its_address_book(place: Place, id: str) -> None:
    """Whatever an id is, it names a card of this address book or none."""
    with behind(place) as (crm, proxy, _):
        (outcome,) = crm.apply([update(crm, id, title="CFO")])
        assert isinstance(outcome, Rejected)
        crm.read([id])
        own = place.address.removeprefix(place.server.url)
        assert all(path == own or path.rpartition("/")[0] + "/" == own for _, path in proxy.requests)


# --- troubles -----------------------------------------------------------------------------------------------

AFTER: dict[Trouble, type] = {
    "refused_503": TryAgain, "failed_500": Unclear, "failed_after": Unclear, "cut": Unclear, "html": Unclear,
    "closed": Unclear,
}  # fmt: skip


@pytest.mark.parametrize("trouble", AFTER)
def test_a_trouble_at_a_new_card(place: Place, people: People, trouble: Trouble) -> None:
    """Whatever happens to the request, asking for the key or sending it again ends with one card."""
    with behind(place) as (crm, _, faults):
        assert crm.size() == 0
        write = new_contact(crm)
        faults.next(trouble, is_put)
        (outcome,) = crm.apply([write])
        assert isinstance(outcome, AFTER[trouble]), outcome
        happened = set(crm.written([write.key])) == {write.key}
        assert happened == (trouble in ("failed_after", "cut", "html"))
        assert receipt(crm, write).id == cards.name_of(write.key)
        assert faults.met == 1
    assert len(people.names()) == 1


@pytest.mark.parametrize("trouble", ["refused_503", "failed_500", "cut", "html", "closed"])
def test_a_trouble_at_looking_is_not_absent(place: Place, people: People, trouble: Trouble) -> None:
    """A look-up that fails is to be asked again, or unknown; never absent, nor a shorter list."""
    people.add("contact", {"last_name": "Diaz", "emails": [JO]})
    with behind(place) as (crm, _, faults):
        for ask in (
            lambda: crm.find([handle(JO)]),
            lambda: crm.changed_since(""),
            crm.size,
            lambda: crm.written(["a"]),
        ):
            assert crm.find([handle(JO)])[JO].status == "found"
            faults.next(trouble)
            with pytest.raises(TryAgain):
                ask()


def test_the_server_dies_and_comes_back(people: People, place: Place) -> None:
    """A server that is killed is unreachable for a while; then everything goes on, with the old cursor."""
    crm = place.crm()
    first = receipt(crm, new_contact(crm)).id
    _, _, cursor, _ = everything(crm)
    place.server.kill()
    try:
        (outcome,) = crm.apply([new_contact(crm, "two")])
        assert isinstance(outcome, TryAgain)
        with pytest.raises(TryAgain):
            crm.find([handle(JO)])
    finally:
        place.server.run()
    second = receipt(crm, new_contact(crm, "two")).id
    assert set(everything(crm, cursor)[0]) == {second}
    assert people.names() == sorted([first, second])


# --- searching --------------------------------------------------------------------------------------------


def test_a_search_that_finds_nothing_is_not_believed(place: Place, people: People) -> None:
    """A server whose search does not find a card that it has says nothing about who is absent."""
    people.add("contact", {"last_name": "Diaz", "emails": [JO], "phones": [JO_PHONE]})

    def blind(method: str, _path: str, body: str) -> Said | None:
        return Said(207, {}, '<multistatus xmlns="DAV:"/>') if is_query(method, body) else None

    with behind(place, before=blind) as (crm, _, _):
        found = crm.find([handle("kim@acme.example"), handle("+14155550177")])
        assert {one.status for one in found.values()} == {"unknown"}
        states = {one.about: one.state for one in crm.examine()}
        assert states["search"] == "error"


def test_a_search_by_number_alone_may_be_blind(place: Place, people: People) -> None:
    """Addresses are found and numbers are not: each is judged for itself."""
    people.add("contact", {"last_name": "Diaz", "emails": [JO], "phones": [JO_PHONE]})

    def blind(method: str, _path: str, body: str) -> Said | None:
        numbers = is_query(method, body) and 'name="TEL"' in body
        return Said(207, {}, '<multistatus xmlns="DAV:"/>') if numbers else None

    with behind(place, before=blind) as (crm, _, _):
        found = crm.find([handle("kim@acme.example"), handle("+14155550177")])
        assert found["kim@acme.example"].status == "absent"
        assert found["+14155550177"].status == "unknown"


@pytest.mark.parametrize("status", [400, 403, 415])
def test_a_refused_search_is_unknown(place: Place, people: People, status: int) -> None:
    """A server that refuses the query leaves everything unknown."""
    people.add("contact", {"last_name": "Diaz", "emails": [JO]})

    def refuse(method: str, _path: str, body: str) -> Said | None:
        return Said(status, {}, "no") if is_query(method, body) else None

    with behind(place, before=refuse) as (crm, _, _):
        assert crm.find([handle(JO)])[JO].status == "unknown"


def test_a_cut_answer_is_asked_for_in_parts(place: Place, people: People) -> None:
    """A server that gives at most one card and says so (507) is asked handle by handle; what is cut still is
    unknown."""
    people.add("contact", {"last_name": "A", "emails": ["a@acme.example"]})
    people.add("contact", {"last_name": "B", "emails": ["b@acme.example", "both@acme.example"]})
    people.add("contact", {"last_name": "C", "emails": ["both@acme.example"]})

    def cut(method: str, path: str, body: str, said: Said) -> Said:
        responses = re.findall(r"<response>.*?</response>", said.body, re.DOTALL)
        if not is_query(method, body) or len(responses) < 2:
            return said
        own = f"<response><href>{path}</href><status>HTTP/1.1 507 Insufficient Storage</status></response>"
        return said._replace(body=said.body.replace(responses[1], own).replace("".join(responses[2:]), ""))

    with behind(place, after=cut) as (crm, _, _):
        names = ("a", "b", "both", "nobody")
        found = crm.find([handle(f"{name}@acme.example") for name in names])
        statuses = {key.partition("@")[0]: one.status for key, one in found.items()}
        assert statuses == {"a": "found", "b": "found", "both": "unknown", "nobody": "absent"}


def test_a_search_that_names_cards_without_giving_them(place: Place, people: People) -> None:
    """Cards that come without their data are fetched."""
    id = people.add("contact", {"last_name": "Diaz", "emails": [JO]})

    def bare(method: str, _path: str, body: str, said: Said) -> Said:
        if not is_query(method, body):
            return said
        return said._replace(
            body=re.sub(r"<CR:address-data>.*?</CR:address-data>", "", said.body, flags=re.DOTALL)
        )

    with behind(place, after=bare) as (crm, _, _):
        assert [one.id for one in crm.find([handle(JO)])[JO].records] == [id]


@pytest.mark.parametrize(
    "written",
    ["415 555 0123", "415-555-01-23", "4155550123", "+1 (415) 555-0123", "415/5550123",
     "tel:+1-415-555-0123;ext=5",
     "415.555.01.23", "0123 is the end of 415-555-0123", "4 1 5 5 5 5 0 1 23"],
)  # fmt: skip
def test_a_number_is_found_in_other_writings(place: Place, people: People, written: str) -> None:
    """Groupings that no formatter makes are found live too."""
    id = people.add("contact", {"last_name": "Diaz", "phones": [written]})
    crm = place.crm()
    assert [one.id for one in crm.find([handle(JO_PHONE)])[JO_PHONE].records] == [id]


def test_an_address_in_other_letters_is_found(place: Place, people: People) -> None:
    """A domain in its own letters, or as DNS writes it, is one: either way the card is found."""
    ids = [
        people.add("contact", {"last_name": "A", "emails": ["jo@bücher.example"]}),
        people.add("contact", {"last_name": "B", "emails": ["jo+x@xn--bcher-kva.example"]}),
    ]
    asked = handle("jo@bücher.example")
    assert {one.id for one in place.crm().find([asked])[asked.key].records} == set(ids)


def test_another_number_with_the_same_end_is_not_found(place: Place, people: People) -> None:
    """What the server's search returns is compared: the same last digits are not the same number."""
    people.add(
        "contact", {"last_name": "Roe", "phones": ["+1 212 555 0123"], "emails": ["dojo@acme.example"]}
    )
    found = place.crm().find([handle(JO_PHONE), handle(JO)])
    assert {one.status for one in found.values()} == {"absent"}


def test_a_card_that_an_answer_leaves_out_is_asked_for(place: Place, people: People) -> None:
    """A multiget that says nothing of a card, or gives it without its data, does not make it gone."""
    ids = [people.add("contact", {"last_name": f"P{n}"}) for n in range(3)]

    def leave_out(method: str, _path: str, body: str, said: Said) -> Said:
        if method != "REPORT" or "addressbook-multiget" not in body:
            return said
        first, second = re.findall(r"<response>.*?</response>", said.body, re.DOTALL)[:2]
        bare = re.sub(r"<CR:address-data>.*?</CR:address-data>", "", second, flags=re.DOTALL)
        return said._replace(body=said.body.replace(first, "").replace(second, bare))

    with behind(place, after=leave_out) as (crm, _, _):
        assert all(isinstance(record, Record) for record in crm.read(ids).values())
        assert set(everything(crm)[0]) == set(ids)


# --- following --------------------------------------------------------------------------------------------


def test_a_forgotten_token_begins_anew(place: Place, people: People) -> None:
    """A token that the server does not know any more: everything is told again, and the page says so."""
    crm = place.crm()
    kept = people.add("contact", {"last_name": "Kept"})
    gone = people.add("contact", {"last_name": "Gone"})
    _, _, cursor, restarts = everything(crm)
    assert not any(restarts)
    people.delete("contact", gone)
    new = people.add("contact", {"last_name": "New"})
    shutil.rmtree(place.server.place(place.address) / ".Radicale.cache" / "sync-token")
    records, told, after, restarts = everything(crm, cursor)
    assert set(records) == {kept, new}
    assert restarts == [True]
    assert everything(crm, after) == ({}, [], after, [False])
    assert gone not in records
    assert told in ([], [gone])


def test_a_foreign_cursor_begins_anew(place: Place, people: People) -> None:
    """A cursor of another kind of feed, or none of ours at all, is no error: everything is told again."""
    id = people.add("contact", {"last_name": "Diaz"})
    with behind(place, before=without_sync) as (crm, _, _):
        records, _, compared, _ = everything(crm)
        assert set(records) == {id}
        synced = everything(place.crm())[2]
        assert everything(crm, synced)[3] == [True]
    for cursor in (compared, "rubbish", '{"token": 5}'):
        records, _, _, restarts = everything(place.crm(), cursor)
        assert set(records) == {id}
        assert restarts == [True]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAGE", 3)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("hooks", [{}, {"before": without_sync}], ids=["sync", "etags"])
def test_a_reading_goes_on_in_another_process(place: Place, people: People, hooks: dict[str, Any]) -> None:
    """Killed between pages, with cards added, changed and deleted meanwhile, it leaves out nothing."""
    ids = [people.add("contact", {"last_name": f"P{n}"}) for n in range(8)]
    with behind(place, **hooks) as (crm, proxy, _):
        known: dict[str, str] = {}
        cursor, more, step = "", True, 0
        while more:
            crm = KIND.open(place.opening(place.address.replace(place.server.url, f"http://{_host(crm)}")))
            page = crm.changed_since(cursor)
            known.update((record.id, record.title) for record in page.records)
            for id in page.gone:
                known.pop(id, None)
            if step == 0:
                assert page.total == 8
                people.edit("contact", sorted(ids)[0], {"title": "early"})
                people.edit("contact", sorted(ids)[-1], {"title": "late"})
                people.delete("contact", sorted(ids)[1])
                ids.append(people.add("contact", {"last_name": "New"}))
            cursor, more, step = page.cursor, page.more, step + 1
        records, gone, _, _ = everything(crm, cursor)
        known.update((record.id, record.title) for record in records.values())
        known = {id: title for id, title in known.items() if id not in gone}
    assert sorted(known) == people.names()
    assert {title for title in known.values() if title} == {"early", "late"}
    assert step > 2
    assert proxy.requests


def _host(crm: Any) -> str:
    return crm._dav.address.split("/")[2]


def test_a_server_that_gives_changes_in_pages(place: Place, people: People) -> None:
    """Answers that are cut with 507 are gone on with from the token that they name (RFC 6578 §3.6)."""
    ids = {people.add("contact", {"last_name": f"P{n}"}) for n in range(5)}

    def pages(method: str, path: str, body: str, said: Said) -> Said:
        """Two members in each answer; the token counts those that were given."""
        if method != "REPORT" or "sync-collection" not in body:
            return said
        given = int((re.search(r"page:(\d+)<", body) or (0, "0"))[1])
        responses = sorted(re.findall(r"<response>.*?</response>", said.body, re.DOTALL))
        shown = responses[given : given + 2]
        token = "page:" + str(given + len(shown))
        if given + len(shown) < len(responses):
            shown.append(
                f"<response><href>{path}</href><status>HTTP/1.1 507 Insufficient Storage</status></response>"
            )
        body = f'<multistatus xmlns="DAV:">{"".join(shown)}<sync-token>{token}</sync-token></multistatus>'
        return Said(207, {}, body)

    def untoken(method: str, path: str, body: str) -> Said | None:
        if "page:" not in body:
            return None
        status, headers, text = people.request(method, path, re.sub(r"page:\d+", "", body), {"Depth": "0"})
        return pages(method, path, body, Said(status, dict(headers), text))

    with behind(place, before=untoken, after=pages) as (crm, _, _):
        records, gone, cursor, restarts = everything(crm)
        assert set(records) == ids
        assert gone == []
        assert len(restarts) == 3
        assert not crm.changed_since(cursor).more


def test_a_card_that_goes_between_listing_and_fetching(place: Place, people: People) -> None:
    """A card that is deleted after it was listed is gone, and no error."""
    kept = people.add("contact", {"last_name": "Kept"})
    gone = people.add("contact", {"last_name": "Gone"})

    def delete(_method: str, _path: str, body: str) -> None:
        if "multiget" in body and gone in people.names():
            people.delete("contact", gone)

    with behind(place, before=delete) as (crm, _, _):
        records, told, cursor, _ = everything(crm)
        assert (set(records), told) == ({kept}, [gone])
        assert everything(crm, cursor)[1] in ([], [gone])


def test_a_list_of_cards_is_no_contact(place: Place, people: People) -> None:
    """A group is in no page, and read as gone."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", "UID:G", "FN:Friends", "N:Friends;;;;"]
    people.put("g.vcf", "\r\n".join([*lines, "X-ADDRESSBOOKSERVER-KIND:group", "END:VCARD", ""]))
    crm = place.crm()
    assert everything(crm)[0] == {}
    (outcome,) = crm.apply([update(crm, "g.vcf", title="CFO")])
    assert isinstance(outcome, Rejected)


def test_a_control_character_in_a_card_hides_no_other(place: Place, people: People) -> None:
    """A card with a character that XML cannot hold does not make the whole answer unreadable."""
    good = people.add("contact", {"last_name": "Good", "emails": [JO]})
    bad = people.add("contact", {"last_name": "Bad", "emails": ["kim@acme.example"]})

    def spoil(_method: str, _path: str, _body: str, said: Said) -> Said:
        return said._replace(body=said.body.replace("FN:Bad", "FN:B\x01ad"))

    with behind(place, after=spoil) as (crm, _, _):
        records = everything(crm)[0]
        assert set(records) == {good, bad}
        assert crm.find([handle(JO)])[JO].status == "found"


# --- examining, economy ------------------------------------------------------------------------------------


def test_doctor_says_what_is_there(place: Place, people: People) -> None:
    """On a server where all is well every diagnosis is so; the clock is compared with the server's."""
    people.add("contact", {"last_name": "Diaz", "emails": [JO], "phones": [JO_PHONE]})
    before = people.dump()
    told = {one.about: one for one in place.crm().examine()}
    clock = told.pop("clock")
    assert {one.state for one in told.values()} == {"ok"}
    assert set(told) == {
        "address book", "encryption", "permission to create and change contacts", "vCard versions", "changes",
        "search", "log",
    }  # fmt: skip
    assert clock.state == "warning"  # the test's clock stands in March
    assert "seconds behind" in clock.sentence
    assert people.dump() == before


def test_doctor_names_an_address_book_that_is_not_there(place: Place) -> None:
    """A wrong name is an error with the names there are, and a remedy."""
    (told,) = place.crm(place.server.url, address_book="Nobody").examine()
    assert told.state == "error"
    assert "'Contacts'" in told.sentence
    assert told.remedy


def test_doctor_tells_of_a_server_that_does_not_tell_changes(place: Place) -> None:
    """Without sync-collection it works with less, and says so."""

    def hide(_method: str, _path: str, _body: str, said: Said) -> Said:
        return said._replace(body=said.body.replace("<sync-collection />", "<expand-property />"))

    with behind(place, after=hide) as (crm, _, _):
        assert {one.about: one.state for one in crm.examine()}["changes"] == "warning"


def test_an_unknown_caller_costs_two_requests(place: Place, people: People) -> None:
    """Once the connection is warm: one look, one card; forty handles in one look."""
    people.add("contact", {"last_name": "Diaz", "emails": [JO], "phones": [JO_PHONE]})
    with behind(place) as (crm, proxy, _):
        crm.find([handle(JO), handle(JO_PHONE)])
        proxy.requests.clear()
        new = handle("+14155550177")
        assert crm.find([new])[new.key].status == "absent"
        receipt(crm, new_contact(crm, phones=(new.key,), emails=()))
        assert [method for method, _ in proxy.requests] == ["REPORT", "PUT"]
        proxy.requests.clear()
        crm.find([handle(f"+1415555{n:04}") for n in range(1000, 1080)])
        assert len(proxy.requests) == 2
