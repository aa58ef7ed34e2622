"""Which of several duplicates stays and which go, and what takes a merge back (SPEC §9)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.identity.records import Record
from firstcontact.planning.capabilities import Capabilities
from firstcontact.planning.merges import MOST, Sorted, may_disappear, merge_key, merge_write, sort_out
from firstcontact.planning.unmerge import Journal, MovedActivity, MovedRole, is_made_anew, undo_writes
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    ContactRoleFields,
    CreatedBy,
    Existing,
    MergeFields,
)

JO = "jo@acme.example"


def record(id: str, name: str = "Jo Diaz", *emails: str, at: int = 0, **more: Any) -> Record:
    """A contact of ours, by `First Last`."""
    first, _, last = name.partition(" ")
    emails = emails or (JO,)
    given: dict[str, Any] = {"created_by_us": True, **more}
    phones: tuple[str, ...] = given.pop("phones", ())
    return Record(
        type=given.pop("type", "contact"), id=id, name=name, first_name=first, last_name=last, emails=emails,
        phones=phones, handles=read_fields(emails, phones, "US")[0], created_at=at, **given,
    )  # fmt: skip


def merges(done: Sorted) -> set[tuple[str, str]]:
    return {(merge.loser.id, merge.survivor.id) for merge in done.merges}


def test_ours_go_into_the_earliest() -> None:
    """Of records that are all ours the earliest with a real name stays, in whichever order they come."""
    three = [record("c1", at=2), record("c2", at=1), record("c3", "Unknown Caller", at=0, placeholder=True)]
    for order in permutations(three):
        assert merges(sort_out(order)) == {("c1", "c2"), ("c3", "c2")}


def test_one_whose_date_is_not_known_is_not_the_earliest() -> None:
    """A CRM that does not tell when a record was made has not said that it is old."""
    assert merges(sort_out([record("c1", at=0), record("c2", at=9)])) == {("c1", "c2")}


def test_a_persons_record_stays() -> None:
    """What a person made, or has edited since, never disappears, however young it is; enriching makes nothing
    ours."""
    theirs = record("c2", at=9, created_by_us=False)
    assert merges(sort_out([record("c1", at=1), theirs])) == {("c1", "c2")}
    edited = record("c3", at=5, edited_by_person=True)
    assert merges(sort_out([record("c1", at=1), edited])) == {("c1", "c3")}
    assert merges(sort_out([record("c1", at=1), edited, theirs])) == {("c1", "c2")}
    both = sort_out([theirs, edited])
    assert both.merges == ()
    assert [each.why for each in both.suggestions] == ["people"]


def test_the_better_of_two_peoples_records() -> None:
    """Ours goes into the one that matches better; where both match equally well, a person says which."""
    short = record("c2", "J Diaz", created_by_us=False)
    whole = record("c3", created_by_us=False)
    assert merges(sort_out([record("c1"), short, whole])) == {("c1", "c3")}
    equal = sort_out([record("c1"), whole, record("c4", created_by_us=False)])
    assert equal.merges == ()
    assert sorted(each.why for each in equal.suggestions) == ["people", "several", "several"]


def test_a_conflicting_group_is_not_merged() -> None:
    """The first is like the second, the second like the third, and the first and third are two people: the
    doubtful one goes nowhere, and those who are surely one go together."""
    john, jane, initial = record("c1", "John Moss"), record("c2", "Jane Moss"), record("c3", "J Moss")
    done = sort_out([john, jane, initial])
    assert done.merges == ()
    assert {each.why for each in done.suggestions} == {"conflict"}
    twice = sort_out([john, jane, initial, record("c4", "John Moss", at=4)])
    assert merges(twice) == {("c1", "c4")}  # whose date is known
    placeholder = record("c5", "Unknown Caller", placeholder=True)
    assert sort_out([john, jane, placeholder]).merges == ()


def test_told_apart_stays_apart() -> None:
    """A pair of which a person said that they are two is neither merged nor suggested again, and what is like
    both of them is a conflict."""
    apart = [frozenset(("c1", "c2"))]
    assert sort_out([record("c1"), record("c2")], told_apart=apart) == Sorted()
    three = sort_out([record("c1"), record("c2"), record("c3", "J Diaz")], told_apart=apart)
    assert three.merges == ()


def test_leads_and_archived_records_are_left_alone() -> None:
    """Only contacts that are in use are merged."""
    assert sort_out([record("c1"), record("l1", type="lead"), record("c2", active=False)]) == Sorted()


def test_by_way_of_another_it_takes_two_rounds() -> None:
    """Only what shares something goes together: who is like the earliest by way of another goes into that one
    first, which follows when nobody is behind it."""
    home = "jo@home.example"
    far = [record("c1", at=1), record("c2", "Jo Diaz", JO, home, at=2), record("c3", "Jo Diaz", home, at=3)]
    assert merges(sort_out(far)) == {("c3", "c2")}
    assert merges(sort_out(far[:2])) == {("c2", "c1")}


def test_a_family_of_machines_is_not_merged() -> None:
    """More records than anybody has are no person."""
    many = [record(f"c{number}", at=number) for number in range(MOST + 1)]
    done = sort_out(many)
    assert done.merges == ()
    assert {each.why for each in done.suggestions} == {"many"}


NAMES = ("John Moss", "Jane Moss", "J Moss", "Johnny Moss", "Unknown Caller", "Kim Lee", "")
people = st.lists(
    st.builds(
        lambda name, emails, at, ours, edited: {
            "name": name, "emails": emails, "at": at, "created_by_us": ours, "edited_by_person": edited,
            "placeholder": name == "Unknown Caller",
        },
        st.sampled_from(NAMES),
        st.lists(st.sampled_from([JO, "moss@home.example", "info@acme.example"]), min_size=1, max_size=2),
        st.integers(0, 3),
        st.booleans(),
        st.booleans(),
    ),
    min_size=2,
    max_size=6,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(people)
def test_whatever_the_group(given: list[dict[str, Any]]) -> None:
    """Nothing of a person's goes, nothing goes twice, what others go into stays, nobody is merged with
    somebody of another name, and the order changes nothing."""
    records = [
        record(f"c{number}", one.pop("name"), *one.pop("emails"), **one) for number, one in enumerate(given)
    ]
    done = sort_out(records)
    assert merges(done) == merges(sort_out(records[::-1]))
    losers = [merge.loser.id for merge in done.merges]
    assert len(losers) == len(set(losers))
    for merge in done.merges:
        assert may_disappear(merge.loser)
        assert merge.survivor.id not in losers
        assert {merge.loser.first_name, merge.survivor.first_name} != {"John", "Jane"}


# --- taking back ---------------------------------------------------------------------------------------

LOSER = record("c2", "Jo Diaz", JO, "jo@home.example", title="CFO", phones=("+14155550123",))
SURVIVOR = record("c1")
ACTIVITY = ActivityFields(
    kind="call", interactions=("i1",), at=1, subject="Call", people=(Existing("contact", "c2"),)
)
JOURNAL = Journal(
    loser=LOSER,
    survivor=SURVIVOR,
    activities=(MovedActivity("i1", "making", ACTIVITY),),
    roles=(MovedRole("o1"), MovedRole("o2", had=True)),
)
OFFERED = Capabilities(kind="x", title="X", contact_roles=True)
MERGED = record("c1", "Jo Diaz", JO, "jo@home.example", title="CFO", phones=("+14155550123",))


def test_a_merge_is_a_write() -> None:
    """The same two records give the same key, and the survivor is what the write is about."""
    write = merge_write("crm", "c2", "c1")
    assert write.key == merge_key("crm", "c2", "c1")
    assert write.fields == MergeFields(loser=Existing("contact", "c2"))
    assert write.target == Existing("contact", "c1")


def test_undoing_a_merge() -> None:
    """The loser is made anew with all it had, the survivor loses what it had from it alone, our activities
    and roles go back, and a role that the survivor had itself stays."""
    writes = undo_writes("crm", "merge", JOURNAL, MERGED, OFFERED)
    assert [write.kind for write in writes] == [
        "create_contact", "update_contact", "update_activity", "contact_role", "remove_role", "contact_role",
    ]  # fmt: skip
    again, survivor, activity, role, removed, _ = writes
    assert is_made_anew(again)
    assert isinstance(again.fields, ContactFields)
    assert again.fields.emails == (JO, "jo@home.example")
    assert isinstance(survivor.fields, ContactFields)
    assert survivor.changed == ("title",)
    assert survivor.fields.without_emails == ("jo@home.example",)
    assert survivor.fields.without_phones == ("+14155550123",)
    assert isinstance(activity.fields, ActivityFields)
    assert activity.fields.people == (CreatedBy(again.key),)
    assert activity.target == CreatedBy("making")
    assert isinstance(role.fields, ContactRoleFields)
    assert role.fields.contact == CreatedBy(again.key)
    assert isinstance(removed.fields, ContactRoleFields)
    assert (removed.fields.opportunity, removed.fields.contact) == ("o1", Existing("contact", "c1"))


def test_a_persons_later_edit_is_not_undone() -> None:
    """What a person has set or taken off since the merge is left as it is."""
    now = record("c1", title="CEO")
    kinds = [write.kind for write in undo_writes("crm", "merge", JOURNAL, now, OFFERED)]
    assert "update_contact" not in kinds
