"""Carrying out writes: neighbours of one kind in one request, which Tryton takes or refuses as a whole.

One call is one transaction. So where one of many is refused, nothing has happened, and they are sent again in
halves until the one at fault stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from firstcontact.connectors.contract import (
    AuthLapsed,
    MovedTo,
    NotOffered,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.toolkit.writes import existing, fields_of
from firstcontact.connectors.tryton import mapping
from firstcontact.connectors.tryton.activities import ATTACHMENT, changed_attachment, edited, new_attachment
from firstcontact.connectors.tryton.client import TITLE, WITH_INACTIVE, Client, Refused
from firstcontact.connectors.tryton.mapping import Row
from firstcontact.connectors.tryton.removing import Read, Remover
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    Existing,
    MergeFields,
    Receipt,
    Write,
    WriteKind,
)

AT_ONCE = 200
"""Writes in one request."""

Send = Callable[[Sequence[Write]], Sequence[Outcome]]

_NOT_THERE = "don't exist"
"""What Tryton says of a record that is not there."""


class Carrier:
    """Writes to one database."""

    def __init__(self, client: Client, read: Read, region: str, now: Callable[[], int]) -> None:
        """read: parties as the contract's records. region: where numbers of parties without a country are
        read. now: microseconds."""
        self._client = client
        self._remover = Remover(client, read, region)
        self._region = region
        self._now = now
        self._kinds: Mapping[WriteKind, Send] = {
            "create_contact": lambda writes: self._in_parts(writes, self._create),
            "update_contact": self._change_parties,
            "log_activity": self._log,
            "update_activity": lambda writes: self._in_parts(writes, self._change),
            "delete_activity": lambda writes: self._in_parts(writes, self._delete),
            "merge_contacts": lambda writes: self._each(writes, self._merge),
            "delete_contact": lambda writes: self._each(writes, self._delete_contact),
        }

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """One outcome each, in order. Raises NotOffered before anything is sent, and AuthLapsed where nothing
        was carried out; after that the rest is TryAgain, so that no receipt is lost."""
        for write in writes:
            self._check(write)
        outcomes: list[Outcome] = []
        for kind, group in groupby(writes, key=lambda write: write.kind):
            for part in _rounds(list(group)):
                try:
                    outcomes += self._kinds[kind](part)
                except TryAgain as error:
                    outcomes += [error] * len(part)
                except AuthLapsed as lapsed:
                    if not any(isinstance(outcome, Receipt | Unclear) for outcome in outcomes):
                        raise
                    outcomes += [TryAgain(str(lapsed), AFTER_TROUBLE)] * len(part)
        return outcomes

    def created(self, keys: Sequence[str]) -> dict[str, Receipt]:
        """Receipts of those writes that made a party, by the codes of parties. Raises AuthLapsed,
        TryAgain."""
        by_code = {mapping.code_of(key): key for key in keys}
        codes = list(by_code)
        found: dict[str, Receipt] = {}
        for start in range(0, len(codes), AT_ONCE):
            for row in self._parties([["code", "in", codes[start : start + AT_ONCE]]], ("code",)):
                key = by_code[row["code"]]
                found[key] = self._receipt(key, row["id"])
        return found

    def _check(self, write: Write) -> None:
        if write.kind not in self._kinds:
            raise NotOffered(f"{TITLE} does not offer {write.kind}")
        targets = [write.target] if write.kind.startswith(("update", "delete", "merge")) else []
        if isinstance(write.fields, ActivityFields):
            if len(write.fields.people) > 1:
                raise NotOffered(f"{TITLE} does not offer several people on one activity")
            targets += write.fields.people
        for target in targets:
            if existing(target).record not in ("contact", "activity"):
                raise NotOffered(f"{TITLE} does not offer a {existing(target).record}")

    # --- parties ------------------------------------------------------------------------------------

    def _create(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        values = [
            mapping.new_party(write.key, fields_of(write, ContactFields), self._region) for write in writes
        ]
        try:
            ids = self._client.write("party.party.create", values)
        except Refused:
            # No two parties have one code: what an earlier request of the same key has made is the answer.
            known = self.created([write.key for write in writes])
            if not known:
                raise
            rest = iter(self._in_parts([one for one in writes if one.key not in known], self._create))
            return [known[write.key] if write.key in known else next(rest) for write in writes]
        return [self._receipt(write.key, id) for write, id in zip(writes, ids, strict=True)]

    def _change_parties(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        rows = self._present([_id(write) for write in writes], mapping.PARTY)
        outcomes: dict[str, Outcome] = {}
        changes: dict[str, Mapping[str, object]] = {}
        for write in writes:
            row = rows.get(_id(write))
            refusal = _refusal(row, _id(write), "target")
            if row is None or refusal is not None:
                outcomes[write.key] = refusal or _deleted(_id(write), "target")
                continue
            changes[write.key] = mapping.changed_party(
                row, fields_of(write, ContactFields), self._region, write.changed
            )
            if not changes[write.key]:
                outcomes[write.key] = self._receipt(write.key, row["id"], created=False)

        def send(part: Sequence[Write]) -> Sequence[Outcome]:
            pairs = [[[int(_id(write))], changes[write.key]] for write in part]
            self._client.write("party.party.write", *(given for pair in pairs for given in pair))
            return [self._receipt(write.key, int(_id(write)), created=False) for write in part]

        return self._with_the_rest(writes, outcomes, send)

    def _merge(self, write: Write) -> Receipt:
        self._remover.merge(fields_of(write, MergeFields).loser.id, _id(write))
        return self._receipt(write.key, int(_id(write)), created=False)

    def _delete_contact(self, write: Write) -> Receipt:
        self._remover.delete(_id(write))
        return Receipt(write.key, _id(write), False, self._now())

    def _each(self, writes: Sequence[Write], carry: Callable[[Write], Receipt]) -> Sequence[Outcome]:
        """One by one: each is several requests."""
        outcomes: list[Outcome] = []
        for write in writes:
            try:
                outcomes.append(carry(write))
            except (Rejected, MovedTo) as refusal:
                outcomes.append(refusal)
            except Refused as refused:
                outcomes.append(refused.rejected())
            except Lost as lost:
                outcomes.append(Unclear(f"{lost} The write may have happened.", write.key))
            except (TryAgain, AuthLapsed) as error:
                if isinstance(error, AuthLapsed) and not outcomes:
                    raise
                later = TryAgain(str(error), AFTER_TROUBLE)
                return [*outcomes, *[later] * (len(writes) - len(outcomes))]
        return outcomes

    # --- activities ---------------------------------------------------------------------------------

    def _log(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        people = {
            write.key: person.id
            for write in writes
            for person in fields_of(write, ActivityFields).people
            if isinstance(person, Existing)
        }
        rows = self._present(list(people.values()), ("replaced_by",)) if people else {}
        outcomes: dict[str, Outcome] = {}
        for write in writes:
            person = people.get(write.key)
            if person is None:
                kind = fields_of(write, ActivityFields).kind
                outcomes[write.key] = Rejected(f"{TITLE} logs a {kind} only on a contact.", ("people",))
            elif refusal := _refusal(rows.get(person), person, "people"):
                outcomes[write.key] = refusal

        def send(part: Sequence[Write]) -> Sequence[Outcome]:
            values = [new_attachment(write, fields_of(write, ActivityFields)) for write in part]
            ids = self._client.write("ir.attachment.create", values)
            return [self._receipt(write.key, id) for write, id in zip(part, ids, strict=True)]

        return self._with_the_rest(writes, outcomes, send)

    def _change(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        ids = [_activity_id(write) for write in writes]
        rows: dict[int, Row] = {
            row["id"]: row for row in self._client.read("ir.attachment.read", ids, list(ATTACHMENT))
        }
        pairs = [
            [[id], changed_attachment(rows[id], write, fields_of(write, ActivityFields))]
            for id, write in zip(ids, writes, strict=True)
        ]
        self._client.write("ir.attachment.write", *(given for pair in pairs for given in pair))
        return [self._receipt(write.key, id, created=False) for id, write in zip(ids, writes, strict=True)]

    def _delete(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """What is not there any more is deleted already; what a person has edited since stays."""
        ids = [_activity_id(write) for write in writes]
        try:
            if any(map(edited, self._client.read("ir.attachment.read", ids, list(ATTACHMENT)))):
                raise Rejected(f"A person has edited this attachment of {TITLE} since.", ("target",))
            self._client.write("ir.attachment.delete", ids)
        except Refused as refused:
            if len(writes) > 1 or _NOT_THERE not in str(refused):
                raise
        return [self._receipt(write.key, id, created=False) for write, id in zip(writes, ids, strict=True)]

    # --- what the kinds share ------------------------------------------------------------------------

    def _in_parts(self, writes: Sequence[Write], send: Send) -> Sequence[Outcome]:
        """All in one request; refused, in halves. What one half did is not lost by a trouble in the other."""
        if not writes:
            return []
        try:
            return send(writes)
        except Lost as lost:
            return [Unclear(f"{lost} The write may have happened.", write.key) for write in writes]
        except Rejected as rejected:
            if len(writes) == 1:
                return [rejected]
        except Refused as refused:
            if len(writes) == 1:
                return [refused.rejected()]
        half = len(writes) // 2
        first = self._in_parts(writes[:half], send)
        try:
            return [*first, *self._in_parts(writes[half:], send)]
        except (TryAgain, AuthLapsed) as error:
            return [*first, *[TryAgain(str(error), AFTER_TROUBLE)] * (len(writes) - half)]

    def _with_the_rest(
        self, writes: Sequence[Write], outcomes: Mapping[str, Outcome], send: Send
    ) -> Sequence[Outcome]:
        """The outcomes that are known, and those of sending the others."""
        rest = [write for write in writes if write.key not in outcomes]
        sent = iter(self._in_parts(rest, send))
        return [outcomes[write.key] if write.key in outcomes else next(sent) for write in writes]

    def _present(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Row]:
        numbers = sorted({number for id in ids if (number := mapping.read_id(id)) is not None})
        rows = self._parties([["id", "in", numbers]], (*fields, "replaced_by")) if numbers else []
        return {str(row["id"]): row for row in rows}

    def _parties(self, domain: Sequence[object], fields: Sequence[str]) -> list[Row]:
        method = "party.party.search_read"
        try:
            rows: list[Row] = self._client.read(
                method, list(domain), 0, None, None, list(dict.fromkeys(fields)), context=WITH_INACTIVE
            )
        except Refused as refused:
            raise TryAgain(str(refused), AFTER_TROUBLE) from refused
        return rows

    def _receipt(self, key: str, id: int, *, created: bool = True) -> Receipt:
        return Receipt(key, str(id), created, self._now())


def _rounds(writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    """The writes in order, in parts in which no key and no record comes twice, so that each builds on what
    the one before it did."""
    part: list[Write] = []
    present: set[str] = set()
    for write in writes:
        names = {write.key, _id(write) or write.key}
        if names & present or len(part) == AT_ONCE:
            yield part
            part, present = [], set()
        part.append(write)
        present |= names
    if part:
        yield part


def _refusal(row: Row | None, id: str, field: str) -> Outcome | None:
    """Why nothing is written on this party; None where it can be."""
    if row is None:
        return _deleted(id, field)
    if row["replaced_by"]:
        into = str(row["replaced_by"])
        return MovedTo(f"The party {id!r} was replaced by {into!r}.", "contact", into)
    return None


def _deleted(id: str, field: str) -> Rejected:
    return Rejected(f"There is no party {id!r} in {TITLE}.", (field,))


def _id(write: Write) -> str:
    return write.target.id if isinstance(write.target, Existing) else ""


def _activity_id(write: Write) -> int:
    number = mapping.read_id(_id(write))
    if number is None:
        raise Rejected(f"There is no activity {_id(write)!r} in {TITLE}.", ("activity",))
    return number
