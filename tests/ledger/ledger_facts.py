"""Short facts, decisions and writes for the ledger's tests."""

from __future__ import annotations

from typing import Any

from firstcontact.identity.records import Record
from firstcontact.interactions.model import Call, Email, Handle, MailSigns, Participant, Sms
from firstcontact.ledger.deciding import Decided
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    CreatedBy,
    Existing,
    Target,
    Write,
)
from firstcontact.policy.decision import Decision, PersonVerdict, Reason
from firstcontact.policy.known import Known, PersonFacts

JO = "+14155550123"
KIM = "kim@acme.example"
CRM = "crm"


def handle(key: str) -> Handle:
    """A handle whose value is its key."""
    return Handle("email" if "@" in key else "phone", key, key)


def call(id: str, at: int = 1, key: str = JO, name: str = "", recording: str = "") -> Call:
    """An answered call from somebody."""
    return Call(
        id=id, source="t", source_id=f"s-{id}", conversation=f"c-{id}", at=at, direction="inbound",
        participants=(Participant("from", (handle(key),), name),), result="answered", seconds=5,
        recording=recording,
    )  # fmt: skip


def mail(id: str, at: int = 1, key: str = KIM, thread: str = "thread", automated: bool = False) -> Email:
    """A mail from somebody."""
    return Email(
        id=id, source="t", source_id=f"{id}@mail.example", conversation=thread, at=at,
        participants=(Participant("from", (handle(key),)), Participant("to", (handle("ana@firm.example"),))),
        signs=MailSigns(automated=("list-id",) if automated else ()),
    )  # fmt: skip


def text(id: str, at: int, body: str) -> Sms:
    """A text from somebody."""
    return Sms(
        id=id, source="t", source_id=id, conversation="texts", at=at, direction="inbound", body=body,
        participants=(Participant("from", (handle(JO),)),),
    )  # fmt: skip


def decided(
    interaction: str,
    *people: PersonVerdict,
    activity: Any = "log",
    reasons: tuple[Reason, ...] = (),
    waits_for: tuple[str, ...] = (),
    at: int = 5,
    context: str = "context",
) -> Decided:
    """A decision and a `known` with one person looked up."""
    decision = Decision(
        interaction=interaction, at=at, settings_version="v1", people=people, activity=activity,
        trace=reasons, waits_for=waits_for,
    )  # fmt: skip
    record = Record(type="contact", id="r1", name="Jo Diaz", handles=(handle(JO),))
    known = Known(at=at, connection=CRM, people={JO: PersonFacts(status="found", records=(record,))})
    return Decided(decision, known, context)


def verdict(about: str, said: Any = "link", **more: Any) -> PersonVerdict:
    """What was decided about one person."""
    return PersonVerdict(about=about, verdict=said, **more)


def create(key: str, about: str = JO, interaction: str = "i1", **fields: Any) -> Write:
    """A contact to be made."""
    return Write(
        key=key, kind="create_contact", interaction=interaction, subject=about,
        fields=ContactFields(interaction=interaction, **fields),
    )  # fmt: skip


def log(key: str, interaction: str = "i1", body: str = "", people: tuple[Target, ...] = ()) -> Write:
    """An activity to be made."""
    return Write(
        key=key, kind="log_activity", interaction=interaction, subject=interaction,
        fields=activity(interaction, body, people),
    )  # fmt: skip


def change(key: str, of: str, body: str, *changed: str, interaction: str = "i1") -> Write:
    """An activity to be changed."""
    return Write(
        key=key, kind="update_activity", interaction=interaction, subject=key, target=CreatedBy(of),
        fields=activity(interaction, body), changed=changed,
    )  # fmt: skip


def activity(interaction: str, body: str = "", people: tuple[Target, ...] = ()) -> ActivityFields:
    """Fields of a call's activity."""
    return ActivityFields(
        kind="call", interactions=(interaction,), at=1, subject="Call", body=body, people=people
    )


def contact(id: str) -> Existing:
    """A contact that is there."""
    return Existing("contact", id)
