"""Enrichment: which values that an interaction said of a person go into fields of their contact (SPEC §8).

Per field one of four modes. Only what this very interaction said, and only where it is younger than what we
wrote last: an older one never overwrites a newer. Never the owner. The table of modes is `allowed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Literal, NamedTuple, cast, get_args

from firstcontact.identity.names import PersonName, same_person_name
from firstcontact.identity.records import Record
from firstcontact.interactions.model import Email
from firstcontact.policy.case import Person, team_index
from firstcontact.policy.decision import Effect, FieldChange, PersonVerdict
from firstcontact.policy.field_values import FIELD_NAMES, HANDLES, current, handle_key, same, shown
from firstcontact.policy.known import ContactField, ObservedName, ObservedValue, WrittenValue
from firstcontact.policy.own_word import WHY, not_own
from firstcontact.policy.rules.said import Said
from firstcontact.policy.settings import EnrichMode

CLASSIFIED: frozenset[str] = frozenset({"department", "seniority", "persona"})
"""Worked out from the title; a second setting, `classify`, may say to write them, too."""
ALWAYS_OFFERED: frozenset[str] = frozenset({"first_name", "last_name", "email", "phone"})
_FROM_NAMES = ("header", "signature")


class Enriched(NamedTuple):
    """The values to be written, why they are and others are not, and the topics whose news may say more."""

    changes: tuple[FieldChange, ...] = ()
    said: tuple[Said, ...] = ()
    waits_for: tuple[str, ...] = ()


NOTHING = Enriched()

Refusal = Literal["", "never", "filled", "enrichment_older", "edited_by_person", "enrichment_shared"]


VALUES = "enrich:"


def subject(about: str) -> str:
    """What a question about values of a person, and its ruling, is about."""
    return f"{VALUES}{about}"


def asks(verdict: PersonVerdict) -> bool:
    """Whether a person is asked about values of somebody before they are written."""
    return verdict.verdict == "link" and any(change.ask for change in verdict.changes)


def token(field: str, value: str) -> str:
    """How a ruling names a value: by its field, and without the value itself."""
    return f"{field}:{sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def allowed(
    mode: EnrichMode,
    *,
    blank: bool,
    ours: bool,
    edited: bool,
    said_again: bool,
) -> Refusal:
    """Whether a field may be written: "" where it may, else what keeps it.

    blank: nothing stands there. ours: what stands there is what we wrote. edited: a person changed or emptied
    it after we wrote. said_again: the value is the one that we wrote before. What a person emptied is not
    filled with the same again.
    """
    if mode == "never":
        return "never"
    if mode == "always":
        return ""
    if blank:
        return "edited_by_person" if edited and said_again else ""
    if mode == "ours_or_empty" and ours and not edited:
        return ""
    return "edited_by_person" if edited else "filled"


# --- a contact that is there ------------------------------------------------------------------------------


def of_contact(person: Person, record: Record, *, renamed: bool, sure: bool) -> Enriched:
    """What this interaction changes on the contact that the person is linked to.

    renamed: the record takes the person's name anyway. sure: it is the only contact with the handle, or a
    person chose it.
    """
    case = person.case
    if person.role != "from" or case.kind != "email" or not sure or not record.active:
        return NOTHING
    if not case.capabilities.updates_contacts or person.domain is None or person.is_resource:
        return NOTHING
    assert isinstance(case.interaction, Email)
    why = not_own(case.interaction, person.participant, team_index(case.settings.team))
    if why is not None:
        said = Said("enrichment_not_own", "note", (("why", WHY[why]),))
        return Enriched(said=(said,)) if _would_take(person, record) else NOTHING
    own = _own_name(person)
    values = list(_said_here(person, record, own, renamed=renamed))
    if not values and len(record.emails) < 2:
        return NOTHING
    if own is not None and _somebody_else(record, own):
        shown = " ".join(filter(None, (own.first, own.last)))
        return Enriched(said=(Said("enrichment_other_name", "note", (("name", shown),)),))
    work = _Contact(person, record)
    for value in values:
        work.consider(value)
    return work.come_to()


def _would_take(person: Person, record: Record) -> bool:
    """Whether the settings let anything that a mail may say of its sender into this contact."""
    mine = record.created_by_us or record.id in person.facts.made
    return any(
        mode != "never"
        for field in get_args(ContactField)
        if offered(person, field)
        for mode in modes(person, field, mine=mine)
    )


class _Contact:
    """One contact, and what the values of an interaction come to on it."""

    def __init__(self, person: Person, record: Record) -> None:
        self.person = person
        self.record = record
        self.case = person.case
        self.region = record.country or person.case.settings.team.region
        self.written = {each.field: each for each in person.facts.written if each.record == record.id}
        self.mine = record.created_by_us or record.id in person.facts.made
        self.changes: list[FieldChange] = []
        self.said: list[Said] = []

    def consider(self, value: ObservedValue) -> None:
        """Plan the value, or say what keeps it where that is worth knowing."""
        field = value.field
        if not offered(self.person, field) or self._there_already(field, value.value):
            return
        if field == "company" and self.record.account:
            return  # the account says whose they are
        before = current(self.record, field)
        mode, refusal = self._allowed(value, before)
        if not refusal and field in HANDLES and _of_others(self.person, field, value.value):
            refusal = "enrichment_shared"
        if not refusal:
            self._change(field, value.value, "" if field == "email" else before, mode, value.source)
        elif refusal not in ("never", "filled"):
            self._say(refusal, field, value.value)

    def _say(self, name: str, field: str, value: str) -> None:
        values = (("field", FIELD_NAMES.get(field, field)), ("value", shown(field, value)))
        self.said.append(Said(f"{name}:{field}", "note", values))

    def _there_already(self, field: str, value: str) -> bool:
        """Whether the record says so already, in whichever field."""
        if field in ("phone", "mobile", "email"):
            key = handle_key(value, self.region)
            return any(handle.key == key for handle in self.record.handles)
        return same(field, current(self.record, field), value, self.region)

    def _allowed(self, value: ObservedValue, before: str) -> tuple[str, Refusal]:
        """The mode that says so and "", else why not; of two settings that may say so, either does."""
        written = self.written.get(value.field)
        last: Refusal = "never"
        for mode in modes(self.person, value.field, mine=self.mine):
            refusal = self._by(mode, value, before, written)
            if not refusal and written is not None and value.at <= written.at:
                refusal = "edited_by_person" if self._said_again(value, written) else "enrichment_older"
            if not refusal:
                return mode, ""
            last = refusal if refusal != "never" else last
        return "", last

    def _said_again(self, value: ObservedValue, written: WrittenValue | None) -> bool:
        return written is not None and same(value.field, written.value, value.value, self.region)

    def _by(
        self, mode: EnrichMode, value: ObservedValue, before: str, written: WrittenValue | None
    ) -> Refusal:
        """What one mode says."""
        field, again = value.field, self._said_again(value, written)
        if field == "email":  # an address is added, and takes no other's place
            gone = written is not None and not self._there_already("email", written.value)
            blank = not self.record.emails
            return allowed(mode, blank=blank, ours=self.mine, edited=gone and again, said_again=again)
        if written is not None:
            mine = same(field, before, written.value, self.region)
            return allowed(mode, blank=not before, ours=mine, edited=not mine, said_again=again)
        # What we wrote when we made the contact; the handle that it was made by is nobody's to replace.
        mine = self.mine and not self.record.edited_by_person and field not in HANDLES
        return allowed(mode, blank=not before, ours=mine, edited=False, said_again=False)

    def _change(self, field: str, value: str, before: str, mode: str, source: str) -> None:
        answers = self.person.facts.enriching.settles if self.person.facts.enriching is not None else ()
        if f"-{token(field, value)}" in answers:
            self._say("enrichment_refused", field, value)
            return
        ask = self.case.settings.autonomy.get("enrich", "act") == "ask"
        ask = ask and f"+{token(field, value)}" not in answers
        self.changes.append(FieldChange(field, value, before, mode, source, ask))

    def come_to(self) -> Enriched:
        """Everything together, with the change of the main address where the old one takes no mail."""
        self._main_email()
        for change in self.changes:
            values = (
                ("field", FIELD_NAMES.get(change.field, change.field)),
                ("value", shown(change.field, change.value)),
                ("before", shown(change.field, change.before) or "nothing"),
            )
            name, effect = ("enrichment_asked", "ask") if change.ask else ("enriched", "note")
            self.said.append(Said(f"{name}:{change.field}", cast(Effect, effect), values))
        return Enriched(tuple(self.changes), tuple(self.said), self._waits_for())

    def _main_email(self) -> None:
        """Another address of theirs becomes the main one after a bounce of that, or on a person's ruling."""
        if not self.record.emails or not offered(self.person, "main_email"):
            return
        main = self.record.emails[0]
        key = handle_key(main, self.region)
        ruled = self.person.facts.enriching
        others = [each for each in self._addresses() if handle_key(each, self.region) != key]
        others = [
            each for each in others if handle_key(each, self.region) not in self.person.facts.undeliverable
        ]
        said = [each for each in others if ruled and f"+{token('main_email', each)}" in ruled.settles]
        if not said and (key not in self.person.facts.undeliverable or not others):
            return
        value = (said or others)[0]
        written = self.written.get("main_email")
        if not said:
            edited = written is not None and not same("email", written.value, main, self.region)
            again = written is not None and same("email", written.value, value, self.region)
            permitted = any(
                not allowed(mode, blank=False, ours=self.mine, edited=edited and again, said_again=again)
                for mode in modes(self.person, "email", mine=self.mine)
            )
            if not permitted:
                return
        elif written is not None and same("email", written.value, value, self.region):
            return
        self._change("main_email", value, main, "ruling" if said else "bounce", "bounce")

    def _addresses(self) -> list[str]:
        """Addresses that could be the main one: first the one that they wrote from, then what they said here,
        then what we have added."""
        own = [handle.value for handle in self.person.participant.handles if handle.kind == "email"]
        said = [change.value for change in self.changes if change.field == "email" and not change.ask]
        added = [self.written["email"].value] if "email" in self.written else []
        there = {handle_key(each, self.region) for each in self.record.emails}
        kept = [each for each in (*own, *added) if handle_key(each, self.region) in there]
        return list(dict.fromkeys((*kept, *said)))

    def _waits_for(self) -> tuple[str, ...]:
        """News of a bounce of the main address, where there is another to take its place."""
        if not self.record.emails or not offered(self.person, "main_email"):
            return ()
        key = handle_key(self.record.emails[0], self.region)
        others = [each for each in self._addresses() if handle_key(each, self.region) != key]
        return (f"bounce:{key}",) if others and key not in self.person.facts.undeliverable else ()


