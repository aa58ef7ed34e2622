"""What `doctor` asks of a Tryton before the first write."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.connectors.contract import Diagnosis
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import is_private
from firstcontact.connectors.tryton import mapping
from firstcontact.connectors.tryton.client import TITLE, Client, Refused

_MODES: Mapping[str, tuple[str, ...]] = {
    "party.party": ("read", "write", "create"),
    "ir.attachment": ("read", "write", "create", "delete"),
    "sale.opportunity": ("read", "write"),
}
_NEEDED = (
    ("party.party", "create and change parties"),
    ("ir.attachment", "attach activities"),
    ("sale.opportunity", "log on sale opportunities"),
)


def examine(client: Client, address: str, now: int) -> list[Diagnosis]:
    """The server's series and clock, and what the user may do; one diagnosis each. Writes nothing. Raises
    TryAgain, AuthLapsed."""
    series, headers = client.server()
    found = [Diagnosis(state="ok", about="server", sentence=f"This is Tryton {series}.")]
    found += _secrecy(address)
    found.append(clocks.examined(TITLE, clocks.skew(headers, now)))
    found += [_permission(client, model, needed) for model, needed in _NEEDED]
    found += [_required(client, model, given) for model, given in mapping.GIVEN.items()]
    return found


def _secrecy(address: str) -> list[Diagnosis]:
    if is_private(address):
        return []
    sentence = "The password goes to Tryton where others on the way can read it."
    return [Diagnosis(state="warning", about="address", sentence=sentence, remedy="Use an https address.")]


def _permission(client: Client, model: str, needed: str) -> Diagnosis:
    about = f"permission to {needed}"
    try:
        access = client.read("ir.model.access.get_access", [model])[model]
    except Refused as refused:
        return Diagnosis(state="warning", about=about, sentence=str(refused))
    lacking = [mode for mode in _MODES[model] if not access.get(mode)]
    if not lacking:
        return Diagnosis(state="ok", about=about, sentence=f"The user may {needed}.")
    optional = model == "sale.opportunity"
    return Diagnosis(
        state="warning" if optional else "error",
        about=about,
        sentence=f"The user may not {needed} ({', '.join(lacking)} of {model}).",
        remedy="Put the user into the group Sale Opportunity." if optional else "Put the user into a group.",
    )


def _required(client: Client, model: str, given: frozenset[str]) -> Diagnosis:
    about = f"required fields of {model}"
    try:
        fields = client.read(f"{model}.fields_get", None)
        required = sorted(name for name, field in fields.items() if field.get("required"))
        unknown = [name for name in required if name not in given]
        defaults = client.read(f"{model}.default_get", unknown, False) if unknown else {}
    except Refused as refused:
        return Diagnosis(state="warning", about=about, sentence=str(refused))
    lacking = [fields[name]["string"] for name in unknown if defaults.get(name) is None]
    if not lacking:
        return Diagnosis(state="ok", about=about, sentence="Tryton wants nothing that is not given.")
    return Diagnosis(
        state="error",
        about=about,
        sentence=f"Tryton wants {', '.join(lacking)}, of which FirstContact knows nothing.",
        remedy="Give these fields a default in Tryton, or let them be empty.",
    )
