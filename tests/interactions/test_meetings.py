"""Two deliveries of one meeting become one fact, in whichever order they arrive. All data is invented."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.interactions.meetings import join_participants, meeting_revision, supersede
from firstcontact.interactions.model import Handle, Meeting, MeetingStatus, Participant, Reply, Role

NEW_YEAR = 1_767_225_600_000_000
"""2026-01-01 UTC in microseconds."""


def person(name: str, reply: Reply = "", role: Role = "attendee") -> Participant:
    address = f"{name}@northwind.example"
    return Participant(role=role, handles=(Handle("email", address, address),), raw=address, reply=reply)


def delivery(
    sequence: int,
    minutes: int,
    *people: Participant,
    status: MeetingStatus = "confirmed",
    partial: bool = False,
    subject: str = "Review",
    at: int = NEW_YEAR,
) -> Meeting:
    """A version with SEQUENCE `sequence`, stamped so many minutes after New Year."""
    return Meeting(
        id="meeting-1",
        source="ics",
        source_id="ev-1",
        conversation="ev-1",
        at=at,
        participants=people,
        subject=subject,
        revision=meeting_revision(sequence, NEW_YEAR + minutes * 60_000_000),
        status=status,
        seconds=3600,
        partial=partial,
    )


def reply(sequence: int, minutes: int, name: str, answer: Reply) -> Meeting:
    return delivery(sequence, minutes, person(name, answer), partial=True, subject="")


def replies(meeting: Meeting) -> dict[str, Reply]:
    return {participant.raw.partition("@")[0]: participant.reply for participant in meeting.participants}


def in_any_order(*deliveries: Meeting) -> Meeting:
    """The fact that all orders agree on, apart from the order of participants."""
    facts = [reduce(supersede, order) for order in permutations(deliveries)]
    sorted_facts = {
        msgspec.json.encode(
            msgspec.structs.replace(
                fact, participants=tuple(sorted(fact.participants, key=lambda one: one.raw))
            )
        )
        for fact in facts
    }
    assert len(sorted_facts) == 1
    return facts[0]


def test_request_update_reply_and_cancel_in_any_order() -> None:
    """The cancelled meeting at its last time with the last replies, whatever came first."""
    fact = in_any_order(
        delivery(0, 0, person("jane", "needs-action"), person("joe", "needs-action")),
        delivery(1, 10, person("jane", "needs-action"), person("joe"), at=NEW_YEAR + 1, subject="Moved"),
        reply(1, 11, "jane", "accepted"),
        reply(1, 12, "joe", "declined"),
        delivery(2, 20, person("jane"), status="cancelled", at=NEW_YEAR + 1, subject="Moved"),
    )
    assert (fact.status, fact.at, fact.subject, fact.partial) == ("cancelled", NEW_YEAR + 1, "Moved", False)
    assert replies(fact) == {"jane": "accepted", "joe": "declined"}


def test_a_reply_touches_only_its_own_person() -> None:
    """A reply changes one attendee's answer and nothing else, though it is the newer delivery."""
    request = delivery(0, 0, person("jane", "needs-action"), person("joe", "tentative"))
    fact = in_any_order(request, reply(0, 5, "jane", "accepted"))
    assert replies(fact) == {"jane": "accepted", "joe": "tentative"}
    assert (fact.subject, fact.revision, fact.partial) == ("Review", request.revision, False)


def test_the_newest_of_two_replies_counts() -> None:
    """Accepted and then declined is declined, also where the replies arrive the other way round."""
    fact = in_any_order(
        delivery(0, 0, person("jane", "needs-action")),
        reply(0, 5, "jane", "accepted"),
        reply(0, 9, "jane", "declined"),
    )
    assert replies(fact) == {"jane": "declined"}


def test_a_reply_alone_stays_partial_and_is_not_lost() -> None:
    """Replies without their invitation are together no meeting; the invitation makes one of them."""
    alone = in_any_order(reply(0, 5, "jane", "accepted"), reply(0, 6, "joe", "declined"))
    assert alone.partial
    whole = supersede(alone, delivery(0, 0, person("jane", "needs-action"), person("joe")))
    assert not whole.partial
    assert replies(whole) == {"jane": "accepted", "joe": "declined"}


def test_repeating_needs_action_does_not_take_a_reply_back() -> None:
    """A later copy of the same SEQUENCE leaves a given reply; a new SEQUENCE asks again."""
    request = delivery(0, 0, person("jane", "needs-action"))
    answer = reply(0, 5, "jane", "accepted")
    copy = delivery(0, 9, person("jane", "needs-action"))
    assert replies(in_any_order(request, answer, copy)) == {"jane": "accepted"}
    moved = delivery(1, 9, person("jane", "needs-action"))
    assert replies(in_any_order(request, answer, moved)) == {"jane": "needs-action"}


def test_who_was_taken_off_is_gone_and_copies_are_joined() -> None:
    """A higher SEQUENCE decides who is on the meeting; copies of one SEQUENCE are added together."""
    first = delivery(0, 0, person("jane"), person("joe"))
    without_joe = delivery(1, 5, person("jane"))
    assert replies(in_any_order(first, without_joe)) == {"jane": ""}
    other_copy = delivery(0, 7, person("jane"), person("ida"))
    assert set(replies(in_any_order(first, other_copy))) == {"jane", "joe", "ida"}


def test_a_cancellation_names_whom_it_was_sent_to_and_loses_nobody() -> None:
    """A cancellation that lists one attendee, or none, leaves the others on the cancelled meeting."""
    request = delivery(0, 0, person("jane"), person("joe"))
    fact = in_any_order(request, delivery(1, 5, person("jane"), status="cancelled"))
    assert set(replies(fact)) == {"jane", "joe"}
    assert fact.status == "cancelled"
    assert in_any_order(delivery(2, 9, person("jane")), fact).status == "confirmed"


