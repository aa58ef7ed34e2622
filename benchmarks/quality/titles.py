"""Job titles: what is a title, and whether short and long forms of one say the same (SPEC §8)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.quality.sections import Score, Section, shown, three
from firstcontact.identity.titles import FIELDS, classify

_ENTRY = re.compile(r"-\s*([\w./&-]+)\s*#\s*(.+)")


def short_and_long(data: Path) -> Iterator[tuple[str, str]]:
    """Acronyms of positions and what they stand for; degrees, certificates and professions are none."""
    for line in (data / "names/title_lexicons/acronyms.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("# Academic Degrees"):
            return
        entry = _ENTRY.match(line.strip())
        if entry:
            yield entry[1], entry[2].strip()


def agreement(data: Path) -> dict[str, Score]:
    """By field: how often the acronym says the same as the words that it stands for. said: acronyms of which
    something is said; so: long forms of which something is."""
    scores = {field: Score() for field in FIELDS}
    for short, long in short_and_long(data):
        one, other = classify(short), classify(long)
        for field in FIELDS:
            ours, so = getattr(one, field), getattr(other, field)
            scores[field] += Score(int(bool(ours) and ours == so), int(bool(ours)), int(bool(so)))
    return scores


def covered(data: Path) -> tuple[float, float, float]:
    """Of the people who bear the titles of a city's payroll: the share for whom each field is said."""
    people, known = 0, dict.fromkeys(FIELDS, 0)
    with (data / "names/job_titles_chicago.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found = classify(row["title"])
            people += int(row["count"])
            for field in FIELDS:
                known[field] += int(row["count"]) if getattr(found, field) else 0
    department, seniority, persona = (known[field] / people for field in FIELDS)
    return department, seniority, persona


def measure(data: Path) -> Section:
    """Agreement and coverage; how well titles are found in signatures stands under Signatures."""
    section = Section(
        "Titles",
        "There is no labelled set of departments and seniorities. What can be measured is whether an acronym "
        "says the same as the words that it stands for, and for how many people of a large payroll the rules "
        "say anything. How well a title is found in a signature stands above.",
    )
    scores = agreement(data)
    section.tables.append(
        [
            ("an acronym says what its words say", "precision", "recall", "F1"),
            *((field, *three(score)) for field, score in scores.items()),
        ]
    )
    department, seniority, persona = covered(data)
    section.tables.append(
        [
            ("of a city's employees", "department", "seniority", "persona"),
            ("said of", shown(department), shown(seniority), shown(persona)),
        ]
    )
    section.floors.append(("acronyms and seniority, precision", scores["seniority"].precision, 0.80))
    return section
