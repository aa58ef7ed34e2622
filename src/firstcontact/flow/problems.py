"""What a person asked for that can't be done, with the next step."""

from __future__ import annotations


class FlowProblem(Exception):
    """`str(problem)` is a sentence that says what is wrong and what to do."""


class NothingAsked(FlowProblem):
    """An answer to a question that nobody has asked: the person is decided on, or may never be kept."""
