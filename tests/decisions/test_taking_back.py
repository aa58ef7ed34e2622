"""What is done to take a write back, case by case: what keeps it, and which fields get back what they had."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from firstcontact.identity.records import MailingAddress, Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.capabilities import Capabilities
from firstcontact.planning.undo import (
    WHYS,
    Before,
    Facts,
    OnIt,
    Standing,
    keeps_contact,
    of_contact,
    restored,
    take_back,
)
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    ContactRoleFields,
    CreatedBy,
    Existing,
    MergeFields,
    Target,
    TimeEntryFields,
    Write,
)
from firstcontact.policy.field_values import mailing_text

CRM = Capabilities(
    kind="crm", title="The CRM", deletes_contact=True, merges_contacts=True, contact_roles=True
)
DAY = 86_400_000_000
HOME = MailingAddress(street="1 Quay", city="Ghent", country="BE")
JO = Record(
    type="contact", id="c1", first_name="Jo", last_name="Diaz", title="CFO",
    emails=("jo@b.example", "jo@a.example"),
    phones=("+14155550123",), handles=(Handle("phone", "+14155550123", "+14155550123"),), mailing=HOME,
    created_by_us=True, last_activity_at=5,
)  # fmt: skip


def standing(
    kind: Any, fields: Any = None, state: str = "done", target: Target | None = None, created: bool = True
) -> Standing:
    """A write of ours as it stands."""
    given = fields if fields is not None else ContactFields()
    write = Write(key="k1", kind=kind, interaction="i1", subject="s", fields=given, target=target)
    return Standing(write=write, state=state, record="c1" if state == "done" else "", created=created)


def facts(**more: Any) -> Facts:
    """What is known, where Jo is as we left her."""
    given: dict[str, Any] = {"connection": "crm", "capabilities": CRM, "records": {"c1": JO}, **more}
    given.setdefault("on_it", {"k1": (OnIt(write_key="k2", at=5, taken_back=True),)})
    return Facts(**given)


def activity(*people: str, interactions: tuple[str, ...] = ("i1",)) -> ActivityFields:
    """A call with these contacts on it."""
    on_it = tuple(Existing("contact", id) for id in people)
    return ActivityFields(
        kind="call", interactions=interactions, at=5, subject="Call", body="x", people=on_it
    )


CREATE = standing("create_contact")
LOG = standing("log_activity", activity("c1"))
UPDATE = standing("update_contact", target=Existing("contact", "c1"))
ROLE = standing("contact_role", ContactRoleFields(opportunity="o1", contact=Existing("contact", "c1")))
TITLE = {"k1": (Before("title", "CFO", ""),)}


def without(**offered: Any) -> Capabilities:
    """The CRM, if it did less."""
    return msgspec.structs.replace(CRM, **offered)


@pytest.mark.parametrize(
    ("what", "known", "does"),
    [
        (CREATE, facts(), "delete"),
        (standing("create_contact", state="intended"), facts(), "drop"),
        (standing("create_contact", state="parked"), facts(), "drop"),
        (standing("create_contact", state="sent"), facts(), "sent"),
        (standing("log_activity", activity("c1"), state="unclear"), facts(), "sent"),
        (standing("create_contact", created=False), facts(), "not_ours"),
        (CREATE, facts(records={}), "gone"),
        (CREATE, facts(records={"c1": "c2"}), "merged"),
        (CREATE, facts(capabilities=without(deletes_contact=False)), "by_hand"),
        (CREATE, facts(on_it={"k1": (OnIt(write_key="k2", at=5),)}), "more_on_it"),
        (CREATE, facts(on_it={"k1": (OnIt(write_key="k2", at=5),)}, taken={"k2"}), "delete"),
        (CREATE, facts(on_it={"k1": (OnIt(write_key="k2", at=5),)}, whole=True), "delete"),
        (CREATE, facts(on_it={}), "others_logged"),
        (LOG, facts(), "delete"),
        (LOG, facts(capabilities=without(deletes_activity=False)), "by_hand"),
        (standing("log_activity", activity("c1"), state="waiting"), facts(), "drop"),
        (LOG, facts(activities={"k1": activity("c1", interactions=("i1", "i2"))}), "delete"),
        (LOG, facts(activities={"k1": activity(interactions=("i1", "i2"))}, interactions={"i1"}),
         "other_texts"),
        (UPDATE, facts(before=TITLE), "restore"),
        (UPDATE, facts(before={"k1": (Before("title", "CEO", ""),)}), "overwritten"),
        (UPDATE, facts(), "nothing_before"),
        (UPDATE, facts(before=TITLE, records={}), "gone"),
        (UPDATE, facts(before=TITLE, records={"c1": "c2"}), "merged"),
        (UPDATE, facts(before=TITLE, capabilities=without(updates_contacts=False)), "by_hand"),
        (ROLE, facts(), "delete"),
        (msgspec.structs.replace(ROLE, created=False), facts(), "not_ours"),
        (standing("create_account"), facts(), "account"),
        (standing("update_activity", activity("c1"), target=CreatedBy("k2")), facts(), "changed_activity"),
        (standing("delete_activity", activity("c1")), facts(), "is_removal"),
        (standing("delete_contact"), facts(), "is_removal"),
    ],
)  # fmt: skip
def test_each_write(what: Standing, known: Facts, does: str) -> None:
    """What is done, or why it is left, in a sentence of its own."""
    step = take_back(what, known)
    assert (step.why or step.does) == does
    if step.does == "leave":
        assert does in WHYS
        assert "{" not in step.sentence()
        assert step.write is None
    assert (step.write is not None) == (step.does in ("delete", "restore"))


def test_a_time_entry_goes_with_its_activity_or_by_hand() -> None:
    """No CRM is asked to delete one."""
    fields = TimeEntryFields(interaction="i1", activity=CreatedBy("k2"), at=1, seconds=5, billable=False)
    assert take_back(standing("time_entry", fields), facts()).why == "belongs"


def test_a_merge_is_taken_back_by_its_own_command() -> None:
    """Which one is said."""
    merge = MergeFields(loser=Existing("contact", "c9"))
    step = take_back(standing("merge_contacts", merge, target=Existing("contact", "c1")), facts())
    assert step.sentence() == "`firstcontact duplicates undo c9` takes a merge back"


def test_what_is_sent_has_a_key_of_its_own() -> None:
    """The same removal has the same keys, and no text of ours goes out once more."""
    one, same = take_back(LOG, facts()), take_back(LOG, facts())
    assert one.write is not None
    assert one.write == same.write
    assert one.write.key != LOG.write.key
    assert isinstance(one.write.fields, ActivityFields)
    assert one.write.fields.body == ""
    assert one.write.target == Existing("activity", "c1")


@pytest.mark.parametrize(
    ("record", "on_it", "offered", "why"),
    [
        (JO, 5, CRM, ""),
        (JO, 4, CRM, "others_logged"),
        (JO, 4, without(last_activity=False), ""),
        (JO, 4, without(last_activity_day=True), ""),
        (msgspec.structs.replace(JO, last_activity_at=5 + 2 * DAY), 5, without(last_activity_day=True),
         "others_logged"),
        (msgspec.structs.replace(JO, edited_by_person=True), 5, CRM, "edited"),
        (msgspec.structs.replace(JO, created_by_us=False), 5, CRM, "not_ours"),
        (msgspec.structs.replace(JO, created_by_us=False), 5, without(marks_ours=False), ""),
        (None, 5, CRM, "gone"),
        ("c2", 5, CRM, "merged"),
    ],
)  # fmt: skip
def test_what_keeps_a_contact(
    record: Record | str | None, on_it: int, offered: Capabilities, why: str
) -> None:
    """A person's edit, somebody else's activity, as far as the CRM tells."""
    assert keeps_contact(record, (OnIt(write_key="k2", at=on_it),), offered) == why


def test_others_keep_their_activity() -> None:
    """With a contact goes what is on it alone; whoever is created by a write of ours is one of those."""
    shared = standing("log_activity", activity("c1", "c2"))
    step = of_contact(shared, "c1", "k1", facts())
    assert (step.why, step.values["people"]) == ("others_on_it", "c2")
    assert of_contact(LOG, "c1", "k1", facts()).does == "delete"
    made = msgspec.structs.replace(activity(), people=(CreatedBy("k1"),))
    assert of_contact(standing("log_activity", made), "c1", "k1", facts()).does == "delete"


@pytest.mark.parametrize(
    ("before", "fields", "changed"),
    [
        (Before("title", "CFO", "Clerk"), {"title": "Clerk"}, ("title",)),
        (Before("title", " cfo ", ""), {"title": ""}, ("title",)),
        (Before("title", "CEO", "Clerk"), None, ()),
        (Before("last_name", "Diaz", "Roe"), {"last_name": "Roe"}, ("last_name",)),
        (Before("phone", "+1 415 555 0123", ""), {"without_phones": ("+1 415 555 0123",)}, ()),
        (Before("phone", "+14155550123", "+14155550199"),
         {"without_phones": ("+14155550123",), "phones": ("+14155550199",)}, ()),
        (Before("mobile", "+14155550188", ""), None, ()),
        (Before("email", "jo@a.example", ""), {"without_emails": ("jo@a.example",)}, ()),
        (Before("email", "other@a.example", ""), None, ()),
        (Before("main_email", "jo@b.example", "jo@a.example"), {"main_email": "jo@a.example"}, ()),
        (Before("main_email", "jo@a.example", "jo@b.example"), None, ()),
        (Before("mailing", mailing_text(HOME), ""), {"mailing": None}, ("mailing",)),
        (Before("mailing", mailing_text(MailingAddress(city="Bruges")), ""), None, ()),
        (Before("name", "Jo\nDiaz", "Unknown Caller"),
         {"name": "Unknown Caller", "placeholder": True}, ("first_name", "last_name")),
        (Before("name", "Jo\nRoe", "Unknown Caller"), None, ()),
    ],
)  # fmt: skip
def test_each_field(before: Before, fields: dict[str, Any] | None, changed: tuple[str, ...]) -> None:
    """Only where our value still stands; a number or address that we added is taken off again."""
    back, names, which = restored(JO, (before,))
    assert back == ContactFields(**(fields or {}))
    assert names == changed
    assert which == ((before.field,) if fields is not None else ())
