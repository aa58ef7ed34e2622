"""What goes into a contact's fields: every mode on every state, and what holds for all of them (SPEC §8)."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.connectors.kinds import capabilities
from firstcontact.explain.catalogue import sentence
from firstcontact.identity.records import MailingAddress, Record
from firstcontact.identity.team import Team, User
from firstcontact.interactions.model import Email, Handle, MailSigns, Participant
from firstcontact.planning.enrichment import fields_of
from firstcontact.planning.plan import Links, plan
from firstcontact.planning.write import ContactFields
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
from firstcontact.policy.enrichment import CLASSIFIED, allowed, subject, token
from firstcontact.policy.field_values import current, mailing_text, same, shown
from firstcontact.policy.known import (
    ContactField,
    CrmContext,
    Known,
    ObservedName,
    ObservedValue,
    PersonFacts,
    Ruling,
    WrittenValue,
)
from firstcontact.policy.settings import Effective

JO, ANA = "jo@acme.example", "ana@firm.example"
NEW_JO = "jo.diaz@acme-group.example"
TEAM = Team(
    region="US", domains=("firm.example",), users=(User("ana", emails=(ANA,), phones=("+14155550100",)),)
)
BOOK = capabilities("address_book")
MODES = ("always", "if_empty", "ours_or_empty", "never")
ADDRESS = MailingAddress(
    street="1 Main St", city="Springfield", postal_code="12345", state="NY", country="US"
)


def mail(at: int = 10, id: str = "e1", **signs: Any) -> Email:
    return Email(
        id=id,
        source="test",
        source_id=id,
        conversation=id,
        at=at,
        participants=(
            Participant("from", (Handle("email", JO, JO),), "Jo Diaz"),
            Participant("to", (Handle("email", ANA, ANA),)),
        ),
        body="Hello",
        signs=MailSigns(**signs),
    )


def contact(**fields: Any) -> Record:
    emails = fields.pop("emails", (JO,))
    phones = fields.pop("phones", ())
    keys = [Handle("email", each, each) for each in emails] + [Handle("phone", each, each) for each in phones]
    whole = {"type": "contact", "id": "c1", "name": "Jo Diaz", "first_name": "Jo", "last_name": "Diaz"}
    return Record(**{**whole, "emails": emails, "phones": phones, "handles": tuple(keys), **fields})  # type: ignore[arg-type]


def said(field: str, value: str, at: int = 10, id: str = "e1", source: str = "signature") -> ObservedValue:
    return ObservedValue(cast(ContactField, field), value, source, id, at)


def wrote(field: str, value: str, at: int = 5) -> WrittenValue:
    return WrittenValue("c1", cast(ContactField, field), value, at)


def outcome(
    record: Record,
    *observed: ObservedValue,
    interaction: Email | None = None,
    settings: dict[str, Any] | None = None,
    crm: Any = BOOK,
    name: str = "Jo Diaz",
    **facts: Any,
) -> Decision:
    first, _, last = name.partition(" ")
    names = (ObservedName(first, last, "header", "e1", 10),)
    person = PersonFacts(status="found", records=(record,), names=names, observed=observed, **facts)
    known = Known(at=20, connection="crm", crm=CrmContext(capabilities=crm), people={JO: person})
    return decide(interaction or mail(), known, Effective(team=TEAM, **(settings or {})))


def changed(decision: Decision) -> dict[str, str]:
    return {change.field: change.value for change in decision.people[0].changes}


# --- the table ------------------------------------------------------------------------------------

STATES = {
    "blank": {"record": {}, "written": ()},
    "ours": {"record": {"title": "Clerk"}, "written": (wrote("title", "Clerk"),)},
    "a person's": {"record": {"title": "Clerk"}, "written": ()},
    "edited after us": {"record": {"title": "Chief"}, "written": (wrote("title", "Clerk"),)},
    "emptied after us, another value": {"record": {}, "written": (wrote("title", "Clerk"),)},
    "emptied after us, the same value": {"record": {}, "written": (wrote("title", "VP Finance"),)},
}
WRITES = {
    "always": set(STATES),
    "if_empty": {"blank", "emptied after us, another value"},
    "ours_or_empty": {"blank", "ours", "emptied after us, another value"},
    "never": set(),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("state", STATES)
def test_every_mode_on_every_state_of_a_field(mode: str, state: str) -> None:
    """A field is written where the mode says so, and nowhere else; what was there before is told."""
    there = STATES[state]
    record = contact(**there["record"])
    decision = outcome(
        record,
        said("title", "VP Finance"),
        settings={"enrich": {"title": mode}},
        written=there["written"],
    )
    writes = changed(decision)
    assert ("title" in writes) == (state in WRITES[mode])
    for change in decision.people[0].changes:
        assert (change.value, change.before, change.mode) == ("VP Finance", record.title, mode)


@pytest.mark.parametrize(
    ("ours", "edited", "writes"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_without_a_setting_ours_is_kept_fresh_and_a_persons_left_alone(
    ours: bool, edited: bool, writes: bool
) -> None:
    """A value on a contact of ours that nobody has edited is replaced by a newer one; on a person's,
    never."""
    record = contact(title="Clerk", created_by_us=ours, edited_by_person=edited)
    assert bool(changed(outcome(record, said("title", "VP Finance")))) == writes


def test_where_the_crm_does_not_tell_the_ledger_knows_what_is_ours() -> None:
    """A contact that we made is kept fresh also where the CRM has no mark of it."""
    assert changed(outcome(contact(), said("title", "VP Finance"), made=("c1",))) == {"title": "VP Finance"}
    assert not changed(outcome(contact(), said("title", "VP Finance")))


@pytest.mark.parametrize("field", sorted(CLASSIFIED))
def test_classify_is_a_second_key(field: str) -> None:
    """Department, seniority and persona are written where either setting says so."""
    value = said(field, "Finance", source="title")
    for settings in ({"enrich": {field: "if_empty"}}, {"classify": {field: "if_empty"}}):
        assert changed(outcome(contact(), value, settings=settings)) == {field: "Finance"}
    assert not changed(outcome(contact(), value, settings={"enrich": {field: "never"}}))


# --- fields that are not like others --------------------------------------------------------------


def test_a_number_that_the_contact_has_is_nothing_new() -> None:
    """Wherever on the contact it stands, a number is not written a second time."""
    record = contact(phones=("+14155550123",), mobiles=("+14155550123",))
    assert not changed(
        outcome(record, said("phone", "+14155550123"), settings={"enrich": {"phone": "always"}})
    )


def test_the_number_that_somebody_was_made_by_is_not_replaced() -> None:
    """On a contact of ours a number that we did not write from a signature stays, so that its calls are
    found."""
    record = contact(phones=("+14155550123",), created_by_us=True)
    assert not changed(outcome(record, said("phone", "+14155550124")))
    fresh = outcome(record, said("phone", "+14155550124"), written=(wrote("phone", "+14155550123"),))
    assert changed(fresh) == {"phone": "+14155550124"}
    assert fields_of(fresh.people[0].changes).without_phones == ("+14155550123",)


def test_what_somebody_else_has_is_written_on_nobody() -> None:
    """A number or address that another record or signature has stays away, and the trace says so."""
    decision = outcome(
        contact(created_by_us=True), said("phone", "+14155550124"), of_others=("+14155550124",)
    )
    assert not changed(decision)
    assert "enrichment_shared:phone" in decision.reasons()


def test_an_address_is_added_and_the_main_one_stays() -> None:
    """A new address goes beside the one that is there; only after a bounce of that it becomes the main
    one."""
    record = contact(created_by_us=True)
    assert changed(outcome(record, said("email", NEW_JO))) == {"email": NEW_JO}
    over = outcome(record, said("email", NEW_JO), undeliverable=(JO,))
    assert changed(over) == {"email": NEW_JO, "main_email": NEW_JO}
    assert fields_of(over.people[0].changes).main_email == NEW_JO


def test_a_bounce_reopens_whoever_added_another_address() -> None:
    """The decision that knows another address waits for news of a bounce, and then makes that the main
    one."""
    both = contact(created_by_us=True, emails=(JO, NEW_JO))
    written = (wrote("email", NEW_JO),)
    assert f"bounce:{JO}" in outcome(both, written=written).people[0].waits_for
    assert changed(outcome(both, written=written, undeliverable=(JO,))) == {"main_email": NEW_JO}
    assert not changed(outcome(contact(created_by_us=True), undeliverable=(JO,)))


def test_a_person_says_which_address_is_the_main_one() -> None:
    """On a ruling an address becomes the main one, without a bounce and whatever the modes."""
    ruling = Ruling(about=subject(JO), settles=(f"+{token('main_email', NEW_JO)}",))
    both = contact(emails=(JO, NEW_JO))
    assert changed(outcome(both, written=(wrote("email", NEW_JO),), enriching=ruling)) == {
        "main_email": NEW_JO
    }


def test_a_mailing_address_goes_whole() -> None:
    """An address is written in one piece, into a blank, and never into one that has anything."""
    text = mailing_text(ADDRESS)
    settings = {"enrich": {"mailing_address": "if_empty"}}
    (change,) = outcome(contact(), said("mailing", text), settings=settings).people[0].changes
    assert fields_of((change,)).mailing == ADDRESS
    there = contact(mailing=MailingAddress(city="Elsewhere"))
    assert not changed(outcome(there, said("mailing", text), settings=settings))
    assert shown("mailing", text) == "1 Main St, 12345, Springfield, NY, US"


def test_the_account_says_the_company() -> None:
    """The company of a signature is written where no account names it."""
    settings = {"enrich": {"company": "always"}}
    assert changed(outcome(contact(), said("company", "Acme"), settings=settings)) == {"company": "Acme"}
    assert not changed(outcome(contact(account="a1"), said("company", "Acme"), settings=settings))


def test_a_last_name_is_filled_and_changed_as_the_modes_say() -> None:
    """A missing last name is filled from the sender's own header; another one replaces it only where
    always is chosen, and a short form is no news."""
    fill = {"enrich": {"last_name": "if_empty"}}
    assert changed(outcome(contact(last_name=""), settings=fill)) == {"last_name": "Diaz"}
    always = {"enrich": {"last_name": "always"}}
    assert changed(outcome(contact(), settings=always, name="Jo Smith")) == {"last_name": "Smith"}
    assert not changed(outcome(contact(), settings=fill, name="Jo Smith"))
    assert not changed(outcome(contact(), settings=always, name="Jo D"))
    assert not changed(outcome(contact(), settings=always, name="Jo S."))


# --- who speaks -----------------------------------------------------------------------------------

EVERYTHING = {"enrich": dict.fromkeys(("title", "phone", "last_name", "email"), "always")}


def test_another_persons_mail_from_the_address_says_nothing() -> None:
    """Somebody with another given name at the contact's address changes nothing on it."""
    decision = outcome(contact(), said("title", "VP Finance"), settings=EVERYTHING, name="Kim Osei")
    assert not changed(decision)
    assert "enrichment_other_name" in decision.reasons()


