"""Patterns of `blocked` and `allowed` (SPEC §3)."""

from __future__ import annotations

import pytest

from firstcontact.interactions.handles import read_email, read_phone
from firstcontact.interactions.model import Handle
from firstcontact.policy.patterns import compile_patterns


def mail(text: str) -> Handle:
    handle = read_email(text)
    assert handle is not None
    return handle


def phone(text: str, region: str = "US") -> Handle:
    handle = read_phone(text, region)
    assert handle is not None
    return handle


@pytest.mark.parametrize("entry", ["acme.example", "@acme.example", "*@acme.example", "ACME.example"])
def test_a_domain_entry_is_exactly_that_domain(entry: str) -> None:
    """Naming a domain covers its addresses, and neither a longer name nor a host under it."""
    patterns = compile_patterns((entry,), "US")
    assert patterns.matches_handle(mail("Jo+x@Acme.example")) == entry
    assert patterns.matches_handle(mail("jo@notacme.example")) == ""
    assert patterns.matches_handle(mail("jo@mail.acme.example")) == ""
    assert patterns.matches_handle(mail("jo@acme.example.evil.example")) == ""


@pytest.mark.parametrize("entry", ["*.acme.example", "@*.acme.example", "*@*.acme.example"])
def test_a_starred_domain_covers_itself_and_what_is_under_it(entry: str) -> None:
    """`*.acme.example` covers the domain and its subdomains, never a name that merely ends so."""
    patterns = compile_patterns((entry,), "US")
    assert patterns.matches_handle(mail("jo@acme.example")) == entry
    assert patterns.matches_handle(mail("jo@a.b.acme.example")) == entry
    assert patterns.matches_handle(mail("jo@notacme.example")) == ""


def test_a_top_level_domain() -> None:
    """`*.gov` covers every host under gov."""
    patterns = compile_patterns(("*.gov",), "US")
    assert patterns.matches_handle(mail("jo@state.gov")) == "*.gov"
    assert patterns.matches_handle(mail("jo@gov.example")) == ""


def test_an_international_domain_is_compared_in_its_ascii_form() -> None:
    """A domain written with letters of another script meets addresses written either way."""
    patterns = compile_patterns(("bücher.example",), "US")
    assert patterns.matches_handle(mail("jo@xn--bcher-kva.example")) == "bücher.example"


def test_an_address_ignores_tag_and_case() -> None:
    """An address entry covers that address alone, whatever its `+tag` and letter case."""
    patterns = compile_patterns(("Jo+sales@Acme.example",), "US")
    assert patterns.matches_handle(mail("jo+other@acme.example"))
    assert not patterns.matches_handle(mail("joe@acme.example"))


@pytest.mark.parametrize("entry", ["jo*@acme.example", "*bot@*", "j?bot@acme.*"])
def test_globs_in_an_address(entry: str) -> None:
    """`*` and `?` inside an address are wild."""
    patterns = compile_patterns((entry,), "US")
    assert patterns.matches_handle(mail("jobot@acme.example")) == entry
    assert patterns.matches_handle(mail("kim@acme.example")) == ""


@pytest.mark.parametrize("entry", ["+14155550123", "(415) 555-0123", "1 415 555 0123", "+1-415-555-0123"])
def test_a_number_in_any_format(entry: str) -> None:
    """A number entry is read like every number: in the team's region, in any format."""
    patterns = compile_patterns((entry,), "US")
    assert patterns.matches_handle(phone("415.555.0123")) == entry
    assert patterns.matches_handle(phone("415.555.0124")) == ""


@pytest.mark.parametrize(
    ("entry", "region", "number"),
    [
        ("+1415555*", "GB", "+14155550123"),
        ("1 415*", "US", "+14155550123"),
        ("(415)*", "US", "+14155550123"),
        ("011 44 20*", "US", "+442079460123"),
        ("020 7946*", "GB", "+442079460123"),
        ("0044*", "GB", "+442079460123"),
    ],
)
def test_a_prefix_is_read_in_the_region(entry: str, region: str, number: str) -> None:
    """A prefix covers the numbers that start so, with the country code or as dialled in the region."""
    patterns = compile_patterns((entry,), region)
    assert patterns.matches_handle(phone(number)) == entry
    assert patterns.matches_handle(phone("+12125550123")) == ""


def test_subjects() -> None:
    """A `subject:` entry is a glob over the whole subject in any case; brackets in it are plain text."""
    patterns = compile_patterns(("subject:[ext] *", "acme.example"), "US")
    assert patterns.matches_subject("[EXT] Offer") == "subject:[ext] *"
    assert patterns.matches_subject("e Offer") == ""
    assert patterns.matches_subject("acme.example") == ""


@pytest.mark.parametrize(
    "entry", ["", "gov", "info@", "12345", "subject:", "a b", "jo@@acme.example", "acme..example"]
)
def test_what_cannot_be_read_is_told(entry: str) -> None:
    """An entry that says nothing is set aside with a sentence, and matches nothing."""
    patterns = compile_patterns((entry,), "US")
    [(named, sentence)] = patterns.unreadable
    assert named == entry
    assert len(sentence) > 20
    assert patterns.matches_handle(mail("info@state.gov")) == ""


def test_the_most_specific_form_is_named() -> None:
    """Where several entries match, the trace names the most specific one."""
    patterns = compile_patterns(("*.example", "acme.example", "jo@acme.example"), "US")
    assert patterns.matches_handle(mail("jo@acme.example")) == "jo@acme.example"
    assert patterns.matches_handle(mail("al@acme.example")) == "acme.example"
    assert patterns.matches_handle(mail("al@other.example")) == "*.example"


def test_a_prefix_meets_both_spellings_of_a_mobile_number() -> None:
    """Where keys fold a regional digit away, a prefix covers the number as written and as compared."""
    argentine = phone("+54 9 11 5550 0123", "AR")
    assert argentine.key != argentine.value
    for entry in (f"{argentine.value[:5]}*", f"{argentine.key[:5]}*"):
        assert compile_patterns((entry,), "US").matches_handle(argentine) == entry
