"""One call of many pieces: the join has no order, and the whole follows from the legs."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.interactions.calls import derived, in_order, outcome, supersede, together
from firstcontact.interactions.handles import read_phone
from firstcontact.interactions.model import Attachment, Call, CallResult, Leg, Participant

SECOND = 1_000_000
START = 1_772_445_600 * SECOND
CALLER = "+14155550123"
LINE = "+14155550199"


def leg(
    name: str,
    result: CallResult,
    after: int = 0,
    ring: int = 0,
    talk: int = 0,
    user: str = "",
    other: str = CALLER,
) -> Leg:
    return Leg(
        id=name,
        at=START + after * SECOND,
        result=result,
        user_line=user,
        ring_seconds=ring,
        talk_seconds=talk,
        other_line=other,
        line=LINE,
        direction="inbound",
        other_name="DIAZ JO",
    )


def piece(one: Leg, **more: object) -> Call:
    call = Call(
        id="pbx-1",
        source="pbx",
        source_id="1",
        conversation="1",
        at=one.at,
        participants=(),
        direction="",
        result=one.result,
        seconds=0,
        legs=(one,),
        from_legs=True,
        region="US",
    )
    return derived(msgspec.structs.replace(call, **more))


def said(**more: object) -> Call:
    """A call as a source with a record of the whole tells it."""
    handle = read_phone(CALLER, "US")
    assert handle
    call = Call(
        id="log-1",
        source="log",
        source_id="1",
        conversation="1",
        at=START,
        participants=(Participant(role="from", raw=CALLER, handles=(handle,)),),
        direction="inbound",
        result="answered",
        seconds=60,
    )
    return msgspec.structs.replace(call, **more)


def joined(pieces: list[Call]) -> Call:
    whole = pieces[0]
    for one in pieces[1:]:
        whole = supersede(whole, one)
    return whole


results: st.SearchStrategy[CallResult] = st.sampled_from(
    ["answered", "missed", "voicemail", "rejected", "busy", "failed"]
)
legs = st.builds(
    Leg,
    id=st.sampled_from(["1.9#1", "1.9#2", "1.10#1", "1.10#11", "2.1#1"]),
    at=st.integers(0, 40).map(lambda seconds: START + seconds * SECOND),
    result=results,
    user_line=st.sampled_from(["", "101", "102", "+14155550177"]),
    ring_seconds=st.integers(0, 30),
    talk_seconds=st.integers(0, 90),
    other_line=st.sampled_from(["", CALLER, "+14155550124", "anonymous"]),
    line=st.sampled_from(["", LINE]),
    direction=st.sampled_from(["", "inbound", "outbound"]),
    other_name=st.sampled_from(["", "DIAZ JO", "Jo Diaz"]),
)
pieces = st.builds(
    piece,
    legs,
    recording=st.sampled_from(["", "https://rec.example/1", "https://rec.example/22"]),
    revision=st.integers(0, 3),
)
records = st.builds(
    said,
    at=st.integers(START, START + 5),
    result=results,
    seconds=st.integers(0, 3),
    ring_seconds=st.integers(0, 3),
    direction=st.sampled_from(["", "inbound", "outbound"]),
    transcript=st.sampled_from(["", "hello", "hello there"]),
    revision=st.integers(0, 3),
    attachments=st.lists(st.builds(Attachment, st.sampled_from("ab")), max_size=2).map(tuple),
    participants=st.lists(
        st.builds(
            Participant,
            role=st.sampled_from(["from", "to"]),
            raw=st.sampled_from([CALLER, "101"]),
            name=st.sampled_from(["", "DIAZ JO", "Jo Diaz"]),
        ),
        max_size=3,
    ).map(in_order),
)


@given(st.lists(pieces, min_size=2, max_size=5), st.randoms())
def test_pieces_join_in_any_order(given_pieces: list[Call], random: object) -> None:
    """Whatever order the legs of a call arrive in, the call is the same."""
    shuffled = list(given_pieces)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert joined(shuffled) == joined(given_pieces)


@given(st.lists(records, min_size=2, max_size=4), st.randoms())
def test_records_join_in_any_order(given_records: list[Call], random: object) -> None:
    """Records of one whole call, of whatever revision, join to the same call in every order."""
    shuffled = list(given_records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert joined(shuffled) == joined(given_records)


@given(st.one_of(st.tuples(pieces, pieces, pieces), st.tuples(records, records, records)))
def test_pieces_join_in_any_grouping(three: tuple[Call, Call, Call]) -> None:
    """It makes no difference whether a piece meets the others one by one or already joined."""
    a, b, c = three
    assert supersede(supersede(a, b), c) == supersede(a, supersede(b, c))


@given(st.one_of(pieces, records), st.one_of(pieces, records))
def test_a_repeated_delivery_changes_nothing(one: Call, other: Call) -> None:
    """What has been joined already is no news: the very same object comes back."""
    whole = supersede(one, other)
    assert supersede(whole, other) is whole
    assert supersede(whole, one) is whole


def test_a_ring_group_counts_the_one_who_answered() -> None:
    """Several phones ring and one is picked up: one answered call with that leg's talking time."""
    rang = [
        leg("1", "missed", ring=10, user="101"),
        leg("2", "answered", ring=10, talk=60, user="102"),
        leg("3", "missed", ring=10, user="103"),
    ]
    for order in permutations([piece(one) for one in rang]):
        call = joined(list(order))
        assert (call.result, call.seconds, call.ring_seconds) == ("answered", 60, 10)
        assert [(one.role, one.raw) for one in call.participants] == [
            ("from", CALLER),
            ("to", LINE),
            ("to", "102"),
        ]


