"""Who is meant by an address, a number or a record's id, for export and erasing (SPEC §10)."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import AuthLapsed, Crm, TryAgain
from firstcontact.flow.installation import Installation
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.story import records_of
from firstcontact.identity.domains import is_role_address
from firstcontact.identity.records import Record
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Handle, Participant
from firstcontact.ledger import index
from firstcontact.ledger.of_person import shared
from firstcontact.policy.case import team_index


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """One person of theirs.

    keys: their handle keys: those that were given, and those of their records that nobody else bears.
    records: as the CRM shows them now. left: handles of these that others bear, too, by record, and so are
    not theirs alone. asked: whether the CRM could be asked now.
    """

    keys: tuple[str, ...]
    records: tuple[Record, ...] = ()
    left: dict[str, tuple[str, ...]] = {}
    asked: bool = True


def whom(installation: Installation, *named: str) -> Whom:
    """The person with these addresses, numbers or record ids. Raises FlowProblem where one is of ours, or
    nothing that can be read, or a handle that several contacts bear and none of these is named."""
    handles: dict[str, Handle] = {}
    records: dict[str, Record] = {}
    bearing: dict[str, Record] = {}
    asked = True
    for what in named:
        record = _by_id(installation, what)
        if record is not None:
            records[record.id] = record
            continue
        handle = read_handle(what, installation.book.team.region)
        if handle is None:
            raise FlowProblem(f"{what}: this is no address, no number, and no id of a contact or lead.")
        _not_ours(installation, handle)
        handles[handle.key] = handle
    for handle in handles.values():
        found, asked_now = _bearing(installation, handle)
        asked = asked and asked_now
        _not_several(handle.key, [each for each in found if each.type == "contact"], records)
        bearing.update((each.id, each) for each in found if each.id in records or not _several(found))
    records.update(bearing)
    own, left = _theirs(installation, records.values())
    keys = tuple(dict.fromkeys((*handles, *own)))
    left = {key: ids for key, ids in left.items() if key not in handles}
    return Whom(keys=keys, records=tuple(records.values()), left=left, asked=asked)


def _by_id(installation: Installation, what: str) -> Record | None:
    if "@" in what:
        return None
    return records_of(installation, [what]).get(what) or _indexed(installation, what)


def _several(found: Collection[Record]) -> bool:
    return sum(1 for each in found if each.type == "contact") > 1


def _not_several(key: str, contacts: list[Record], named: Collection[str]) -> None:
    """A handle of several people does not say who is meant, unless their records do."""
    if len(contacts) > 1 and not any(each.id in named for each in contacts):
        ids = ", ".join(f"{each.id} ({each.name or 'without a name'})" for each in contacts)
        raise FlowProblem(f"{len(contacts)} contacts bear {key}: {ids}. Say which one by its id.")


def _indexed(installation: Installation, id: str) -> Record | None:
    with installation.ledger.read() as tx:
        return index.read(tx, installation.crm.connection, [id]).get(id)


def _not_ours(installation: Installation, handle: Handle) -> None:
    side = team_index(installation.book.team).side(Participant("from", (handle,)))
    if side is not None:
        raise FlowProblem(f"{handle.key} is one of ours; who we are is in the settings, under [team].")


def _bearing(installation: Installation, handle: Handle) -> tuple[tuple[Record, ...], bool]:
    """Every record with the handle, and whether the CRM could be asked; else as our index knows it."""
    asked: Crm = installation.crm if installation.crm.capabilities().looks_up else installation.known
    for crm in (asked, installation.known):
        try:
            with crossing(Boundary.FIND_TO_ERASE):
                found = crm.find([handle])
            return found[handle.key].records, crm is asked
        except (TryAgain, AuthLapsed):
            continue
    return (), False


def _theirs(
    installation: Installation, records: Collection[Record]
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The handles of these records that are theirs alone; those that other records bear, by these."""
    index_of_ours = team_index(installation.book.team)
    handles = {handle.key: handle for record in records for handle in record.handles}
    own = {
        key
        for key, handle in handles.items()
        if index_of_ours.side(Participant("from", (handle,))) is None
        and not (handle.kind == "email" and is_role_address(key))
    }
    connection = installation.crm.connection
    with installation.ledger.read() as tx:
        left = dict(shared(tx, connection, own, {record.id for record in records}))
    return tuple(sorted(own - left.keys())), left