def modes(person: Person, field: str, *, mine: bool) -> Iterator[EnrichMode]:
    """What the settings say of the field; a field without a key is kept fresh on contacts of ours and left
    alone on people's."""
    settings = person.case.settings
    key = {"mailing": "mailing_address", "main_email": "email"}.get(field, field)
    yield settings.enrich.get(key) or ("ours_or_empty" if mine else "never")
    if field in CLASSIFIED:
        yield settings.classify.get(field, "never")


def offered(person: Person, field: str) -> bool:
    """Whether the CRM has a place for the field."""
    return field in ALWAYS_OFFERED or field in person.case.capabilities.contact_fields


# --- what was said, and by whom ---------------------------------------------------------------------------


def _own_name(person: Person) -> ObservedName | None:
    """The sender's name on this interaction, by themselves."""
    here = person.case.interaction.id
    return next((n for n in person.facts.names if n.interaction == here and n.source in _FROM_NAMES), None)


def _somebody_else(record: Record, own: ObservedName) -> bool:
    """Whether the sender bears another given name than the contact: a mailbox that two people share."""
    if record.placeholder or not record.first_name or not own.first:
        return False
    if same_person_name(_name(record.first_name, record.last_name), _name(own.first, own.last)):
        return False
    return not same_person_name(_name(record.first_name, ""), _name(own.first, ""))


