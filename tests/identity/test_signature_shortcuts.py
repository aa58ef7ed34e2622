"""What the reader of signatures leaves out for speed changes nothing that it finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.identity import _own_text as own
from firstcontact.identity import _signature_lines as read
from firstcontact.identity._signature_words import CLOSING, DISCLAIMER, disclaims, may_take_leave

MANY = settings(max_examples=800, deadline=None, derandomize=True)


@MANY
@given(st.from_regex(CLOSING, fullmatch=True), st.sampled_from(["", ", Jo Diaz", " - Jo", "!  Jo"]))
def test_every_leave_begins_with_one_of_the_words(leave: str, name: str) -> None:
    """No text that the pattern of leaves matches is left out by its first word, in whatever language."""
    assert may_take_leave(leave + name)


@MANY
@given(st.from_regex(DISCLAIMER))
def test_every_disclaimer_has_one_of_the_words(text: str) -> None:
    """No line in which the pattern of disclaimers finds something is left out for lack of a word."""
    assert disclaims(text)


def test_every_separator_begins_with_one_of_the_heads() -> None:
    """No line that a separator fills is left out by its first letters."""
    for separator in own._SEPARATORS.split("|"):
        assert own.own_lines(f"Mine.\n{separator}\nTheirs.") == [(0, "Mine.")], separator
        assert own.own_lines(f"Mine.\n{separator.title()}:\nTheirs.") == [(0, "Mine.")], separator


def test_every_header_has_its_colon_where_it_is_looked_for() -> None:
    """No header line, with anything in front of its word, is longer than the place where its colon counts."""
    for word in f"{own._FROM}|{own._OTHERS}".split("|"):
        for line in (f">> {word}  : Kim", f"*{word}*： Kim"):
            below = "\nTo: Jo\nSubject: x\nDate: today"
            assert own.own_lines(f"Mine.\n{line}{below}") == [(0, "Mine.")] or line[0] == ">", line
            assert "：" in line[: own._HEADER_WITHIN] or ":" in line[: own._HEADER_WITHIN]


@MANY
@given(st.from_regex(read._SIX_WORDS))
def test_six_words_are_more_than_a_name(text: str) -> None:
    """A line that begins with six words before anything that ends a name names nobody."""
    text = text.splitlines()[-1] if text.splitlines() else ""
    if read._SIX_WORDS.match(text):
        assert len(list(filter(None, map(read._folded, read.name_in(text).split())))) > 5
