"""Carrying out writes: as few requests as Dataverse allows, each write answered for itself (apis A5).

What belongs together (a contact and its first activities) goes as one change set, which happens as a whole or
not at all, as many change sets as fit in one batch. A change set that did not happen spoils only its own:
what of it is there already is looked for by its keys, and the rest goes again write by write, those that
others point at first. So change sets only save requests, and what is refused is said in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from firstcontact.connectors.contract import AuthLapsed, Exists, Outcome, Rejected, TryAgain, Unclear
from firstcontact.connectors.dynamics import batch, jobs, mapping, odata
from firstcontact.connectors.dynamics.batch import ChangeSet, Operation, Part, Result
from firstcontact.connectors.dynamics.building import Builder, check, moved
from firstcontact.connectors.dynamics.client import Api, Refused, after
from firstcontact.connectors.dynamics.environment import Environments
from firstcontact.connectors.dynamics.faults import DUPLICATE, Fault, outcome, read_fault, words
from firstcontact.connectors.dynamics.grouping import apart, beginning, grouped, ordered
from firstcontact.connectors.dynamics.jobs import Job
from firstcontact.connectors.dynamics.look import Look, named
from firstcontact.connectors.dynamics.mapping import Bind, text
from firstcontact.connectors.dynamics.names import ACTIVITIES, SETS, TITLE, id_of
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Environment
from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost
from firstcontact.connectors.toolkit.writes import existing
from firstcontact.planning.write import ContactFields, MergeFields, Receipt, Write

AGAIN_SECONDS = 2.0
_HALTED = "What this points at has not been written; it is sent again with it."
_UNSAID = f"{TITLE} did not say what became of this."
_PEOPLE = ("contact", "lead")


class Carrier:
    """Carries out the writes of one call of `apply`."""

    def __init__(
        self,
        api: Api,
        environments: Environments,
        look: Look,
        region: str,
        now: int,
        writes: Sequence[Write],
        detect: bool,
    ) -> None:
        self._api = api
        self._environments = environments
        self._look = look
        self._region = region
        self._now = now
        self._writes = writes
        self._detect = detect
        self._outcomes: dict[int, Outcome] = {}
        self._jobs: list[Job] = []
        self._merged: dict[tuple[str, str], str] = {}
        self._happened = False
        self._environment = Environment(me="", tables={})

    def carry(self) -> list[Outcome]:
        """One outcome for each write, in order. Raises NotOffered before anything is sent; TryAgain and
        AuthLapsed only where nothing has happened."""
        check(self._writes)
        if not self._writes:
            return []
        self._environment = self._environments.now()
        self._build(range(len(self._writes)))
        _, late = apart(self._merges(job.write for job in self._jobs))
        self._jobs = [job for job in self._jobs if job.write not in late]
        self._send_together()
        self._find_made()
        self._send_singly()
        while late:
            portion, late = apart(self._merges(late))
            self._send_late(portion)
        return [self._outcomes[place] for place in range(len(self._writes))]

    def _merges(self, places: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Loser and survivor of each merge among these writes."""
        return {
            place: (write.fields.loser.id, existing(write.target).id)
            for place in places
            if isinstance((write := self._writes[place]).fields, MergeFields)
        }

    def _build(self, places: Sequence[int]) -> None:
        """The jobs of these writes, from rows as they are now. Raises TryAgain, AuthLapsed, Refused."""
        builder = Builder(self._api, self._environment, self._region, self._now, self._writes, self._detect)
        builder.read(places)
        for place in places:
            built = builder.build(place)
            if isinstance(built, Job):
                self._jobs.append(built)
            else:
                self._outcomes[place] = built

    def _send_late(self, places: Sequence[int]) -> None:
        """Merges of somebody whom another merge of the call has changed: they are looked at anew."""
        try:
            self._build(places)
        except (TryAgain, AuthLapsed, Refused) as trouble:
            if not self._happened and not isinstance(trouble, Refused):
                raise
            wait = trouble.after if isinstance(trouble, TryAgain) else AFTER_TROUBLE
            self._outcomes |= {place: TryAgain(str(trouble), wait) for place in places}
            return
        self._send_singly()

    # --- together -------------------------------------------------------------------------------------

    def _send_together(self) -> None:
        """Each group of jobs that hang together as one change set, as far as it is not too large for one."""
        self._halt()
        self._send([beginning(ordered(group)) for group in grouped(self._open())])

    def _find_made(self) -> None:
        """Of what did not happen, what is there already: who sends a write again is answered with the row
        that the first one made."""
        failed = [job for job in self._open() if job.makes]
        if failed:
            self._adopt(failed)

    def _send_singly(self) -> None:
        """What is left, write by write; what is pointed at goes before what points at it."""
        self._halt()
        while ready := [job for job in self._open() if self._ready(job)]:
            self._send([[job] for job in ready])
            # Each is answered by now; nothing goes round for ever for one that is not.
            if any(job.write not in self._outcomes for job in ready):
                self._unclear(ready, _UNSAID)
            self._halt()

    def _halt(self) -> None:
        """What points at something that was not written waits for it."""
        for job in ordered(self._open()):
            there = [self._outcomes.get(one) for one in job.links()]
            if any(one is not None and not isinstance(one, Receipt) for one in there):
                self._outcomes[job.write] = TryAgain(_HALTED, AGAIN_SECONDS)

    def _open(self) -> list[Job]:
        return [job for job in self._jobs if job.write not in self._outcomes]

    def _ready(self, job: Job) -> bool:
        return all(isinstance(self._outcomes.get(place), Receipt) for place in job.links())

    # --- sending --------------------------------------------------------------------------------------

    def _send(self, groups: Sequence[Sequence[Job]]) -> None:
        """Groups as change sets, in as few batches as they fit into. Those of one job are judged; of others
        that did not happen nothing is said."""
        waiting = list(groups)
        while waiting:
            taken, parts = self._portion(waiting)
            waiting = waiting[len(taken) :]
            self._send_portion(taken, parts)

    def _portion(self, groups: Sequence[Sequence[Job]]) -> tuple[list[Sequence[Job]], list[Part]]:
        """The first groups, as many as fit into one batch. Within a group of several, rows are named by `$`
        and the Content-ID of what makes them; a write by itself names its own row by its key, so that it goes
        through also where an environment does not take the other."""
        guards = self._guards([job for group in groups for job in group])
        parts: list[Part] = list(guards)
        taken: list[Sequence[Job]] = []
        operations, size, content_id = len(guards), 0, 1
        for group in groups:
            made: list[Operation] = []
            places: dict[int, str] = {}
            for job in group:
                key = self._writes[job.write].key
                alone = f"/{jobs.at_key(job.table, key)}"
                places[job.write] = f"${content_id + len(made)}" if len(group) > 1 else alone
                own, table = places[job.write].removeprefix("/"), self._environment.table(job.table)
                made += jobs.operations(job, table, own, self._placed(places))
            part = ChangeSet(tuple(made), content_id)
            if taken and (operations + len(made) > batch.OPERATIONS or size + batch.size(part) > batch.BYTES):
                break
            content_id += len(made)
            operations += len(made)
            size += batch.size(part)
            taken.append(group)
            parts.append(part)
        return taken, parts

    def _placed(self, places: Mapping[int, str]) -> Callable[[Bind], str]:
        def place(bind: Bind) -> str:
            if bind.write < 0:
                return f"/{SETS[bind.table]}({bind.id})"
            found = self._outcomes.get(bind.write)
            if isinstance(found, Receipt):
                return f"/{SETS[bind.table]}({found.id.rpartition(':')[2]})"
            return places[bind.write]

        return place

    def _guards(self, waiting: Iterable[Job]) -> list[Operation]:
        """What asks, in the same request, whether somebody whom a new activity points at was merged:
        Dataverse takes an activity on the merged record, which nobody looks at any more."""
        people = sorted({one for job in waiting if job.makes for one in job.people()})
        return [
            Operation(
                path=odata.select(
                    SETS[table],
                    (id_of(table), "statecode", "_masterid_value"),
                    odata.among(id_of(table), some),
                )
            )
            for table in _PEOPLE
            for some in odata.lists([id for name, id in people if name == table])
        ]

    def _send_portion(self, groups: Sequence[Sequence[Job]], parts: Sequence[Part]) -> None:
        sent = [job for group in groups for job in group]
        try:
            answers = self._api.send(parts)
        except Lost as lost:
            self._unclear(sent, str(lost))
            return
        except (TryAgain, AuthLapsed) as trouble:
            self._trouble(sent, trouble)
            return
        except Refused as refused:
            self._refused_whole(groups, refused)
            return
        guards = len(parts) - len(groups)
        for answer in answers[:guards]:
            self._note_merged(answer[0] if answer else None)
        for group, part, found in zip(groups, parts[guards:], answers[guards:], strict=True):
            assert isinstance(part, ChangeSet)
            if found is None:
                self._unclear(group, _UNSAID)
            elif found[0].ok and all(one.ok for one in found):
                self._take(group, found)
            elif len(group) == 1:
                bad = next(one for one in found if not one.ok)
                self._refused(group[0], bad)
        self._undo_merged(sent)

    def _refused_whole(self, groups: Sequence[Sequence[Job]], refused: Refused) -> None:
        """One of them spoils the request for all; halves find it."""
        if len(groups) > 1:
            half = len(groups) // 2
            self._send(groups[:half])
            self._send(groups[half:])
        elif len(groups[0]) == 1:
            self._outcomes[groups[0][0].write] = outcome(refused.fault)

    # --- answers --------------------------------------------------------------------------------------

    def _take(self, group: Sequence[Job], answers: Sequence[Result]) -> None:
        """A change set happened."""
        self._happened = True
        place = 0
        for job in group:
            result = answers[place]
            place += len(job.steps)
            write = self._writes[job.write]
            if job.note:
                id = odata.guid_from(write.key)
            elif job.makes:
                id = _made(result, job.table)
            else:
                id = job.id
            if id:
                self._done(job, id, created=job.makes)
        # Where an answer does not tell which row it made, its key does.
        silent = [job for job in group if job.write not in self._outcomes]
        if silent:
            self._adopt(silent)
            self._unclear(silent, f"{TITLE} did not say which record it made.")

    def _done(self, job: Job, id: str, *, created: bool) -> None:
        key = self._writes[job.write].key
        self._outcomes[job.write] = Receipt(key, named(job.table, id), created, self._now)

    def _adopt(self, made: Sequence[Job]) -> None:
        """Receipts of those that are there by their keys."""
        try:
            found = self._look.written([self._writes[job.write].key for job in made])
        except (TryAgain, AuthLapsed, Refused):
            return
        for job in made:
            key = self._writes[job.write].key
            if key in found:
                self._outcomes[job.write] = msgspec.structs.replace(found[key], created=False)

    def _refused(self, job: Job, result: Result) -> None:
        """The outcome of a write that was not taken. No trouble in asking why is raised, since others of the
        same call may have been carried out."""
        try:
            self._outcomes[job.write] = self._judge(job, result)
        except (TryAgain, AuthLapsed, Refused) as trouble:
            wait = trouble.after if isinstance(trouble, TryAgain) else AFTER_TROUBLE
            self._outcomes[job.write] = TryAgain(str(trouble), wait)

    def _judge(self, job: Job, result: Result) -> Outcome:
        fault = read_fault(result.status, result.body)
        write = self._writes[job.write]
        if job.makes and fault.taken:
            self._adopt([job])
            return self._outcomes.pop(job.write, TryAgain(words(fault), AGAIN_SECONDS))
        if job.steps[0].method == "DELETE" and fault.gone:
            return Receipt(write.key, named(job.table, job.id), False, self._now)
        if fault.status == 412 and not job.makes and fault.code != DUPLICATE:
            return TryAgain(f"{TITLE}: the record has changed meanwhile; it is read again.", 1.0)
        if fault.code == DUPLICATE and isinstance(write.fields, ContactFields) and job.makes:
            return self._duplicate(job, write.fields, fault)
        if fault.gone and job.meanwhile:
            return TryAgain(words(fault), AGAIN_SECONDS)
        if fault.gone:
            return self._why_gone(job, fault)
        if fault.stale:
            self._environments.forget()
            return TryAgain(f"{TITLE}'s columns have changed; they are asked for anew.", 1.0)
        return outcome(fault, after(result))

    def _duplicate(self, job: Job, fields: ContactFields, fault: Fault) -> Outcome:
        """A duplicate rule does not say which record it found: whoever bears one of the handles. Rules
        compare names too; a contact without a real name is none's duplicate by it."""
        handles, _ = read_fields(fields.emails, fields.phones, self._region)
        found = {one.id: one for answer in self._look.find(handles).values() for one in answer.records}
        bearers = sorted(found.values(), key=lambda one: (not one.active, one.type, one.created_at, one.id))
        if bearers:
            return Exists(words(fault), bearers[0].type, bearers[0].id)
        step = job.steps[0]
        if not fields.placeholder or jobs.DETECT.keys().isdisjoint(step.headers):
            return Rejected(words(fault))
        headers = {name: value for name, value in step.headers.items() if name not in jobs.DETECT}
        plain = msgspec.structs.replace(step, headers=headers)
        self._send([[msgspec.structs.replace(job, steps=(plain,))]])
        return self._outcomes.pop(job.write)

    def _why_gone(self, job: Job, fault: Fault) -> Outcome:
        """Something that the row points at is gone: whether it was merged, and into what."""
        people = sorted(job.people())
        answers = self._look.read([id for _, id in people]) if people else {}
        for table, id in people:
            into = getattr(answers.get(id), "into", "")
            if into:
                return moved(table, id, into)
        return Rejected(words(fault))

    def _note_merged(self, result: Result | None) -> None:
        rows = result.body.get("value") if result and result.ok and isinstance(result.body, Mapping) else None
        for row in rows or ():
            into = mapping.merged_into(row)
            for table in _PEOPLE:
                id = guid(text(row, id_of(table)))
                if into and id:
                    self._merged[(table, id)] = into

    def _undo_merged(self, sent: Sequence[Job]) -> None:
        """Activities of this request on somebody who was merged are taken away again, and decided anew."""
        for job in sent:
            merged = [one for one in sorted(job.people()) if one in self._merged]
            receipt = self._outcomes.get(job.write)
            if not merged or job.table not in ACTIVITIES or not isinstance(receipt, Receipt):
                continue
            if not receipt.created:
                continue
            id = receipt.id.rpartition(":")[2]
            undo = ChangeSet((Operation(method="DELETE", path=jobs.by_id(job.table, id)),))
            try:
                (answer,) = self._api.send([undo])
            except (TryAgain, AuthLapsed, Refused, Lost):
                continue
            if answer and answer[0].ok:
                table, old = merged[0]
                self._outcomes[job.write] = moved(table, old, self._merged[merged[0]])

    def _unclear(self, sent: Iterable[Job], sentence: str) -> None:
        self._happened = True
        for job in sent:
            if job.write not in self._outcomes:
                self._outcomes[job.write] = Unclear(sentence, self._writes[job.write].key)

    def _trouble(self, sent: Iterable[Job], trouble: TryAgain | AuthLapsed) -> None:
        if not self._happened:
            raise trouble
        wait = trouble.after if isinstance(trouble, TryAgain) else AFTER_TROUBLE
        for job in sent:
            if job.write not in self._outcomes:
                self._outcomes[job.write] = TryAgain(str(trouble), wait)


def _made(result: Result, table: str) -> str:
    """The id of a row that was made: in the body, or in the address that the answer names."""
    if isinstance(result.body, Mapping) and guid(text(result.body, id_of(table))):
        return guid(text(result.body, id_of(table)))
    address = result.headers.get("odata-entityid") or result.headers.get("location") or ""
    return guid(address.rpartition("(")[2].partition(")")[0])
