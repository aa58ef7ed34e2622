"""A postal address out of the lines of a signature, where it is surely one.

All or nothing (SPEC §8): a street with a number or a box, a city and a postal code, in a country that is
named or that the code's form tells. What is written another way gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from firstcontact.identity.records import MailingAddress

_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|"
    "ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR"
)
_STATE_NAMES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID",
    "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA",
    "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV",
    "new hampshire": "NH", "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC",
    "north dakota": "ND", "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA",
    "rhode island": "RI", "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX",
    "utah": "UT", "vermont": "VT", "virginia": "VA", "washington": "WA", "west virginia": "WV",
    "wisconsin": "WI", "wyoming": "WY",
}  # fmt: skip
_PROVINCES = "AB|BC|MB|NB|NL|NS|NT|NU|ON|PE|QC|SK|YT"

_US = re.compile(
    rf"(?P<state>{_STATES}|{'|'.join(_STATE_NAMES)})\.?,?\s+(?P<code>\d{{5}}(?:-\d{{4}})?)", re.I
)
_CA = re.compile(rf"(?P<state>{_PROVINCES})\.?,?\s+(?P<code>[ABCEGHJ-NPRSTVXY]\d[A-Z]\s?\d[A-Z]\d)", re.I)
_GB = re.compile(r"(?P<code>[A-Z]{1,2}\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2})")
_CODE_FIRST = re.compile(
    r"(?:(?P<mark>[A-Z]{1,2})-)?(?P<code>\d{3}\s\d{2}|\d{4,5})\s+(?P<city>[^\W\d_][^\d]{1,40})"
)
"""`80331 München`, `D-80331 München`, `1010 Wien`, `111 22 Stockholm`."""

_MARKS = {
    "D": "DE", "DE": "DE", "A": "AT", "AT": "AT", "CH": "CH", "F": "FR", "FR": "FR", "NL": "NL", "B": "BE",
    "BE": "BE", "I": "IT", "IT": "IT", "E": "ES", "ES": "ES", "S": "SE", "SE": "SE", "DK": "DK", "FI": "FI",
}  # fmt: skip
_COUNTRIES = {
    "usa": "US", "u.s.a.": "US", "us": "US", "u.s.": "US", "united states": "US",
    "united states of america": "US", "canada": "CA", "uk": "GB", "u.k.": "GB", "united kingdom": "GB",
    "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
    "germany": "DE", "deutschland": "DE", "austria": "AT", "österreich": "AT", "switzerland": "CH",
    "schweiz": "CH", "suisse": "CH", "svizzera": "CH", "france": "FR", "italy": "IT", "italia": "IT",
    "spain": "ES", "españa": "ES", "netherlands": "NL", "the netherlands": "NL", "nederland": "NL",
    "belgium": "BE", "belgië": "BE", "belgique": "BE", "sweden": "SE", "sverige": "SE", "denmark": "DK",
    "danmark": "DK", "finland": "FI", "suomi": "FI", "norway": "NO", "norge": "NO",
}  # fmt: skip
_CODE_LENGTHS = {"DE": 5, "FR": 5, "IT": 5, "ES": 5, "FI": 5, "SE": 5, "AT": 4, "CH": 4, "BE": 4, "DK": 4,
                 "NO": 4}  # fmt: skip
_BOX = re.compile(r"(?:p\.?\s?o\.?\s?box|postfach|boîte postale|bp)\s*\d", re.I)
_SEPARATOR = re.compile(r"\s*(?:[|•·;\n]|,\s)\s*|\s+[-–]\s+")
_MOST = 6
"""Pieces of an address; more are something else beside it."""


def read_postal(lines: Sequence[str]) -> MailingAddress | None:
    """The address that these lines are, None where it is not sure that they are a whole one."""
    pieces = [piece.strip(" ,.") for line in lines for piece in _SEPARATOR.split(line)]
    pieces = [piece for piece in pieces if piece]
    if not 2 <= len(pieces) <= _MOST:
        return None
    pieces, country = _country(pieces)
    for reading in (_north_american, _british, _continental):
        found = reading(pieces, country)
        if found is not None:
            return found
    return None


def _country(pieces: list[str]) -> tuple[list[str], str]:
    """The pieces without the country that is named last, and its code."""
    country = _COUNTRIES.get(pieces[-1].lower(), "")
    if country:
        return pieces[:-1], country
    before, _, word = pieces[-1].rpartition(" ")
    country = _COUNTRIES.get(word.lower(), "")
    return ([*pieces[:-1], before.rstrip(" ,")], country) if before and country else (pieces, "")


def _north_american(pieces: list[str], country: str) -> MailingAddress | None:
    """`Houston, TX 77002`, `Houston TX 77002`, `Toronto, ON M5H 2N2`; the last piece of all."""
    last = pieces[-1]
    for form, of in ((_US, "US"), (_CA, "CA")):
        found = re.search(rf"(?:^|(?<=\s)){form.pattern}$", last, re.I)
        if found is None or country not in ("", of):
            continue
        before = last[: found.start()].strip(" ,.")
        streets = pieces[:-1]
        if not before and len(streets) > 1:
            streets, before = streets[:-1], streets[-1]
        state = found["state"].upper()
        state = _STATE_NAMES.get(found["state"].lower(), state)
        return _whole(streets, before, state, found["code"].upper(), of)
    return None


def _british(pieces: list[str], country: str) -> MailingAddress | None:
    """`London SW1A 1AA`, or the code as a piece of its own."""
    found = re.search(rf"{_GB.pattern}$", pieces[-1])
    if found is None or country not in ("", "GB"):
        return None
    before = pieces[-1][: found.start()].strip(" ,.")
    streets = pieces[:-1]
    if not before and len(streets) > 1:
        streets, before = streets[:-1], streets[-1]
    return _whole(streets, before, "", found["code"], "GB")


def _continental(pieces: list[str], country: str) -> MailingAddress | None:
    """`80331 München`, with its country named, or its mark before the code."""
    found = _CODE_FIRST.fullmatch(pieces[-1])
    if found is None:
        return None
    of = _MARKS.get(found["mark"] or "", "")
    if (found["mark"] and not of) or (country and of and country != of):
        return None
    of = of or country
    digits = found["code"].replace(" ", "")
    if _CODE_LENGTHS.get(of) != len(digits):
        return None
    return _whole(pieces[:-1], found["city"].strip(), "", found["code"], of)


def _whole(streets: list[str], city: str, state: str, code: str, country: str) -> MailingAddress | None:
    """The address where nothing of it is missing or doubtful."""
    while len(streets) > 1 and not _is_street(streets[0]):
        streets = streets[1:]  # the firm's or the building's name
    if not streets or not _is_street(streets[0]) or len(streets) > 3:
        return None
    if not city or any(letter.isdigit() for letter in city) or len(city) > 40:
        return None
    return MailingAddress(
        street="\n".join(streets), city=city, state=state, postal_code=code, country=country
    )


def _is_street(text: str) -> bool:
    return bool(_BOX.search(text)) or (
        any(letter.isdigit() for letter in text) and any(letter.isalpha() for letter in text)
    )
