"""Sending a wave, and the next step of each outcome: each of the contract's errors is taken here, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import (
    AuthLapsed,
    Crm,
    Exists,
    Gone,
    Moved,
    MovedTo,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.flow.rounds import Round, drop, park, retry
from firstcontact.flow.targets import needs, retargeted_by, targets_of
from firstcontact.identity.records import Record
from firstcontact.planning.write import Existing, Receipt, Write

_PEOPLE = ("contact", "lead")

REFUSED_BY_CRM = "refused_by_crm"
"""How the reason begins for which a merge was dropped where the CRM refused it; its words follow."""


def apply(crm: Crm, ready: Sequence[Write], round: Round, now: int) -> None:
    """The writes are sent, and what becomes of each is in the round. Raises AuthLapsed where nothing was
    carried out."""
    round.sent = {write.key: write for write in ready}
    outcomes: Sequence[Outcome]
    try:
        with crossing(Boundary.APPLY):
            outcomes = crm.apply(ready)
    except TryAgain as error:
        outcomes = [error] * len(ready)
    except Unclear as error:
        outcomes = [Unclear(str(error), write.key) for write in ready]
    answers = list(zip(ready, outcomes, strict=True))
    unmade = {write.key for write, outcome in answers if not isinstance(outcome, Receipt)}
    for write, outcome in answers:
        missed = [key for key in needs(write) if key in unmade]
        if missed and isinstance(outcome, TryAgain):
            round.marks.append((write.key, "waiting", None, missed[0]))
        else:
            _take(write, outcome, round, now)
    _refused(crm, round.refused, round, now)
    _follow(crm, round.moved, round, now)


def _take(write: Write, outcome: Outcome, round: Round, now: int) -> None:
    """The next step that the outcome's name says; what refused and moved writes point at is read afterwards,
    once for all of them."""
    match outcome:
        case Receipt():
            round.receipts.append(outcome)
        case TryAgain():
            # What was sent before, without an answer, may arrive yet: it stays to be looked for.
            retry(round, write, round.intents[write.key].state, now, str(outcome), outcome.after)
        case Unclear():
            retry(round, write, "sent", now, str(outcome), 0.0)
        case Rejected() | MovedTo() if write.kind == "merge_contacts":
            # Two records that are to be one are looked for anew, and a person is shown what was said.
            drop(round, write, f"{REFUSED_BY_CRM}: {outcome}")
        case Rejected():
            round.refused.append((write, outcome))
        case Exists():
            _exists(write, outcome, round, now)
        case MovedTo():
            round.moved.append((write, outcome))


def _refused(crm: Crm, refused: Sequence[tuple[Write, Rejected]], round: Round, now: int) -> None:
    """Each is parked with the CRM's words, unless it was refused because somebody deleted the contact that
    it is about: then the interaction is decided again, without that contact. Where that can't be asked now,
    they go out again later; nothing is raised, since others of the call have been carried out."""
    people = {write.key: _people_on(write) for write, _ in refused}
    wanted = sorted({id for ids in people.values() for id in ids})
    read: Mapping[str, Record | Moved | Gone] = {}
    if wanted:
        try:
            with crossing(Boundary.READ_REFUSED):
                read = crm.read(wanted)
        except (TryAgain, AuthLapsed) as error:
            for write, _ in refused:
                if people[write.key]:
                    retry(round, write, "intended", now, str(error), _wait_of(error))
            refused = [(write, said) for write, said in refused if not people[write.key]]
    for write, said in refused:
        gone = [id for id in people[write.key] if isinstance(read.get(id), Gone)]
        if gone:
            round.gone.update((write.interaction, id) for id in gone)
            drop(round, write, f"deleted in the CRM meanwhile: {', '.join(gone)}")
        else:
            fields = f" ({', '.join(said.fields)})" if said.fields else ""
            park(round, write, f"{said}{fields}")


def _people_on(write: Write) -> list[str]:
    """Ids of the contacts and leads whom a refused write may have lost; () for an update of a contact, which
    is refused where it is deleted, and stays so (APPLY-6)."""
    if write.kind not in ("log_activity", "contact_role"):
        return []
    return sorted(
        {one.id for one in targets_of(write) if isinstance(one, Existing) and one.record in _PEOPLE}
    )


def _exists(write: Write, exists: Exists, round: Round, now: int) -> None:
    """The CRM has this record. A contact is adopted. Another type can't take the contact's place, so it is
    decided again with it in view; where we would still create, the CRM's refusal stands."""
    round.decide_again.add(write.interaction)
    if write.kind != "create_contact" or exists.type == "contact":
        round.adopted += 1
        round.receipts.append(Receipt(write.key, exists.id, created=False, at=now))
    elif round.intents[write.key].problem == str(exists):
        park(round, write, str(exists))
    else:
        drop(round, write, str(exists))


def _follow(crm: Crm, moved: Sequence[tuple[Write, MovedTo]], round: Round, now: int) -> None:
    """Each write, with whatever it points at as it is now; where nothing was merged after all, or that can't
    be asked, it is tried again later. Nothing is raised: others of the call have been carried out."""
    targets = {
        target.id for write, _ in moved for target in targets_of(write) if isinstance(target, Existing)
    }
    if not moved:
        return
    try:
        with crossing(Boundary.READ_TO_FOLLOW):
            read = crm.read(sorted(targets))
    except (TryAgain, AuthLapsed) as error:
        for write, _ in moved:
            retry(round, write, "intended", now, str(error), _wait_of(error))
        return
    into = {each.id: each.into for each in read.values() if isinstance(each, Moved)}
    for write, said in moved:
        followed = retargeted_by(write, into)
        if followed == write:
            retry(round, write, "intended", now, str(said), 0.0)
            continue
        round.retargeted.append(followed)
        round.marks.append((write.key, "intended", now, str(said)))
        round.decide_again.add(write.interaction)


def _wait_of(error: TryAgain | AuthLapsed) -> float:
    return error.after if isinstance(error, TryAgain) else 0.0