def test_a_cancellation_without_a_time_cancels() -> None:
    """A cancellation that only names the meeting keeps its time and cancels it, unless it is the older."""
    bare = delivery(1, 5, status="cancelled", partial=True, subject="", at=0)
    fact = in_any_order(delivery(0, 0, person("jane")), bare, reply(0, 2, "jane", "accepted"))
    assert (fact.status, fact.at, fact.subject, fact.partial) == ("cancelled", NEW_YEAR, "Review", False)
    assert in_any_order(delivery(2, 9, person("jane")), bare).status == "confirmed"


def test_the_same_version_twice_changes_nothing() -> None:
    """A delivery that says nothing new gives back the very same object."""
    first = delivery(0, 0, person("jane", "accepted"))
    assert supersede(first, delivery(0, 0, person("jane", "accepted"))) is first
    merged = supersede(first, reply(0, 5, "jane", "declined"))
    assert supersede(merged, reply(0, 5, "jane", "declined")) is merged


def test_two_calendars_are_both_remembered() -> None:
    """The users from whose calendars the meeting came are kept, earliest first."""
    uma = msgspec.structs.replace(delivery(0, 0), captured_from=("uma",))
    ned = msgspec.structs.replace(delivery(0, 0), captured_from=("ned",))
    assert supersede(uma, ned).captured_from == ("uma", "ned")


def test_private_in_one_copy_is_private() -> None:
    """Of two copies of one SEQUENCE the private one decides; a new SEQUENCE decides anew."""
    private = msgspec.structs.replace(delivery(0, 0), private=True)
    assert in_any_order(private, delivery(0, 5)).private
    assert not in_any_order(private, delivery(1, 5)).private


def test_without_any_version_the_later_delivery_is_newer() -> None:
    """A source that counts no versions is believed in the order in which it speaks."""

    def version(at: int, answer: Reply) -> Meeting:
        return msgspec.structs.replace(delivery(0, 0, person("jane", answer), at=at), revision=0)

    fact = supersede(version(1, "declined"), version(2, "accepted"))
    assert (fact.at, replies(fact)) == (2, {"jane": "accepted"})
    assert replies(supersede(fact, version(3, "needs-action"))) == {"jane": "accepted"}


def test_a_room_stays_a_room_and_an_organiser_who_attends_is_one() -> None:
    """Where copies differ about a role the more telling one is kept, with the reply of the other."""
    room = person("room", role="resource")
    fact = in_any_order(delivery(0, 0, room), reply(0, 5, "room", "accepted"))
    assert [(one.role, one.reply) for one in fact.participants] == [("resource", "accepted")]
    fact = in_any_order(delivery(0, 0, room), delivery(0, 5, person("room")))
    assert [one.role for one in fact.participants] == ["resource"]
    (both,) = join_participants([person("uma", role="organiser"), person("uma", "accepted")])
    assert (both.role, both.reply) == ("organiser", "accepted")


def test_revisions_fit_63_bits_and_keep_their_order() -> None:
    """SEQUENCE before DTSTAMP, an occurrence's own version before both, nothing beyond a signed 64-bit."""
    ordered = [
        meeting_revision(0, 0),
        meeting_revision(0, NEW_YEAR),
        meeting_revision(0, NEW_YEAR + 1_000_000),
        meeting_revision(1, 0),
        meeting_revision(1_767_225_600, 0),
        meeting_revision(0, 0, stated_for_occurrence=True),
        meeting_revision(2**40, 2**62, stated_for_occurrence=True),
    ]
    assert ordered == sorted(set(ordered))
    assert ordered[0] == meeting_revision(-3, -5) == 0
    assert ordered[-1] == 2**63 - 1


NAMES = st.sampled_from(["jane", "joe"])
ANSWERS: st.SearchStrategy[Reply] = st.sampled_from(["", "needs-action", "accepted", "declined"])
STAMPS = st.tuples(st.integers(0, 2), st.integers(0, 3))


@st.composite
def deliveries(draw: st.DrawFn) -> Meeting:
    """An invitation to both, or a reply of one; equal stamps mean equal content."""
    sequence, minutes = draw(STAMPS)
    if draw(st.booleans()):
        return reply(sequence, minutes, draw(NAMES), draw(ANSWERS))
    people = [person("jane", draw(ANSWERS)), person("joe", draw(ANSWERS))]
    return delivery(sequence, minutes, *people, subject=f"v{sequence}.{minutes}", at=NEW_YEAR + sequence)


@given(st.lists(deliveries(), min_size=2, max_size=4))
def test_the_order_of_deliveries_does_not_matter(versions: list[Meeting]) -> None:
    """Any mix of invitations and replies gives one fact in every order."""
    in_any_order(*versions)


def test_a_calendar_that_counts_no_versions_is_taken_at_its_latest_word() -> None:
    """Of two uncounted versions from one calendar the later stands whole: nobody who was taken off stays on,
    and what was opened to others is no longer private; two calendars' versions are joined."""
    first = msgspec.structs.replace(delivery(0, 0, person("jo"), person("kim")), revision=0, private=True)
    later = msgspec.structs.replace(delivery(0, 0, person("kim")), revision=0)
    merged = supersede(first, later)
    assert (list(replies(merged)), merged.private) == (["kim"], False)
    elsewhere = msgspec.structs.replace(later, captured_from=("bo",))
    merged = supersede(first, elsewhere)
    assert (sorted(replies(merged)), merged.private) == (["jo", "kim"], True)
