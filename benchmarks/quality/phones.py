"""Phone numbers: what is read, and whether every written form finds the number (SPEC §1)."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumberFormat

from benchmarks.quality.sections import Score, Section, three, total
from firstcontact.interactions.handles import read_phone

FORMATS = (
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.RFC3966,
    PhoneNumberFormat.NATIONAL,
)


def written_forms(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Each region with an example number as people there write it: E.164, international, RFC 3966, national
    and bare digits."""
    with (data / "phones/example_numbers.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            try:
                number = phonenumbers.parse(row["national_example"], row["region"])
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number):
                forms = [phonenumbers.format_number(number, each) for each in FORMATS]
                yield row["region"], list(dict.fromkeys([*forms, row["national_example"]]))


def ours(text: str, region: str) -> str:
    """The handle's key, "" for none."""
    handle = read_phone(text, region)
    return handle.key if handle else ""


def library(text: str, region: str) -> str:
    """phonenumbers, as it comes."""
    try:
        return str(phonenumbers.format_number(phonenumbers.parse(text, region), PhoneNumberFormat.E164))
    except phonenumbers.NumberParseException:
        return ""


def last_ten(text: str, _region: str) -> str:
    """The last ten digits, as many a phone integration compares them."""
    return re.sub(r"\D", "", text)[-10:]


def finding(data: Path, read: Callable[[str, str], str]) -> Score:
    """Pairs of a stored and a searched form of one number that meet; and forms of two numbers of a region
    that meet although they are two."""
    right = said = so = 0
    keys: dict[tuple[str, str], set[int]] = {}
    for number, (region, forms) in enumerate(written_forms(data)):
        found = [read(form, region) for form in forms]
        same = sum(bool(one) and one == other for one, other in permutations(found, 2))
        right, said, so = right + same, said + same, so + len(forms) * (len(forms) - 1)
        for key in set(found) - {""}:
            keys.setdefault((region, key), set()).add(number)
    said += sum(len(numbers) * (len(numbers) - 1) for numbers in keys.values())
    return Score(right, said, so)


def parsing(data: Path, read: Callable[[str, str], str]) -> Score:
    """The library's own cases: how many are read as the number that they are."""
    score = Score()
    for line in (data / "phones/libphonenumber_parse_cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        number = phonenumbers.PhoneNumber(
            country_code=case["country_code"],
            national_number=case["national_number"],
            italian_leading_zero=case["italian_leading_zero"] or None,
        )
        so = str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
        found = read(case["raw"], case["region"] or "")
        score += Score(int(found == so), int(bool(found)), 1)
    return score


def measure(data: Path) -> Section:
    """Both, with phonenumbers as it comes and with comparing ten digits."""
    section = Section(
        "Phone numbers",
        "Finding: every form of a number stored, every other form searched, over all regions; a pair that "
        "meets although it is two numbers counts against precision. Reading: the cases of libphonenumber "
        "itself; numbers of fewer than seven digits are nobody's here, on purpose.",
    )
    ways = {"FirstContact": ours, "phonenumbers": library, "last ten digits": last_ten}
    found = {name: finding(data, read) for name, read in ways.items()}
    section.tables.append(
        [("finding a number", "precision", "recall", "F1"), *((name, *three(s)) for name, s in found.items())]
    )
    parsed = {name: parsing(data, read) for name, read in ways.items() if read is not last_ten}
    section.tables.append(
        [
            ("reading a number", "precision", "recall", "F1"),
            *((name, *three(s)) for name, s in parsed.items()),
        ]
    )
    section.floors += [
        ("numbers found, recall", found["FirstContact"].recall, 0.97),
        ("numbers found, precision", found["FirstContact"].precision, 0.99),
        ("numbers read", total([parsed["FirstContact"]]).precision, 0.80),
    ]
    return section