@pytest.mark.parametrize(
    "interaction",
    [
        mail(automated=("auto-submitted",)),
        mail(authentication=(("mx.firm.example", "dmarc", "fail"),)),
    ],
    ids=["a machine", "forged"],
)
def test_machines_and_forgers_say_nothing(interaction: Email) -> None:
    """What a machine sends, or our own server takes for forged, enriches nobody, and the trace says why."""
    decision = outcome(contact(), said("title", "VP"), interaction=interaction, settings=EVERYTHING)
    assert not changed(decision)
    (told,) = (reason for reason in decision.trace if reason.name == "enrichment_not_own")
    assert told.effect == "note"
    assert "is not taken over: " in sentence(told)


def test_whose_word_it_is_matters_only_where_something_may_be_written() -> None:
    """Of a contact that the settings leave alone, nobody is told that a machine's mail does not count."""
    machine = mail(automated=("auto-submitted",))
    theirs, ours = contact(), contact(created_by_us=True)
    assert "enrichment_not_own" not in outcome(theirs, interaction=machine).reasons()
    assert "enrichment_not_own" in outcome(ours, interaction=machine).reasons()
    assert "enrichment_not_own" not in outcome(ours, interaction=mail()).reasons()


def test_of_several_contacts_none_is_enriched_by_guess() -> None:
    """Where several contacts bear the address, what is said goes to none that was only picked by a rule."""
    known = outcome(contact(), said("title", "VP"), settings={**EVERYTHING}).people[0]
    assert known.changes
    other = contact(id="c2", last_activity_at=5)
    person = PersonFacts(
        status="found", records=(contact(last_activity_at=9), other), observed=(said("title", "VP"),)
    )
    settings = Effective(team=TEAM, several_contacts="most_recent_activity", **EVERYTHING)  # type: ignore[arg-type]
    known_both = Known(at=20, connection="crm", crm=CrmContext(capabilities=BOOK), people={JO: person})
    decision = decide(mail(), known_both, settings)
    assert (decision.people[0].verdict, decision.people[0].changes) == ("link", ())


