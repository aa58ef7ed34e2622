"""Filters, patterns and errors, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from firstcontact.connectors.contract import Rejected, TryAgain
from firstcontact.connectors.dynamics import odata, patterns
from firstcontact.connectors.dynamics.faults import DUPLICATE, Fault, outcome, read_fault
from firstcontact.connectors.dynamics.shapes import Column, Environment, Table
from firstcontact.testing.conformance.making import JO, JO_PHONE


def table(name: str = "contact") -> Table:
    """A table with two columns of numbers and one of addresses."""
    columns = [Column(name=one, form="Phone") for one in ("telephone1", "mobilephone")]
    columns.append(Column(name="emailaddress1", form="Email"))
    return Table(name=name, columns={one.name: one for one in columns})


def environment(**told: Any) -> Environment:
    return Environment(me="", tables={}, **told)


# --- addresses ------------------------------------------------------------------------------------------


def test_a_value_stays_a_value() -> None:
    """Quotes are doubled, wildcards of an address mean themselves, and nothing leaves the filter."""
    assert odata.contains("name", "O'Neil") == "contains(name,'O''Neil')"
    assert odata.literally("50%_[x]") == "50[%][_][[]x]"
    path = odata.select("contacts", ["contactid"], "a eq 'x&$top=1 #+'")
    assert path == "contacts?$select=contactid&$filter=a%20eq%20'x%26%24top=1%20%23%2B'"
    assert unquote(path.partition("$filter=")[2]) == "a eq 'x&$top=1 #+'"


def test_a_key_is_an_id() -> None:
    """A write key has as many digits as an id, so that a note can be made once without a key column."""
    assert odata.guid_from("0123456789abcdef0123456789abcdef") == "01234567-89ab-cdef-0123-456789abcdef"
    assert odata.guid("{01234567-89AB-CDEF-0123-456789ABCDEF}") == "01234567-89ab-cdef-0123-456789abcdef"
    assert odata.guid("999999999") == ""


def test_filters_are_cut_into_portions() -> None:
    """No filter has more comparisons, or is longer, than Dataverse takes; every condition is in one."""
    conditions = [(f"contains(telephone1,'{n}')", 30) for n in range(50)]
    parts = odata.portions(conditions)
    assert [end for _, end in parts[:-1]] == [begin for begin, _ in parts[1:]]
    assert (parts[0][0], parts[-1][1]) == (0, 50)
    assert all((end - begin) * 30 <= odata.CONDITIONS for begin, end in parts)
    assert len(odata.portions([("x" * 20_000, 1)] * 3)) == 3
    assert odata.portions([]) == []


# --- patterns -------------------------------------------------------------------------------------------


def test_a_number_is_asked_for_by_its_digits() -> None:
    """The digits in their order, whatever stands between them, in every column of numbers."""
    text, count = patterns.phone(JO_PHONE, table(), environment())
    pattern = "4%1%5%5%5%5%0%1%2%3"
    assert text == f"(contains(telephone1,'{pattern}') or contains(mobilephone,'{pattern}'))"
    assert count == 2


def test_without_wildcards_groups_of_the_last_digits_are_asked_for() -> None:
    """As they are written in North America and in Europe."""
    text, count = patterns.phone(JO_PHONE, table(), environment(wildcards=False))
    for group in ("0123", "01 23", "01-23", "01.23", "0 123"):
        assert f"contains(telephone1,'{group}')" in text
    assert count == text.count("contains(")
    assert "%" not in text


def test_an_address_is_asked_for_with_and_without_a_tag() -> None:
    """One condition where a firm's people have it; of everybody's mailboxes the tag by its plus sign."""
    assert patterns.email(JO, table(), environment()) == ("startswith(emailaddress1,'jo%@acme.example')", 1)
    text, count = patterns.email("jo_x@gmail.com", table(), environment())
    assert "startswith(emailaddress1,'jo[_]x@gmail.com')" in text
    assert "startswith(emailaddress1,'jo[_]x+%@gmail.com')" in text
    assert count == 2
    text, count = patterns.email(JO, table(), environment(wildcards=False))
    assert "contains(emailaddress1,'jo@acme.example')" in text
    assert "(contains(emailaddress1,'jo+') and contains(emailaddress1,'@acme.example'))" in text
    assert count == 3


def test_both_cases_are_asked_for_where_they_differ() -> None:
    """A filter that tells upper from lower case is given both; without patterns nobody is certain."""
    text, _ = patterns.email("jo@x.example", table(), environment(sensitive=True))
    assert text.startswith("startswith(emailaddress1,'[jJ][oO]%@[xX].[eE]")
    assert patterns.certain(environment(sensitive=True))
    assert not patterns.certain(environment(sensitive=True, wildcards=False))


def test_a_domain_in_other_letters_is_asked_for_in_both_writings() -> None:
    """People write it as they read it."""
    text, _ = patterns.email("jo@xn--mller-kva.example", table(), environment())
    assert "jo%@xn--mller-kva.example" in text
    assert "jo%@müller.example" in text


# --- errors ---------------------------------------------------------------------------------------------


def error(code: str, message: str = "x") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("status", "code", "what"),
    [
        (429, "0x80072322", TryAgain),
        (429, "0x80072321", TryAgain),
        (503, "", TryAgain),
        (500, "0x80040216", TryAgain),
        (412, "0x80060882", TryAgain),
        (400, "0x80048d19", Rejected),
        (403, "0x80040220", Rejected),
        (500, DUPLICATE, Rejected),
        (412, DUPLICATE, Rejected),
    ],
)
def test_an_error_is_known_by_its_code(status: int, code: str, what: type) -> None:
    """A limit and a trouble of theirs are tried again, what they refuse is parked with their words."""
    assert isinstance(outcome(read_fault(status, error(code))), what)


def test_a_key_that_is_taken() -> None:
    """412 with the code of published clients, and without one as documents show; a stale etag is another."""
    assert read_fault(412, error("0x80040237")).taken
    assert read_fault(412, error("")).taken
    assert read_fault(412, error("0x80060892")).taken
    assert not read_fault(412, error("0x80060882")).taken
    assert not read_fault(412, error(DUPLICATE)).taken


def test_a_column_that_is_not_there_is_stale() -> None:
    """The organisation has changed since it was asked for its columns."""
    said = "Could not find a property named 'fc_x' on type 'Microsoft.Dynamics.CRM.contact'."
    assert Fault(400, "0x80060888", said).stale
    assert not Fault(400, "0x80060888", "Something else.").stale
    assert outcome(Fault(400, "", said)).fields == ("fc_x",)  # type: ignore[union-attr]


def test_documented_errors_are_read(shared: Path) -> None:
    """Errors handed to us, made after documents: a duplicate with each status, and a limit."""
    given = json.loads((shared / "fixtures" / "dataverse_errors_SYNTHETIC.json").read_text())
    for status in given["duplicate"]["status"]:
        fault = read_fault(status, given["duplicate"]["response"])
        assert (fault.code, fault.taken) == (DUPLICATE, False)
    limited = given["throttled"]
    wait = float(limited["headers"]["Retry-After"])
    found = outcome(read_fault(limited["status"], limited["response"]), wait)
    assert isinstance(found, TryAgain)
    assert found.after == wait
