"""What the measurements share: scores, and a section of docs/quality.md."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

RESAMPLES = 1000
"""How often the cases are drawn anew for an interval."""


@dataclass(frozen=True)
class Score:
    """right: how many of those `said` are among those that are `so`."""

    right: int = 0
    said: int = 0
    so: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.said + other.said, self.so + other.so)

    @property
    def precision(self) -> float:
        """Share of what was said that is so; 1 where nothing was said."""
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        """Share of what is so that was said; 1 where there is nothing."""
        return self.right / self.so if self.so else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / (self.said + self.so) if self.said + self.so else 1.0


def total(scores: Iterable[Score]) -> Score:
    """All of them together."""
    return sum(scores, Score())


def interval(cases: Sequence[Score], figure: Callable[[Score], float]) -> tuple[float, float]:
    """Between which values a figure lies in 95 of 100 draws of as many cases (bootstrap, seeded)."""
    draw = random.Random(1)
    drawn = sorted(figure(total(draw.choices(cases, k=len(cases)))) for _ in range(RESAMPLES))
    return drawn[round(0.025 * RESAMPLES)], drawn[round(0.975 * RESAMPLES) - 1]


@dataclass
class Section:
    """One heading of the page: text, tables with their first row as heads, and what has to hold.

    floors: (what, figure, least): `python -m benchmarks.quality` fails where a figure is below.
    """

    title: str
    text: str
    tables: list[list[tuple[str, ...]]] = field(default_factory=list)
    floors: list[tuple[str, float, float]] = field(default_factory=list)

    def markdown(self) -> str:
        """The section as it stands in the page."""
        parts = [f"## {self.title}\n\n{self.text}\n"]
        for head, *rows in self.tables:
            lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
            parts.append("\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n")
        return "\n".join(parts)


def shown(value: float) -> str:
    """A share with three digits behind the point."""
    return f"{value:.3f}"


def three(score: Score) -> tuple[str, str, str]:
    """Precision, recall and F1 as cells."""
    return shown(score.precision), shown(score.recall), shown(score.f1)
