"""Deciding one participant, against reading one telephone number.

The floor is one parse, validation and formatting of a number with `phonenumbers`. The value is `decide` on
interactions whose `known` is prepared, divided by their outside participants: calls and mails of invented
people, some of whom are found and some of whom are not.
"""

from __future__ import annotations

import sys

import phonenumbers

from benchmarks.installations import TEAM
from benchmarks.measuring import Figure, figure, print_all, seconds
from firstcontact.connectors.address_book.capabilities import CAPABILITIES
from firstcontact.identity.records import CrmUser, Record
from firstcontact.interactions.model import Call, Email, Handle, Interaction, Participant
from firstcontact.policy.decide import decide
from firstcontact.policy.known import BrakeFacts, CrmContext, Known, ObservedName, PersonFacts, ThreadMessage
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.settings import Effective

COUNT = 2000
ROUNDS = 7
LIMIT = 1.0
AT = 1_767_000_000_000_000
OURS = Handle("email", "ana@northwind.example", "ana@northwind.example")
LINE = Handle("phone", "+14155550100", "+14155550100")


def call(number: int) -> tuple[Interaction, Known]:
    """A call from an invented number; every second one is a contact's."""
    handle = Handle("phone", f"+1415{2000000 + number}", f"+1415{2000000 + number}")
    fact = Call(
        id=f"call-{number}", source="bench", source_id=str(number), conversation=str(number), at=AT,
        participants=(Participant("from", (handle,), "PARK JO"), Participant("to", (LINE,))),
        direction="inbound", result="answered", seconds=60,
    )  # fmt: skip
    return fact, known({handle.key: facts(handle, number)})


def mail(number: int) -> tuple[Interaction, Known]:
    """A mail from one invented person with another in copy."""
    people = [f"jo{number}@firm{number % 500}.example", f"sam{number}@firm{number % 500}.example"]
    handles = [Handle("email", address, address) for address in people]
    fact = Email(
        id=f"mail-{number}", source="bench", source_id=str(number), conversation=str(number), at=AT,
        participants=(
            Participant("from", (handles[0],), "Jo Park"),
            Participant("to", (OURS,), "Ana Ruiz"),
            Participant("cc", (handles[1],), "Sam Lee"),
        ),
        subject="Order",
    )  # fmt: skip
    return fact, known({handle.key: facts(handle, number) for handle in handles})


def facts(handle: Handle, number: int) -> PersonFacts:
    """Found for every second one, else absent with a name."""
    name = ObservedName("Jo", "Park", "header", at=AT)
    if number % 2:
        return PersonFacts(status="absent", names=(name,))
    record = Record(type="contact", id=f"c{number}", handles=(handle,), first_name="Jo", last_name="Park")
    return PersonFacts(status="found", records=(record,), names=(name,))


def known(people: dict[str, PersonFacts]) -> Known:
    """What a batch's look-up would have said."""
    user = CrmUser("ana-ruiz", "Ana Ruiz", OURS.key)
    context = CrmContext(capabilities=CAPABILITIES, users={"ana-ruiz": user}, active=frozenset({"ana-ruiz"}))
    thread = (ThreadMessage((OURS.key,)), ThreadMessage(("jo@firm.example",)))
    return Known(
        at=AT, connection="address_book", crm=context, people=people, thread=thread, brake=BrakeFacts()
    )


def ratio(name: str, cases: list[tuple[Interaction, Known]], settings: Effective) -> Figure:
    """Microseconds per participant, against microseconds per number."""
    participants = sum(len(prepared.people) for _, prepared in cases)
    numbers = [f"(415) 555-{number % 10000:04}" for number in range(COUNT)]

    def deciding() -> None:
        for fact, prepared in cases:
            decide(fact, prepared, settings)

    def reading() -> None:
        for text in numbers:
            number = phonenumbers.parse(text, "US")
            phonenumbers.is_valid_number(number)
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    deciding()
    reading()
    pairs = [
        (seconds(deciding) / participants * 1e6, seconds(reading) / len(numbers) * 1e6) for _ in range(ROUNDS)
    ]
    return figure(name, "µs per participant", pairs, LIMIT, f"{participants} participants")


def measure() -> list[Figure]:
    """Calls and mails, each on their own."""
    settings = SettingsBook.from_mapping(TEAM, {"preset": "standard"}).effective("ana-ruiz", "address_book")
    calls = [call(number) for number in range(COUNT)]
    mails = [mail(number) for number in range(COUNT)]
    return [ratio("decide_call", calls, settings), ratio("decide_mail", mails, settings)]


if __name__ == "__main__":
    sys.exit(print_all(measure()))
