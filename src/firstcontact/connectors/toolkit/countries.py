"""PURE. The country of an address as people write it, for reading the numbers beside it, and as we do."""

from __future__ import annotations

import phonenumbers

_NAMES = {
    "US": "usa|u.s.|u.s.a.|united states|united states of america|america",
    "GB": "uk|u.k.|united kingdom|great britain|england|scotland|wales|northern ireland",
    "CA": "canada",
    "DE": "germany|deutschland",
    "FR": "france",
    "ES": "spain|españa",
    "IT": "italy|italia",
    "NL": "netherlands|the netherlands|nederland|holland",
    "BE": "belgium|belgique|belgië",
    "AT": "austria|österreich",
    "CH": "switzerland|schweiz|suisse",
    "SE": "sweden|sverige",
    "NO": "norway|norge",
    "DK": "denmark|danmark",
    "FI": "finland|suomi",
    "IE": "ireland|éire",
    "PT": "portugal",
    "PL": "poland|polska",
    "CZ": "czech republic|czechia",
    "GR": "greece",
    "TR": "turkey|türkiye",
    "IL": "israel",
    "AE": "united arab emirates|uae",
    "IN": "india",
    "CN": "china",
    "JP": "japan",
    "KR": "south korea|korea, republic of",
    "SG": "singapore",
    "HK": "hong kong",
    "AU": "australia",
    "NZ": "new zealand",
    "ZA": "south africa",
    "BR": "brazil|brasil",
    "MX": "mexico|méxico",
    "AR": "argentina",
    "CL": "chile",
    "CO": "colombia",
}
_ENGLISH = {
    "US": "United States",
    "GB": "United Kingdom",
    "CZ": "Czech Republic",
    "KR": "South Korea",
}
"""Names whose usual writing in English is not the first one of the list above."""
_BY_NAME = {name: region for region, names in _NAMES.items() for name in names.split("|")}


def region_named(text: str) -> str:
    """The ISO country that a country field names by its code or by a usual name; "" for any other text."""
    written = " ".join(text.split())
    if written.upper() in phonenumbers.SUPPORTED_REGIONS:
        return written.upper()
    return _BY_NAME.get(written.lower(), "")


def country_name(region: str) -> str:
    """The English name of an ISO country, which `region_named` reads again; the code where we know none."""
    names = _NAMES.get(region.upper(), "").split("|")
    return _ENGLISH.get(region.upper()) or names[0].title() or region