def test_a_crm_without_the_field_gets_no_plan_for_it() -> None:
    """What a CRM has no field for is not planned; where contacts cannot be changed, nothing is."""
    bare = msgspec.structs.replace(BOOK, contact_fields=frozenset())
    values = (said("title", "VP"), said("mobile", "+14155550124"), said("phone", "+14155550125"))
    every = {"enrich": dict.fromkeys(("title", "mobile", "phone"), "always")}
    assert changed(outcome(contact(), *values, settings=every, crm=bare)) == {"phone": "+14155550125"}
    fixed = msgspec.structs.replace(BOOK, updates_contacts=False)
    assert not changed(outcome(contact(), *values, settings=every, crm=fixed))


def test_only_this_very_interaction_enriches() -> None:
    """What another mail said is that mail's to write."""
    assert not changed(outcome(contact(), said("title", "VP", id="e0"), settings=EVERYTHING))


def test_nothing_older_than_what_was_written_is_written() -> None:
    """A mail that comes late overwrites nothing that a newer one said, also where always is chosen."""
    record = contact(title="Director")
    decision = outcome(
        record, said("title", "Clerk"), settings=EVERYTHING, written=(wrote("title", "Director", at=15),)
    )
    assert not changed(decision)
    assert "enrichment_older:title" in decision.reasons()


