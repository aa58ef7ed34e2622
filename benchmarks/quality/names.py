"""Names: first and last, a person or a company, the same person or not (SPEC §5 "Name")."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from nameparser import HumanName
from rapidfuzz import fuzz

from benchmarks.quality.sections import Score, Section, shown, three, total
from firstcontact.identity.names import read_name, same_person_name

Parts = tuple[str, str]
"""First and last name."""
_LAST = {"Surname", "LastInitial"}
_FIRST = {"GivenName", "FirstInitial"}
SIMILAR = 85
"""Percent at which rapidfuzz's token sort takes two names for one."""


def labelled(data: Path) -> Iterator[tuple[str, str, Parts]]:
    """The set's name, a written name, and its first and last name."""
    for line in (data / "names/nameparser_tests.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        so = case["expect"]
        if so.get("first") and so.get("last"):
            yield "nameparser's tests", case["raw"], (so["first"], so["last"])
    for line in (data / "names/probablepeople_person.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        kinds = [kind for kind, _ in case["tokens"]]
        if "And" in kinds or not (_FIRST & set(kinds) and _LAST & set(kinds)):
            continue
        first = " ".join(text for kind, text in case["tokens"] if kind in _FIRST)
        last = " ".join(text for kind, text in case["tokens"] if kind in _LAST)
        yield "probablepeople's labels", case["raw"], (first, last)
    for line in (data / "names/tricky_last_first.txt").read_text(encoding="utf-8").splitlines():
        last, _, first = line.partition(",")
        last = re.sub(r"\s+(JR|SR|II|III|IV)\.?$", "", last.strip())
        given = re.sub(r"(\s+\w\.?)+$", "", first.strip())
        if last and given and " " not in given:
            yield "last name first", line, (given, last)


def plain(text: str) -> str:
    """Without case, points and commas."""
    return re.sub(r"[\s,.]+", " ", text).strip().casefold()


def ours(raw: str) -> Parts | None:
    """First and last as analysed; where only both are known, these."""
    name = read_name(raw)
    return (name.given or name.first, name.family or name.last) if name else None


def library(raw: str) -> Parts | None:
    """nameparser, as it comes."""
    name = HumanName(raw)
    return (name.first, name.last) if name.first or name.last else None


def right(found: Parts | None, so: Parts) -> bool:
    """Whether both parts are as labelled."""
    return found is not None and (plain(found[0]), plain(found[1])) == (plain(so[0]), plain(so[1]))


def parts(data: Path, read: Callable[[str], Parts | None]) -> dict[str, Score]:
    """How many names of each set are read right; a name that is read as none is not said."""
    scores: dict[str, Score] = {}
    for name, raw, so in labelled(data):
        found = read(raw)
        one = Score(int(right(found, so)), int(found is not None), 1)
        scores[name] = scores.get(name, Score()) + one
    return scores


def persons(data: Path) -> tuple[Score, Score]:
    """A person's name is one, a company's is none: ours, and saying that all are persons."""
    people = [raw for name, raw, _ in labelled(data) if name.startswith("probablepeople")]
    companies = [
        json.loads(line)["raw"]
        for line in (data / "names/probablepeople_company.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    said = sum(read_name(raw) is not None for raw in people)
    wrong = sum(read_name(raw) is not None for raw in companies)
    return Score(said, said + wrong, len(people)), Score(
        len(people), len(people) + len(companies), len(people)
    )


def pairs(data: Path) -> tuple[Score, Score]:
    """Two names of one person: ours, and rapidfuzz's token sort."""
    mine, fuzzy = Score(), Score()
    with (data / "names/opensanctions_name_pairs.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["schema"] != "Person":
                continue
            so = row["is_match"].casefold() == "true"
            one, other = read_name(row["name1"]), read_name(row["name2"])
            said = one is not None and other is not None and same_person_name(one, other)
            similar = fuzz.token_sort_ratio(row["name1"].casefold(), row["name2"].casefold()) >= SIMILAR
            mine += Score(int(said and so), int(said), int(so))
            fuzzy += Score(int(similar and so), int(similar), int(so))
    return mine, fuzzy


def measure(data: Path) -> Section:
    """All three questions, with nameparser and rapidfuzz beside."""
    section = Section(
        "Names",
        "A name is right when first and last name both are. Middle names and initials may stand with either "
        "side, as the labels have them. Names that we take for none (a single letter, a company) count as "
        "not found.",
    )
    mine, theirs = parts(data, ours), parts(data, library)
    rows: list[tuple[str, ...]] = [("set", "names", "ours right", "precision", "nameparser right")]
    for name, score in mine.items():
        rows.append(
            (name, str(score.so), shown(score.recall), shown(score.precision), shown(theirs[name].recall))
        )
    section.tables.append(rows)
    person, everybody = persons(data)
    section.tables.append(
        [
            ("a person and no company", "precision", "recall", "F1"),
            ("FirstContact", *three(person)),
            ("whatever has words", *three(everybody)),
        ]
    )
    same, fuzzy = pairs(data)
    section.tables.append(
        [
            ("two names of one person", "precision", "recall", "F1"),
            ("FirstContact", *three(same)),
            (f"rapidfuzz token sort, {SIMILAR} %", *three(fuzzy)),
        ]
    )
    section.text += (
        "\n\nThe pairs are hard ones, of sanctions lists: long names that differ in one word, initials, "
        "swapped letters. No record is merged or renamed for its name alone; a shared address, or a shared "
        "number and account, comes first."
    )
    whole = total(mine.values())
    section.floors += [
        ("names read right", whole.recall, 0.97),
        ("a person and no company, precision", person.precision, 0.85),
        ("two names of one person, precision", same.precision, 0.78),
    ]
    return section
