"""Everything that is held of a person, for handing it out (SPEC §10): the rows that erasing would take."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from typing import Any

import msgspec
from sqlalchemy import Connection

from firstcontact.connectors.contract import Delivery
from firstcontact.flow.erasing import in_delivery, traces_of
from firstcontact.flow.installation import Installation
from firstcontact.flow.whom import Whom
from firstcontact.ledger import erasing
from firstcontact.ledger.of_person import OfPerson, of_person

_PAGE = 200


def held_of(installation: Installation, who: Whom) -> dict[str, Any]:
    """As plain values. `person`: who it is; `crm`: their records as the CRM shows them now; `held`: by table
    of the ledger every row about them, bytes decoded; `deliveries`: what came in as it came, where its bytes
    are still kept; `named_elsewhere`: in how many rows about others they are named."""
    with installation.ledger.read() as tx:
        person = of_person(tx, installation.crm.connection, who.keys, who.records)
        tied = erasing.Who(person, traces_of(person))
        found = erasing.find(tx, tied, lambda _, __: None)
        held: dict[str, list[dict[str, Any]]] = {}
        for table, key in found.tied:
            row = erasing.row(tx, table, key)
            if row is not None:
                held.setdefault(table, []).append({name: _shown(value) for name, value in row.items()})
        deliveries = _deliveries(tx, installation, person)
    return {
        "person": {
            "handles": list(who.keys),
            "names": sorted(" ".join(filter(None, name)) for name in person.names),
            "records": sorted(person.records),
        },
        "crm": [msgspec.to_builtins(each) for each in who.records],
        "held": held,
        "deliveries": deliveries,
        "named_elsewhere": dict(Counter(table for table, _ in found.loose)),
    }


def _shown(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return msgspec.to_builtins(msgspec.msgpack.decode(value))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b64encode(value).decode()


def _deliveries(tx: Connection, installation: Installation, person: OfPerson) -> list[dict[str, Any]]:
    traces = traces_of(person)
    found: list[dict[str, Any]] = []
    after = 0
    while rows := erasing.raw_deliveries(tx, after, _PAGE):
        after = rows[-1].id
        for row in rows:
            if in_delivery(installation, traces, Delivery(row.source, row.place, row.raw, row.captured_from)):
                found.append(
                    {
                        "source": row.source,
                        "place": row.place,
                        "captured_from": row.captured_from,
                        "received_at": row.received_at,
                        **_bytes(row.raw),
                    }
                )
    return found


def _bytes(raw: bytes) -> dict[str, str]:
    """As text where they are, else in base64."""
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(raw).decode()}
