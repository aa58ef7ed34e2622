"""What a person asked for that can't be done, with the next step."""

from __future__ import annotations


class FlowProblem(Exception):
    """`str(problem)` is a sentence that says what is wrong and what to do."""
