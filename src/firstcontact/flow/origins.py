"""Where the values of contacts came from, gathered from the ledger for people to read (SPEC §8)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firstcontact.flow.installation import Installation
from firstcontact.flow.story import records_of
from firstcontact.identity.records import Record
from firstcontact.ledger import observing
from firstcontact.policy.field_values import FIELD_NAMES, current, handle_key, same, shown


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """One value that we wrote into a contact, or are about to.

    field: as people call it. before: what stood there. mode: the setting that said so; `new`: the contact was
    made with it; `bounce`, `ruling`: why an address became the main one. source: where the interaction said
    it: `signature`, `header`, `title` (worked out from it), `bounce`. said_at: when the interaction was;
    written_at: when it was decided to write. state: of the write. stands: whether the contact has the value
    now; None where the CRM could not be asked.
    """

    record: str
    field: str
    value: str
    before: str
    mode: str
    source: str
    interaction: str
    said_at: int
    written_at: int
    state: str
    stands: bool | None


def origins(installation: Installation, ids: Sequence[str]) -> tuple[Origin, ...]:
    """The values of these contacts, the newest first."""
    with installation.ledger.read() as tx:
        rows = observing.of_records(tx, installation.crm.connection, ids)
    there = records_of(installation, {row.record for row in rows})
    return tuple(_origin(row, there.get(row.record)) for row in rows)


def _origin(row: observing.Row, record: Record | None) -> Origin:
    return Origin(
        record=row.record,
        field=FIELD_NAMES.get(row.field, row.field),
        value=shown(row.field, row.value),
        before=shown(row.field, row.before),
        mode=row.mode,
        source=row.source,
        interaction=row.interaction,
        said_at=row.observed_at,
        written_at=row.at,
        state=row.state,
        stands=_stands(row, record) if record is not None else None,
    )


def _stands(row: observing.Row, record: Record) -> bool:
    if row.field in ("phone", "mobile", "email"):
        key = handle_key(row.value, record.country)
        return any(handle.key == key for handle in record.handles)
    return same(row.field, current(record, row.field), row.value, record.country)
