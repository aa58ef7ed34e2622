"""What comes last in a call: contacts that go into another one, and contacts of ours that are taken away.

Both are looked at right before: somebody whom a person made, or has edited since, stays (SPEC §9, §10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from typing import Literal, TypeVar

from firstcontact.connectors.contract import (
    AuthLapsed,
    Exists,
    MovedTo,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.connectors.salesforce import contacts, mapping, soap, soql
from firstcontact.connectors.salesforce.client import SUBREQUESTS, Api, Part, Refused
from firstcontact.connectors.salesforce.doubled import FIELDS as ROLE_FIELDS
from firstcontact.connectors.salesforce.doubled import ROLE, Doubled, doubled
from firstcontact.connectors.salesforce.faults import (
    GONE,
    LOCKED_SECONDS,
    STALE,
    Fault,
    has,
    outcome,
    read_faults,
)
from firstcontact.connectors.salesforce.mapping import Row, text
from firstcontact.connectors.salesforce.nodes import is_id, moved
from firstcontact.connectors.salesforce.preparing import Preparation
from firstcontact.connectors.salesforce.shapes import Shape, Shapes
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.toolkit.times import micros

T = TypeVar("T")
Pair = tuple[str, str]
"""Loser and survivor of a merge."""
_MEANWHILE = "Salesforce: the contact has changed meanwhile; it is looked at again."


class Ending:
    """Merges and deletions of one call of `apply`."""

    def __init__(
        self,
        api: Api,
        preparation: Preparation,
        shapes: Shapes,
        happened: bool,
        changed: Callable[[], bool],
    ) -> None:
        """happened: whether something of the call has been carried out. changed: whether the organisation has
        other fields now than these shapes."""
        self._api = api
        self._preparation = preparation
        self._outcomes = preparation.outcomes
        self._shape = shapes.get("Contact") or Shape(name="Contact")
        self._roles_there = bool(shapes[ROLE].fields) if ROLE in shapes else False
        self._happened = happened
        self._changed = changed

    def carry(self) -> None:
        """Adds the outcomes. Raises TryAgain and AuthLapsed where nothing of the call has happened."""
        waiting = self._preparation.merges()
        while waiting:
            portion = _apart(waiting)
            waiting = {place: pair for place, pair in waiting.items() if place not in portion}
            self._tried(self._merge, portion)
        removals = list(self._preparation.removals.items())
        for begin in range(0, len(removals), SUBREQUESTS):
            self._tried(self._remove, dict(removals[begin : begin + SUBREQUESTS]))

    def _tried(self, send: Callable[[Mapping[int, T]], None], places: Mapping[int, T]) -> None:
        """Sends; what befell the whole request is the outcome of each that has none yet."""
        try:
            send(places)
        except Lost as lost:
            self._happened = True
            keys = {place: self._preparation.key(place) for place in places}
            said: Mapping[int, Outcome] = {place: Unclear(str(lost), key) for place, key in keys.items()}
        except Refused as refused:
            said = dict.fromkeys(places, self._refusal(refused.faults))
        except (TryAgain, AuthLapsed) as trouble:
            if not self._happened:
                raise
            after = trouble.after if isinstance(trouble, TryAgain) else AFTER_TROUBLE
            said = dict.fromkeys(places, TryAgain(str(trouble), after))
        else:
            return
        for place in places:
            self._outcomes.setdefault(place, said[place])

    def _refusal(self, faults: tuple[Fault, ...]) -> Outcome:
        if has(faults, STALE) and self._changed():
            return TryAgain("Salesforce's fields have changed; they are asked for anew.", 1.0)
        found = outcome(faults)
        return Rejected(str(found)) if isinstance(found, Exists) else found

    # --- merging ------------------------------------------------------------------------------------------

    def _merge(self, portion: Mapping[int, Pair]) -> None:
        rows, roles = self._rows([id for pair in portion.values() for id in pair if is_id(id)])
        merged: list[int] = []
        sent: dict[int, soap.Merge] = {}
        for place, (loser, survivor) in portion.items():
            try:
                values = self._values(loser, survivor, rows)
            except (Rejected, MovedTo) as refusal:
                self._outcomes[place] = refusal
                continue
            if values is None:
                merged.append(place)
            else:
                sent[place] = soap.Merge(survivor=survivor, loser=loser, values=values)
        results = self._api.merge(list(sent.values())) if sent else ()
        for place, result in zip(sent, results, strict=True):
            if not result.faults:
                self._happened = True
                merged.append(place)
            elif has(result.faults, GONE):
                self._outcomes[place] = TryAgain(_MEANWHILE, LOCKED_SECONDS)
            else:
                self._outcomes[place] = self._refusal(result.faults)
        doubles: list[Doubled] = []
        for loser, survivor in (portion[place] for place in merged):
            before = loser in rows and bool(text(rows[loser], "MasterRecordId"))
            doubles.append(doubled(roles, survivor, "" if before else loser))
        self._one_role_each(doubles)
        for place in merged:
            self._preparation.done(place, portion[place][1], created=False)

    def _one_role_each(self, found: Sequence[Doubled]) -> None:
        """What was merged has one role where one says it all. A role that Salesforce does not let go stays;
        the merge has happened. Raises Lost, TryAgain, AuthLapsed."""
        parts = [part for one in found for part in self._singling(one)]
        for begin in range(0, len(parts), SUBREQUESTS):
            try:
                answers = self._api.act(parts[begin : begin + SUBREQUESTS])
            except Refused:
                continue
            for status, body in answers:
                trouble = outcome(read_faults(body)) if status >= 300 else None
                if isinstance(trouble, TryAgain):
                    raise trouble

    def _singling(self, found: Doubled) -> list[Part]:
        def part(method: Literal["PATCH", "DELETE"], id: str, body: object = None) -> Part:
            return Part(method, self._api.url(f"sobjects/{ROLE}/{id}"), f"{method}{id}", body)

        filled = [part("PATCH", id, {"Role": role}) for id, role in found.filled.items()]
        return [*filled, *(part("DELETE", id) for id in found.goes)]

    def _rows(self, ids: Sequence[str]) -> tuple[dict[str, Row], list[Row]]:
        """Contacts with all that one may fill of another, deleted and merged ones too, and their roles: in
        one request."""
        shape = self._shape
        names = dict.fromkeys((*mapping.record_fields(shape), *contacts.fillable(shape)))
        needed = ("Id", "IsDeleted", "MasterRecordId")
        room = soql.URL_LIMIT // 2
        statements = [
            soql.select((*needed, *(name for name in some if name not in needed)), "Contact", where)
            for some in soql.parts(list(names), 2, room)
            for where in (
                soql.among("Id", portion) for portion in soql.parts(list(dict.fromkeys(ids)), 12, room)
            )
        ]
        asked = len(statements)
        if self._roles_there:
            portions = soql.parts(list(dict.fromkeys(ids)), 12, room)
            statements += [soql.select(ROLE_FIELDS, ROLE, soql.among("ContactId", one)) for one in portions]
        answers = self._api.queries(statements, deleted=True)
        found: dict[str, dict[str, object]] = {}
        for rows in answers[:asked]:
            for row in rows:
                found.setdefault(text(row, "Id"), {}).update(row)
        return dict(found), [row for rows in answers[asked:] for row in rows]

    def _values(self, loser: str, survivor: str, rows: Mapping[str, Row]) -> Mapping[str, object] | None:
        """What the survivor takes; None where the loser has nothing left to give: it has been merged into it,
        or is gone. Raises Rejected, and MovedTo where the survivor was merged itself."""
        if loser == survivor:
            raise Rejected("A contact cannot be merged into itself.", ("loser",))
        kept, gone = rows.get(survivor), rows.get(loser)
        if kept is None:
            raise Rejected(f"There is no contact {survivor!r} in Salesforce.", ("target",))
        into = text(kept, "MasterRecordId")
        if into and into != loser:
            raise moved(survivor, into)
        if into or mapping.flag(kept, "IsDeleted"):
            raise Rejected(f"The contact {survivor!r} is not in Salesforce any more.", ("target",))
        if gone is None:
            raise Rejected(f"There is no contact {loser!r} in Salesforce.", ("loser",))
        into = text(gone, "MasterRecordId")
        if into and into != survivor:
            raise Rejected(f"The contact {loser!r} was merged into {into!r} in Salesforce.", ("loser",))
        if into or mapping.flag(gone, "IsDeleted"):
            return None
        me = self._api.user()
        contacts.untouched(gone, me)
        return contacts.filled(kept, gone, self._shape, self._preparation.region, me)

    # --- taking away --------------------------------------------------------------------------------------

    def _remove(self, removals: Mapping[int, Row]) -> None:
        """Up to 25 of them, each unless it was changed since it was looked at."""
        parts = [
            Part(
                "DELETE",
                self._api.url(f"sobjects/Contact/{text(row, 'Id')}"),
                f"d{place}",
                None,
                _unless(row),
            )
            for place, row in removals.items()
        ]
        for (place, row), (status, body) in zip(removals.items(), self._api.act(parts), strict=True):
            faults = read_faults(body)
            if status < 300:
                self._happened = True
                self._preparation.done(place, text(row, "Id"), created=False)
            elif status == 412:
                self._outcomes[place] = TryAgain(_MEANWHILE, LOCKED_SECONDS)
            elif has(faults, GONE):
                self._preparation.done(place, text(row, "Id"), created=False)
            elif status >= 500:
                sentence = f"Salesforce answered {status} to a deletion."
                self._outcomes[place] = Unclear(sentence, self._preparation.key(place))
            else:
                self._outcomes[place] = self._refusal(faults)


def _unless(row: Row) -> dict[str, str]:
    """The time of the last change as a header has it, in whole seconds (RFC 9110 §13.1.4)."""
    at = micros(text(row, "LastModifiedDate"))
    return {"If-Unmodified-Since": formatdate(at / 1_000_000, usegmt=True)} if at else {}


def _apart(waiting: Mapping[int, Pair]) -> dict[int, Pair]:
    """The first merges that have nothing to do with one another: what one of them fills is not known to
    another that was looked at before."""
    taken: dict[int, Pair] = {}
    touched: set[str] = set()
    for place, pair in waiting.items():
        if touched.isdisjoint(pair) and len(taken) < soap.MERGES:
            taken[place] = pair
        touched.update(pair)
    return taken