def test_values_wait_for_a_person_where_they_are_to_be_asked() -> None:
    """With `autonomy.enrich: ask` nothing is planned until a person accepts; what they refuse is not
    asked."""
    ask = {**EVERYTHING, "autonomy": {"enrich": "ask"}}
    asked = outcome(contact(), said("title", "VP"), settings=ask)
    assert [change.ask for change in asked.people[0].changes] == [True]
    assert not written_by(asked)
    for sign, planned in (("+", 1), ("-", 0)):
        ruling = Ruling(about=subject(JO), settles=(f"{sign}{token('title', 'VP')}",))
        ruled = outcome(contact(), said("title", "VP"), settings=ask, enriching=ruling)
        assert len(written_by(ruled)) == planned


def written_by(decision: Decision) -> list[ContactFields]:
    made = plan(decision, mail(), Links(connection="crm"), BOOK)
    return [each.fields for each in made.writes if each.kind == "update_contact"]  # type: ignore[misc]


# --- a new contact --------------------------------------------------------------------------------


def test_a_new_contact_gets_the_newest_of_everything() -> None:
    """Values of any of their mails go onto the contact that is made, but for what others have, what the
    CRM has no field for, and what is never to be written."""
    values = (
        said("title", "VP", id="e0"), said("phone", "+14155550123"), said("mobile", "+14155550124"),
        said("mailing", mailing_text(ADDRESS)), said("email", NEW_JO),
    )  # fmt: skip
    facts = PersonFacts(
        status="absent",
        names=(ObservedName("Jo", "Diaz", "header", "e1", 10),),
        observed=values,
        of_others=("+14155550124",),
    )
    known = Known(at=20, connection="crm", crm=CrmContext(capabilities=BOOK), people={JO: facts})
    settings = Effective(team=TEAM, engagement="any", enrich={"email": "never"})
    decision = decide(mail(), known, settings)
    made = plan(decision, mail(), Links(connection="crm"), BOOK)
    fields = next(each.fields for each in made.writes if each.kind == "create_contact")
    assert isinstance(fields, ContactFields)
    assert (fields.title, fields.phones, fields.mobiles) == ("VP", ("+14155550123",), ())
    assert (fields.mailing, fields.emails) == (ADDRESS, (JO,))
    assert made.reserves.keys() == {JO, "+14155550123"}


