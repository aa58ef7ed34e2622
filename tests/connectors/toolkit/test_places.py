"""Addresses and numbers find their places among a contact's fields."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.toolkit.places import Places

LENGTHS = {"Email": 30, "Phone": 20, "Mobile": 20, "More": 60}


def places(several: str = "More", **held: Sequence[str]) -> Places:
    """Fields of a contact, of which `More` holds several."""
    return Places(
        held, several=several, separator="\n", length=lambda name: LENGTHS[name], region="US", title="It"
    )


def test_a_new_value_takes_the_first_empty_place_that_fits() -> None:
    """Values go into empty fields in order, then into the field for several; what is there is not doubled."""
    here = places(Phone=["(415) 555-0123"], Mobile=[], More=[])
    here.add(["+14155550123", "+14155550188", "+14155550199"], ["Phone", "Mobile"])
    assert here.changes() == {"Mobile": "+14155550188", "More": "+14155550199"}
    long = places(Email=[], More=[])
    long.add(["a-rather-long-name@somewhere.example"], ["Email"])
    assert long.changes() == {"More": "a-rather-long-name@somewhere.example"}


def test_what_has_no_room_is_refused() -> None:
    """Without a field for several, or with a full one, nothing is lost without a word."""
    with pytest.raises(Rejected, match=r"It has no room for \+14155550188"):
        places(Phone=["(415) 555-0123"]).add(["+14155550188"], ["Phone"])
    with pytest.raises(Rejected):
        places(Email=["jo@acme.example"], More=["x" * 50 + "@a.example"]).add(["kim@acme.example"], ())


def test_taken_off_from_whichever_field() -> None:
    """A number goes however it is written; a field that bears another one too keeps both."""
    here = places(Phone=["415.555.0123"], Mobile=["+1 415 555 0188"], More=["(415) 555-0123", "+14155550199"])
    here.take_off(["+14155550123"])
    assert here.changes() == {"Phone": None, "More": "+14155550199"}


def test_another_address_becomes_the_main_one() -> None:
    """The former main one stands where the new one stood, or goes where there is room."""
    here = places(Email=["jo@acme.example"], More=["kim@acme.example", "jo@home.example"])
    here.lead_with("Jo@home.example", "Email")
    assert here.changes() == {"Email": "jo@home.example", "More": "jo@acme.example\nkim@acme.example"}
    new = places(Email=["jo@acme.example"], More=[])
    new.lead_with("jo@home.example", "Email")
    assert new.changes() == {"Email": "jo@home.example", "More": "jo@acme.example"}
    same = places(Email=["jo@acme.example"], More=[])
    same.lead_with("JO@acme.example", "Email")
    assert same.changes() == {}


def test_the_next_one_leads_where_the_main_one_went() -> None:
    """An emptied main field takes the first of our further ones."""
    here = places(Email=["jo@acme.example"], More=["jo@home.example"])
    here.take_off(["jo@acme.example"])
    here.promote("Email")
    assert here.changes() == {"Email": "jo@home.example", "More": None}


def test_a_number_is_marked_as_a_mobile_one() -> None:
    """One that is there is written into the empty field for mobiles as it stands; out of ours it moves."""
    here = places(Phone=["(415) 555-0123"], Mobile=[], More=[])
    here.mark(["+14155550123"], "Mobile")
    assert here.changes() == {"Mobile": "(415) 555-0123"}
    assert here.all() == ("(415) 555-0123",)
    ours = places(Phone=[], Mobile=[], More=["+14155550123"])
    ours.mark(["+14155550123"], "Mobile")
    assert ours.changes() == {"Mobile": "+14155550123", "More": None}
    taken = places(Phone=["+14155550123"], Mobile=["+14155550188"], More=[])
    taken.mark(["+14155550123"], "Mobile")
    assert taken.changes() == {}
