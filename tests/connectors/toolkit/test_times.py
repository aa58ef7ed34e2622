"""Times as vendors write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.connectors.toolkit.times import iso, iso_millis, iso_seconds, micros


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-02", 86_400_000_000),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T01:00:01.5+01:00", 1_500_000),
        ("1970-01-01T00:00:01.000+0000", 1_000_000),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("", 0),
        ("yesterday", 0),
        (None, 0),
        (3, 0),
    ],
)
def test_a_time_is_read(text: object, at: int) -> None:
    """Days, times with and without zones, and what is no time."""
    assert micros(text) == at


@given(at=st.integers(-(10**15), 4 * 10**15), offset=st.sampled_from(["Z", "+00:00"]))
def test_what_is_written_is_read_back(at: int, offset: str) -> None:
    """Every microsecond survives; whole seconds are cut off, never rounded up."""
    assert micros(iso(at, offset)) == at
    assert micros(iso_seconds(at, offset)) == at - at % 1_000_000
    assert micros(iso_millis(at)) == at - at % 1_000
    assert len(iso_millis(at)) == 24
