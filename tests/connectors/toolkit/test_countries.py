"""Countries of addresses, by code and by name."""

from __future__ import annotations

import pytest

from firstcontact.connectors.toolkit.countries import _NAMES, country_name, region_named


@pytest.mark.parametrize("region", sorted({*_NAMES, "LU", "JM"}))
def test_a_name_that_we_write_is_read_again(region: str) -> None:
    """Every country that is written for an address is the same one when it is read back."""
    assert region_named(country_name(region)) == region


def test_names_are_the_usual_ones() -> None:
    """A country is written as English pages write it; one whose name we do not know, by its code."""
    assert country_name("us") == "United States"
    assert country_name("ZA") == "South Africa"
    assert country_name("LU") == "LU"
