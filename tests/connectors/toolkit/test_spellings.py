"""What a country's numbering plan tells of a number."""

from __future__ import annotations

import pytest

from firstcontact.connectors.toolkit.spellings import line
from firstcontact.interactions.handles import read_email_field, read_phone


@pytest.mark.parametrize(
    ("number", "expected"),
    [("+61491570156", "mobile"), ("+61255500123", "landline"), ("+14155550123", "")],
)
def test_mobile_or_landline(number: str, expected: str) -> None:
    """Australian numbers (kept there for examples) tell mobile and landline apart, American ones don't."""
    handle = read_phone(number, "US")
    assert handle is not None
    assert line(handle) == expected


def test_an_address_is_no_line() -> None:
    """An e-mail address has no kind of line."""
    assert line(read_email_field("jo@acme.example").handles[0]) == ""
