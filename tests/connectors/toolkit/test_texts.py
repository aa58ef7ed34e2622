"""Texts are brought into a shape that other systems take."""

from __future__ import annotations

import pytest

from firstcontact.connectors.toolkit.texts import clean, sound


def test_what_is_text_stays_as_it_is() -> None:
    """Tabs, line ends, emoji and right-to-left text are text."""
    text = "a\tb\r\nc 🙂 שלום"
    assert clean(text) == text


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x1f", "\x7f"])
def test_control_characters_are_left_out(bad: str) -> None:
    """NUL, bell and their like are no text."""
    assert clean(f"a{bad}b") == "ab"


def test_half_a_surrogate_pair_does_not_come_out() -> None:
    """A lone surrogate can't be encoded, so it is replaced."""
    assert clean("a\ud83db").encode()
    assert "\ud83d" not in sound("a\ud83db")


def test_a_text_is_cut_at_the_length_given() -> None:
    """0 means any length; a space that the cut leaves at the end goes too."""
    assert clean("one two", 4) == "one"
    assert clean("one two", 7) == "one two" == clean("one two")
