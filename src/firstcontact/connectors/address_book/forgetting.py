"""What the address book still has of a contact that is gone: its row stays, so that who asks for it is told
that it is gone; what stood in it need not (SPEC §10)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import select, update

from firstcontact.boundaries import Boundary
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.stored import StoredRecord, decode_stored_record, encode
from firstcontact.connectors.address_book.tables import records
from firstcontact.store.engine import begin

Among = Callable[[Collection[str]], Collection[str]]
"""Those of these handle keys whose owners were erased."""


def forget_gone(book: AddressBook, erased: Among) -> int:
    """Of contacts and leads that were deleted or merged, and bear a handle of somebody who was erased, keep
    nothing but their ids; how many there were. Raises StoreProblem."""
    forgotten = 0
    with begin(book.engine, Boundary.FORGET_GONE) as tx:
        rows = tx.execute(select(records.c.seq, records.c.body).where(records.c.gone == 1)).all()
        gone = {seq: decode_stored_record(body) for seq, body in rows}
        among = set(erased({handle.key for each in gone.values() for handle in each.handles}))
        for seq, stored in gone.items():
            if any(handle.key in among for handle in stored.handles):
                bare = encode(StoredRecord(type=stored.type, id=stored.id))
                tx.execute(update(records).where(records.c.seq == seq).values(body=bare))
                forgotten += 1
    return forgotten