def _name(first: str, last: str) -> PersonName:
    return PersonName(first, last, " ".join(filter(None, (first, last))))


def _said_here(
    person: Person, record: Record, own: ObservedName | None, *, renamed: bool
) -> Iterator[ObservedValue]:
    """The values that this interaction itself said of its sender."""
    here = person.case.interaction.id
    if own is not None and not renamed:
        yield from _names_said(person, record, own)
    for value in person.facts.observed:
        if value.interaction == here and value.source != "bounce":
            yield value


def _names_said(person: Person, record: Record, own: ObservedName) -> Iterator[ObservedValue]:
    """A name that the record lacks, or another last name with the same given name; an initial or a short form
    is no news, nor is a name where a person has said what it is."""
    ruling = person.facts.ruling
    if ruling is not None and (ruling.first_name or ruling.last_name):
        return
    if record.placeholder or not (own.first and own.last):
        return
    wanted: list[tuple[ContactField, str]] = []
    if record.last_name and not record.first_name and own.last.casefold() == record.last_name.casefold():
        wanted.append(("first_name", own.first))
    if record.first_name and _is_news(record, own):
        wanted.append(("last_name", own.last))
    for field, value in wanted:
        yield ObservedValue(field, value, own.source, own.interaction, own.at)


def _is_news(record: Record, own: ObservedName) -> bool:
    if not record.last_name:
        return True
    if same_person_name(_name(record.first_name, record.last_name), _name(own.first, own.last)):
        return False
    short = own.last.rstrip(".").casefold()
    return len(short) > 1 and not record.last_name.casefold().startswith(short)


