"""Duplicates: which two records are one person's, and by what (SPEC §9)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.identity.duplicates import AGAINST, EVIDENCE, alike, in_words
from firstcontact.identity.records import Record

JO = "jo@acme.example"
PHONE = "+1 415 555 0123"


def record(
    name: str = "", *, email: str = JO, phone: str = "", account: str = "", id: str = "c1", **more: Any
) -> Record:
    """A contact by `First|Last`."""
    first, _, last = name.partition("|")
    emails, phones = ((email,) if email else ()), ((phone,) if phone else ())
    return Record(
        type="contact",
        id=id,
        name=f"{first} {last}".strip(),
        first_name=first,
        last_name=last,
        emails=emails,
        phones=phones,
        handles=read_fields(emails, phones, "US")[0],
        account=account,
        **more,
    )


@pytest.mark.parametrize(
    ("one", "other"), [("Jo|Diaz", "Joe|Diaz"), ("Ann|Ro", "Ann|Roe"), ("Zo|Moss", "Zoe|Moss")]
)
def test_an_e_that_ends_a_word_is_no_umlaut(one: str, other: str) -> None:
    """Jo and Joe of one family behind one number are two people."""
    first = record(one, email="", phone=PHONE, account="a1")
    second = record(other, email="", phone=PHONE, account="a1", id="c2")
    assert not alike(first, second).duplicates


@pytest.mark.parametrize(
    ("one", "other", "evidence"),
    [
        ("Jo|Diaz", "JO|DÍAZ", "names_equal"),
        ("Jo|Diaz", "Diaz|Jo", "names_equal"),
        ("Jürgen|Müller", "Juergen|Mueller", "names_equal"),
        ("J.|Diaz", "Jo|Diaz", "name_short"),
        ("Bob|Moss", "Robert|Moss", "name_short"),
        ("Steph|Moss", "Stephanie|Moss", "name_short"),
        ("Ana|García", "Ana|García Márquez", "name_short"),
        ("Jo|", "Jo|Diaz", "name_part"),
        ("|Diaz", "Jo|Diaz", "name_part"),
        ("Jonatahn|Moss", "Jonathan|Moss", "name_slip"),
        ("Jonathan|Mosss", "Jonathan|Moss", "name_slip"),
        ("", "Jo|Diaz", "placeholder"),
    ],
)
def test_compatible_names_on_one_address(one: str, other: str, evidence: str) -> None:
    """Who shares an address and has a compatible name is one person, whichever comes first, and the evidence
    says which way the names agree."""
    for first, second in ((one, other), (other, one)):
        found = alike(record(first), record(second, id="c2"))
        assert found.duplicates, found
        assert found.evidence == ("same_email", evidence)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jon|Diaz", "Joan|Diaz"),
        ("Paul|Moss", "Pauline|Moss"),
        ("Paul|Moss", "Paula|Moss"),
        ("Martin|Moss", "Martina|Moss"),
        ("John A.|Moss", "John B.|Moss"),
        ("Mary Jane|Moss", "Mary Ann|Moss"),
        ("John|Moss Jr.", "John|Moss Sr."),
        ("John|Moss III", "John|Moss"),
        ("Jo|", "|Diaz"),
        ("Jo|Diaz", "Kim|Lee"),
        ("Jo|Diaz", "Jo|Smith"),
    ],
)
def test_names_of_two_people_on_one_address(one: str, other: str) -> None:
    """A family that reads one address is several people: names that both exist are never a slip, and what is
    not said agrees with nothing."""
    for first, second in ((one, other), (other, one)):
        found = alike(record(first), record(second, id="c2"))
        assert not found.duplicates, found


def test_a_role_address_counts_nothing() -> None:
    """Whoever answers for a role shares its address with others."""
    found = alike(
        record("Jo|Diaz", email="billing@acme.example"), record("Jo|Diaz", email="billing@acme.example")
    )
    assert not found.duplicates
    assert not found.suggested
    assert found.against == ("role_address",)


def test_a_placeholder_is_who_has_the_address() -> None:
    """A contact that was made without a real name is whoever else has its address, whatever it is called."""
    found = alike(record("Unknown|Caller", placeholder=True), record("Kim|Lee", id="c2"))
    assert found.evidence == ("same_email", "placeholder")
    assert found.duplicates


def on_phone(name: str, account: str = "a1", **more: Any) -> Record:
    return record(name, email="", phone=PHONE, account=account, **more)


@pytest.mark.parametrize("filler", ["[not provided]", "Unknown", "n/a", "-"])
def test_a_last_name_that_says_it_is_empty_is_empty(filler: str) -> None:
    """What a CRM that insists on a last name is given instead of one makes nobody one person."""
    assert not alike(on_phone(f"Jo|{filler}"), on_phone(f"Jo|{filler}")).duplicates
    by_mail = alike(record(f"Jo|{filler}"), record("Jo|Diaz", id="c2"))
    assert by_mail.duplicates
    assert "name_part" in by_mail.evidence


def test_a_phone_a_last_name_and_an_account() -> None:
    """All three together make one person, unless the given names are two people's."""
    assert alike(on_phone("Jo|Diaz"), on_phone("Jo|Diaz")).duplicates
    assert alike(on_phone("J|Diaz"), on_phone("Jo|Diaz")).duplicates
    assert alike(on_phone("|Diaz"), on_phone("Jo|Diaz")).duplicates
    family = alike(on_phone("Jo|Diaz"), on_phone("Kim|Diaz"))
    assert not family.duplicates
    assert family.against == ("given_names_differ",)