# --- properties -----------------------------------------------------------------------------------

TEXTS = st.sampled_from(["", "Clerk", "VP Finance", "Chief"])
TIMES = st.integers(1, 12)
WRITTEN = st.lists(st.builds(wrote, st.just("title"), TEXTS.filter(bool), TIMES), max_size=1).map(tuple)
SETTINGS = st.fixed_dictionaries({"enrich": st.dictionaries(st.just("title"), st.sampled_from(MODES))})


@given(
    title=TEXTS, value=TEXTS.filter(bool), at=TIMES, written=WRITTEN, ours=st.booleans(),
    edited=st.booleans(), settings=SETTINGS,
)  # fmt: skip
def test_nothing_is_ever_taken_from_an_owner_or_written_twice(
    title: str, value: str, at: int, written: Any, ours: bool, edited: bool, settings: Any
) -> None:
    """Whatever stands there: the owner is never among the changes, a value that is there already is not
    written, an older one never, and once a value is written the same decision writes nothing more."""
    record = contact(title=title, created_by_us=ours, edited_by_person=edited, owner="bo")
    decision = outcome(
        record, said("title", value, at=at), interaction=mail(at), settings=settings, written=written
    )
    changes = decision.people[0].changes
    assert all(change.field != "owner" for change in changes)
    for fields in written_by(decision):
        assert not fields.owner
    if changes:
        assert not same("title", title, value, "US")
        assert all(each.at < at for each in written)
        after = outcome(
            msgspec.structs.replace(record, title=value),
            said("title", value, at=at),
            interaction=mail(at),
            settings=settings,
            written=(wrote("title", value, at),),
        )
        assert not after.people[0].changes


@given(
    mode=st.sampled_from(MODES), blank=st.booleans(), ours=st.booleans(), edited=st.booleans(),
    again=st.booleans(),
)  # fmt: skip
def test_a_persons_value_is_only_ever_overwritten_where_always_is_chosen(
    mode: Any, blank: bool, ours: bool, edited: bool, again: bool
) -> None:
    """What stands there and is not ours, or was edited after us, is overwritten by `always` alone."""
    refusal = allowed(mode, blank=blank, ours=ours, edited=edited, said_again=again)
    if not blank and (not ours or edited) and mode != "always":
        assert refusal
    if mode == "never":
        assert refusal == "never"


def test_every_field_that_can_be_written_can_be_read() -> None:
    """For each field of a change there is a place on the record that says what stood there before."""
    record = contact(title="VP", phones=("+14155550123",))
    for field in ("title", "phone", "email", "main_email", "mailing", "company", "first_name", "last_name"):
        assert isinstance(current(record, field), str)