def _of_others(person: Person, field: str, value: str) -> bool:
    """Whether somebody else has the number or address, or it is an account's own."""
    if value in person.facts.of_others:
        return True
    if field not in ("phone", "mobile"):
        return False
    key = handle_key(value, person.case.settings.team.region)
    return any(key in account.phones for account in person.case.known.accounts)


# --- a contact that is made -------------------------------------------------------------------------------


def of_new(person: Person, *, has_account: bool) -> tuple[FieldChange, ...]:
    """Values that a new contact gets beside its name and handle (SPEC §5 "Fields"): the newest that were
    observed. What `enrich` says is never to be written is not written here either, unless `classify` says
    otherwise of it."""
    settings = person.case.settings
    keys = {handle.key for handle in person.participant.handles}
    changes: list[FieldChange] = []
    for value in person.facts.observed:
        field = value.field
        key = {"mailing": "mailing_address"}.get(field, field)
        never = settings.enrich.get(key) == "never" and settings.classify.get(key, "never") == "never"
        if value.source == "bounce" or not offered(person, field) or never:
            continue
        if field == "company" and has_account:
            continue
        if field in HANDLES:
            own = handle_key(value.value, settings.team.region) in keys
            if own or _of_others(person, field, value.value):
                continue
        if not _of_another_name(person, value):
            changes.append(FieldChange(field, value.value, "", "new", value.source))
    return tuple(changes)


def _of_another_name(person: Person, value: ObservedValue) -> bool:
    """Whether who said it bore another name than the contact gets: a mailbox that two people share."""
    name = person.name
    if name is None or not name.first:
        return False
    spoke = [n for n in person.facts.names if n.interaction == value.interaction and n.first]
    return any(not same_person_name(_name(name.first, ""), _name(n.first, "")) for n in spoke)


def change_of(changes: tuple[FieldChange, ...], field: str) -> str:
    """The value that goes into a field, "" where none does."""
    return next((each.value for each in changes if each.field == field), "")
