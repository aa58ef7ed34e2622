"""Activity parties: who took part, and as what (apis A5, "Activities").

1 sender, 2 to, 3 cc, 4 bcc, 5 required, 6 optional attendee, 7 organizer; 8 regarding and 9 owner are kept by
Dataverse itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from firstcontact.testing.simulators.dynamics.refusals import bad, payload
from firstcontact.testing.simulators.dynamics.schema import Table
from firstcontact.testing.simulators.dynamics.state import Reference, Row, State
from firstcontact.testing.simulators.dynamics.tables import PARTIES

REGARDING, OWNER = 8, 9
ONLY_ONE = frozenset({1, 7})
"""An activity has one sender, and one organizer."""
NEEDED = {"phonecall": (1, 2), "fax": (1, 2), "email": (1, 2), "appointment": (5,)}
"""What the pages ask for."""
Party = dict[str, Any]
_PARTY = {"participationtypemask": int, "addressused": str}


def read_parties(state: State, table: Table, given: Any, resolve: Any) -> list[Party]:
    """The parties of a body. resolve: the record that a `@odata.bind` names. Raises Refusal 400, 404."""
    if not isinstance(given, list):
        raise payload(table.set, f"{table.parties} must be a list.")
    parties = [_read(state, table, one, resolve) for one in given]
    for mask in ONLY_ONE:
        if sum(one["participationtypemask"] == mask for one in parties) > 1:
            raise bad(f"There is more than one party of type {mask} on this {table.name}.", "0x80048429")
    return parties


def _read(state: State, table: Table, given: Any, resolve: Any) -> Party:
    if not isinstance(given, Mapping):
        raise payload("activityparties", "a party must be an object.")
    party: Party = {"partyid": None, "addressused": None}
    for name, value in given.items():
        if name.startswith("partyid_") and name.endswith("@odata.bind"):
            target = name.removeprefix("partyid_").removesuffix("@odata.bind")
            if target not in PARTIES or party["partyid"] is not None:
                raise payload("activityparties", f"the property '{name}' cannot be there.")
            party["partyid"] = resolve(value, target)
        elif isinstance(value, _PARTY.get(name, ())) and not isinstance(value, bool):
            party[name] = value
        elif name != "@odata.type":
            raise payload("activityparties", f"The property '{name}' does not exist on this type.")
    _check(state, table, party)
    return party


def _check(state: State, table: Table, party: Party) -> None:
    mask = party.get("participationtypemask")
    if mask not in table.masks:
        why = f"The participation type {mask} is not valid for an activity of type {table.name}."
        raise bad(why, "0x80048429")
    if party["partyid"] is None:
        if not party["addressused"]:
            raise bad("A party needs a record or an address.", "0x80048429")
        if state.quirks.unresolved_parties == "email" and table.name != "email":
            raise bad(f"A party of a {table.name} must be a record, not an address alone.", "0x80048429")


def check_needed(state: State, table: Table, parties: Sequence[Row]) -> None:
    """Raises Refusal 400 where somebody is missing, and the API asks for it."""
    if not state.quirks.parties_required:
        return
    for mask in NEEDED.get(table.name, ()):
        if all(one["participationtypemask"] != mask for one in parties):
            raise bad(f"A {table.name} needs a party of type {mask}.", "0x80040203")


def of(state: State, table: str, id: str) -> list[Row]:
    """The parties of an activity, those too that Dataverse keeps itself."""
    return list(state.with_value("activityparty", "activityid", (table, id)))


def replace(state: State, table: Table, id: str, parties: Sequence[Party] | None) -> None:
    """An activity's parties are these from now on (None: those there are); regarding and owner follow it."""
    before = of(state, table.name, id)
    row = state.need(table.name, id)
    kept: list[Mapping[str, Any]] = [
        one for one in before if parties is None and one["participationtypemask"] not in (REGARDING, OWNER)
    ]
    for one in before:
        if one not in kept:
            state.put("activityparty", one["activitypartyid"], None)
    added = [*(parties or ()), *_own(row)]
    for party in added:
        made = state.new_id("party")
        stamp = {"createdon": state.now(), "modifiedon": state.now(), "ispartydeleted": False}
        values = {"addressused": None, **party, "activityid": (table.name, id), "activitypartyid": made}
        state.put("activityparty", made, {**stamp, **values})


def _own(row: Row) -> list[Party]:
    found: list[Party] = []
    regarding: Reference | None = row.get("regardingobjectid")
    if regarding is not None:
        found.append({"partyid": regarding, "participationtypemask": REGARDING})
    if row.get("ownerid") is not None:
        found.append({"partyid": row["ownerid"], "participationtypemask": OWNER})
    return found