def test_a_transferred_call_adds_up() -> None:
    """Thirty seconds with one of ours and ninety with another are two minutes of talk."""
    call = together(
        [
            piece(leg("1", "answered", ring=5, talk=30, user="101")),
            piece(leg("2", "answered", after=35, talk=90, user="102")),
        ]
    )
    assert len(call) == 1
    assert call[0].seconds == 120
    assert {one.raw for one in call[0].participants} == {CALLER, LINE, "101", "102"}


def test_pieces_at_the_same_time_count_once() -> None:
    """The same conversation seen on two legs, and a consultation meanwhile, is not talked twice."""
    seconds = outcome(
        [
            leg("1", "answered", talk=60, user="101"),
            leg("2", "answered", after=10, talk=60, user="102"),
            leg("3", "answered", after=5, talk=500, user="103", other="101"),
        ]
    )[1]
    assert seconds == 70


def test_a_menu_is_nobody() -> None:
    """A caller whom only a menu answered while nobody picked up has missed us."""
    result, seconds, ring = outcome(
        [leg("menu", "answered", talk=40), leg("1", "missed", after=10, ring=20, user="101")]
    )
    assert (result, seconds, ring) == ("missed", 0, 20)


def test_a_box_after_ringing_is_voicemail() -> None:
    """Nobody picked up and the caller reached a box: voicemail, without talking time."""
    result, seconds, _ = outcome(
        [leg("1", "missed", ring=20, user="101"), leg("2", "voicemail", after=20, talk=15)]
    )
    assert (result, seconds) == ("voicemail", 0)


def test_a_late_recording_fills_in() -> None:
    """Recording and transcript arrive after the call and neither shortens it nor makes a second one."""
    late = said(
        result="missed", seconds=0, recording="https://rec.example/k6", transcript="hello", revision=9
    )
    call = supersede(said(), late)
    assert (call.recording, call.transcript) == ("https://rec.example/k6", "hello")
    assert (call.result, call.seconds) == ("answered", 60)


def test_the_end_beats_the_ringing() -> None:
    """A first word of a missed call gives way to the log that says that it was answered."""
    first = said(result="missed", seconds=0, at=START + 70 * SECOND, revision=7)
    assert supersede(first, said()) == supersede(said(), first)
    call = supersede(first, said())
    assert (call.result, call.seconds, call.at) == ("answered", 60, START)


def test_a_direction_that_comes_late_is_taken() -> None:
    """A piece without direction does not hide the direction that another piece knows."""
    assert supersede(said(direction=""), said(direction="outbound")).direction == "outbound"


def test_a_typed_name_beats_capitals() -> None:
    """Of two names of one caller the one a person wrote is kept, not the network's capitals."""
    named = [Participant(role="from", raw=CALLER, name=name) for name in ("DIAZ JO", "Jo Diaz", "")]
    assert [one.name for one in in_order(named)] == ["Jo Diaz"]


def test_the_people_behind_a_group_stand_for_it() -> None:
    """A call to a group's extension names the extensions that it rang; to a group of none, the group's."""
    rang = msgspec.structs.replace(leg("1", "missed", user="101"), line="600")
    assert [one.raw for one in piece(rang).participants] == [CALLER, "101"]
    nobody = msgspec.structs.replace(rang, user_line="")
    assert [one.raw for one in piece(nobody).participants] == [CALLER, "600"]


def test_withheld_callers_stay_visible() -> None:
    """An inbound call without a number has a participant who has none, so that the trace can say so."""
    call = piece(leg("1", "answered", talk=5, user="101", other=""))
    assert call.participants[0] == Participant(role="from", raw="", name="DIAZ JO")


@pytest.mark.parametrize("captured", [("ana",), ("ana", "bo")])
def test_whoever_delivered_it_is_kept(captured: tuple[str, ...]) -> None:
    """Everybody whose line delivered the call is named, the first first."""
    pieces_of = [said(captured_from=(user,)) for user in captured]
    assert joined(pieces_of).captured_from == captured
