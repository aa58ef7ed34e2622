"""Signatures of real business mail, found and read without being told where they are (SPEC §8)."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality.sections import Score, Section, interval, shown, three, total
from firstcontact.identity.signatures import Signature, read_signature

FIELDS = {"Phone": "phone", "Fax": "fax", "Name": "name", "Position": "title", "Mail": "email"}
"""Labels of the set, by what we call it."""
LEAST = {"name": 0.70, "title": 0.65, "phone": 0.88, "email": 0.88}
"""F1 that is promised."""
LEAST_PRECISION = {"phone": 0.95, "title": 0.90}
LEAST_LINES = 0.88
FOLDS = 5

Said = dict[str, set[str]]
"""Values by field."""


def mails(data: Path) -> Iterator[tuple[str, str, str, Said]]:
    """Text, sender's address and name, and what the sender's own signature says, of every mail whose fields
    are labelled."""
    file = data / "enron_signatures/zones.train.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines():
        mail = json.loads(line)
        if not mail["detailed"]:
            continue
        text, zones = mail["text"], mail["zones"]
        quoted = min((zone["start"] for zone in zones if zone["type"] == "Header"), default=len(text))
        gold: Said = defaultdict(set)
        for zone in zones:
            _, _, field = zone["type"].rpartition("Body/Signature/")
            begin = text.rfind("\n", 0, zone["start"]) + 1
            if field in FIELDS and zone["start"] < quoted and text[begin : begin + 1] != ">":
                gold[FIELDS[field]].add(folded(FIELDS[field], zone["text"]))
        header = dict(re.findall(r"^(From|X-From): (.*)$", mail["raw"], re.M))
        name = header.get("X-From", "").split("<")[0].strip(' "')
        yield text, header.get("From", "").strip(), "" if re.search("[@/]", name) else name, gold


def folded(field: str, value: str) -> str:
    """A value without what may be written either way."""
    if field in ("phone", "fax"):
        return re.sub(r"\D", "", value)[:10]
    return re.sub(r"[\s,.;]+", " ", value).strip().casefold()


def said(found: Signature | None) -> Said:
    """What we read. A name that stands alone closes a letter, and is no signature there."""
    if found is None:
        return {}
    more = found.title or found.phones or found.emails or found.company or found.address
    fields: dict[str, Iterable[str]] = {
        "name": [found.name] if more else [],
        "title": [found.title],
        "email": found.emails,
        "phone": [each.number for each in found.phones if each.kind not in ("fax", "pager")],
        "fax": [each.number for each in found.phones if each.kind == "fax"],
    }
    return {field: {folded(field, value) for value in values if value} for field, values in fields.items()}


def by_field(pairs: Sequence[tuple[Said, Said]]) -> dict[str, list[Score]]:
    """A score for each mail, by field, of what was said beside what is so."""
    return {
        field: [
            Score(
                len(ours.get(field, set()) & so.get(field, set())),
                len(ours.get(field, set())),
                len(so.get(field, set())),
            )
            for ours, so in pairs
        ]
        for field in FIELDS.values()
    }


def read_all(data: Path) -> list[tuple[Said, Said]]:
    """What we say of every labelled mail, beside what is so."""
    return [
        (said(read_signature(text, address=address, name=name, region="US")), so)
        for text, address, name, so in mails(data)
    ]


def marked_mails(data: Path) -> Iterator[tuple[list[str], str, str, set[int]]]:
    """Lines, sender's address and name, and the numbers of the signature's filled lines."""
    for line in (data / "forge_signatures/forge.jsonl").read_text(encoding="utf-8").splitlines():
        mail: dict[str, Any] = json.loads(line)
        marked = mail["annotated"].split("\n")
        lines = [each.removeprefix("#sig#") for each in marked]
        address = re.search(r"[\w.'-]+@[\w.-]+", mail["sender"])
        name = re.sub(r"[<\[].*", "", mail["sender"]).strip(' "')
        so = {at for at, each in enumerate(marked) if each.startswith("#sig#") and lines[at].strip()}
        yield lines, address.group() if address else "", name, so


def line_scores(data: Path) -> list[Score]:
    """How well the lines of signatures are found, mail by mail."""
    scores = []
    for lines, address, name, so in marked_mails(data):
        found = read_signature("\n".join(lines), address=address, name=name, region="US")
        ours = {at for at in (found.lines if found else ()) if lines[at].strip()}
        scores.append(Score(len(ours & so), len(ours), len(so)))
    return scores


def reply_parser_lines(data: Path) -> list[Score]:
    """The same by mail-parser-reply, as it comes: the lines of its latest reply's signatures."""
    from mailparser_reply import EmailReplyParser

    scores = []
    for lines, _, _, so in marked_mails(data):
        replies = EmailReplyParser(languages=["en"]).read("\n".join(lines)).replies
        text = (replies[0].signatures or "") if replies else ""
        wanted = {each.strip() for each in text.split("\n")} - {""}
        ours = {at for at, each in enumerate(lines) if each.strip() in wanted}
        scores.append(Score(len(ours & so), len(ours), len(so)))
    return scores


def measure(data: Path) -> Section:
    """Fields on labelled business mail, five-fold, and lines on a second set."""
    pairs = read_all(data)
    section = Section(
        "Signatures",
        f"{len(pairs)} labelled business mails, without gold zones; only the sender's own signature counts, "
        "not what is quoted. Nothing is learnt from the mails, so the folds only show how much the figure "
        "varies: the worst and the best of five, and a bootstrap interval (95 %).",
    )
    rows: list[tuple[str, ...]] = [("field", "precision", "recall", "F1", "95 %", "folds")]
    for field, scores in by_field(pairs).items():
        whole = total(scores)
        low, high = interval(scores, lambda score: score.f1)
        folds = sorted(total(scores[number::FOLDS]).f1 for number in range(FOLDS))
        spread = f"{shown(folds[0])} to {shown(folds[-1])}"
        rows.append((field, *three(whole), f"{shown(low)} to {shown(high)}", spread))
        if field in LEAST:
            section.floors.append((f"signature {field} F1", whole.f1, LEAST[field]))
        if field in LEAST_PRECISION:
            section.floors.append((f"signature {field} precision", whole.precision, LEAST_PRECISION[field]))
    section.tables.append(rows)
    ours, theirs = total(line_scores(data)), total(reply_parser_lines(data))
    section.tables.append(
        [
            ("lines of signatures", "precision", "recall", "F1"),
            ("FirstContact", *three(ours)),
            ("mail-parser-reply", *three(theirs)),
        ]
    )
    section.floors.append(("signature lines F1", ours.f1, LEAST_LINES))
    return section
