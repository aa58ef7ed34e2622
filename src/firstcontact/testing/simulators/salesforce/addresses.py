"""State and country picklists (the vendor's page "State and Country/Territory Picklists"): where the
organisation has switched them on, an address names a country and a state that are in its lists, by code or by
label, and each of the two says the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from firstcontact.testing.simulators.salesforce.org import Org, Row
from firstcontact.testing.simulators.salesforce.refusal import Refusal
from firstcontact.testing.simulators.salesforce.schema import Field

COUNTRIES = {"US": "United States", "CA": "Canada", "GB": "United Kingdom", "DE": "Germany"}
STATES: Mapping[str, Mapping[str, str]] = {
    "US": {"CA": "California", "NY": "New York"},
    "CA": {"ON": "Ontario"},
}
PREFIXES = {"Contact": "Mailing", "Lead": ""}


def fields(name: str) -> tuple[Field, ...]:
    """The two fields that come with the lists."""
    prefix = PREFIXES[name]
    return tuple(Field(name=f"{prefix}{one}Code", type="picklist", length=10) for one in ("State", "Country"))


def settled(org: Org, name: str, given: Collection[str], row: Row) -> Row:
    """The row with codes and labels that go together. Raises Refusal for what is in no list."""
    if name not in PREFIXES or not org.quirks.get("country_picklists"):
        return row
    prefix = PREFIXES[name]
    row = _paired(given, row, f"{prefix}Country", COUNTRIES, "country")
    country = row[f"{prefix}CountryCode"]
    row = _paired(given, row, f"{prefix}State", STATES.get(country or "", {}), "state")
    if row[f"{prefix}State"] and not country:
        message = "A country/territory must be specified before specifying a state value for field"
        raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, (f"{prefix}State",))
    return row


def _paired(given: Collection[str], row: Row, label: str, known: Mapping[str, str], what: str) -> Row:
    code = f"{label}Code"
    if code in given:
        value = row[code]
        if value is not None and value not in known:
            raise _no_such(what, code)
        return {**row, label: known.get(value or "")}
    if label in given:
        value = row[label]
        found = [one for one, named in known.items() if value and named.casefold() == value.casefold()]
        if value is not None and not found:
            raise _no_such(what, label)
        return {**row, code: found[0] if found else None}
    return row


def _no_such(what: str, field: str) -> Refusal:
    message = (
        f"There's a problem with this {what}, even though it may appear correct. Please select a {what} from "
        f"the list of valid ones."
    )
    return Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, (field,))