def test_empty_is_never_equal() -> None:
    """Without an account, a last name or a number on both sides there is nothing that they share."""
    assert not alike(on_phone("Jo|Diaz", account=""), on_phone("Jo|Diaz", account="")).duplicates
    assert not alike(on_phone("Jo|"), on_phone("Jo|")).duplicates
    assert not alike(record("Jo|Diaz", email=""), record("Jo|Diaz", email="")).duplicates
    unnamed = on_phone("Unknown|Caller", placeholder=True)
    assert not alike(unnamed, unnamed).duplicates
    assert not alike(unnamed, unnamed).suggested


def test_two_desks_behind_one_number() -> None:
    """Numbers with different extensions are two numbers."""
    one = record("Jo|Diaz", email="", phone=f"{PHONE} ext. 12", account="a1")
    other = record("Jo|Diaz", email="", phone=f"{PHONE} ext. 13", account="a1")
    assert not alike(one, other).duplicates


def test_what_is_weaker_is_suggested() -> None:
    """The same number and name without an account, and the same address with a name that is alike, are for a
    person to look at; each says what is missing."""
    number = alike(on_phone("Jo|Diaz", account=""), on_phone("Jo|Diaz", account="a1"))
    assert number.suggested
    assert number.against == ("no_account",)
    spelling = alike(record("Jhonatan|Mooss"), record("Jonathan|Moss"))
    assert spelling.suggested or spelling.duplicates
    assert not alike(record("Jo|Diaz"), record("Kim|Lee")).suggested


NAMES = st.sampled_from(
    [
        "Jo",
        "Jonathan",
        "Jonatahn",
        "Martin",
        "Martina",
        "Moss",
        "Mosss",
        "Diaz",
        "Daiz",
        "J",
        "",
        "O'Neil",
        "Ö",
    ]
)


@settings(max_examples=300, deadline=None)
@given(NAMES, NAMES, NAMES, NAMES)
def test_whichever_comes_first(first: str, last: str, other_first: str, other_last: str) -> None:
    """Two records are as alike as the same two the other way round."""
    one, other = record(f"{first}|{last}"), record(f"{other_first}|{other_last}", id="c2")
    assert alike(one, other) == alike(other, one)


def test_every_name_has_words() -> None:
    """Whatever is said for or against two records is a sentence that a person reads."""
    found = alike(on_phone("Jo|Diaz", account=""), on_phone("Jo|Diaz"))
    said, missing = in_words(found)
    assert "+14155550123" in said
    assert missing == AGAINST["no_account"]
    assert not EVIDENCE.keys() & AGAINST.keys()
