"""Who becomes a contact of spam, newsletters and ordinary mail (SPEC §4)."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.quality.places import Place, make_place
from benchmarks.quality.sections import Score, Section, three
from firstcontact.bootstrap import file_items
from firstcontact.interactions.model import Email
from firstcontact.policy.decision import Decision

OPEN: Mapping[str, object] = {
    "engagement": "any",
    "account_match": "optional",
    "free_mail": "create",
    "brakes": {"creates_per_hour": 1_000_000},
}
"""The engagement gate off and no account needed, as SPEC §4 is measured."""
SETS = {"spam-1": "spam", "hard-ham-1": "newsletters and receipts", "easy-ham-1": "ordinary mail"}
LISTS = frozenset({"list-id", "mailing-list", "precedence"})


def unpacked(data: Path, folder: Path, name: str) -> Path:
    """The folder of single messages that one archive of `spamassassin_mail` holds."""
    target = folder / name
    if target.is_dir():
        return target
    target.mkdir(parents=True)
    with tarfile.open(data / "spamassassin_mail" / f"{name}.tar.gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            name_of = Path(member.name).name
            if file is not None and name_of != "cmds":
                (target / f"{name_of}.eml").write_bytes(file.read())
    return target


def drained(here: Place, folder: Path) -> Place:
    """The place, once everything in a folder has been taken in and decided."""
    here.installation.receive(file_items(folder, "eml", "", here.user), here.read)
    here.installation.drain()
    return here


def of_sender(mail: Email, decision: Decision) -> tuple[str, str, tuple[str, ...]]:
    """The sender's address, the verdict on them, and what decided it."""
    sender = next((h.key for p in mail.participants if p.role == "from" for h in p.handles), "")
    for person in decision.people:
        if person.about == sender:
            why = {
                reason.name
                for reason in decision.trace
                if reason.about == sender and reason.decisive and reason.effect in ("never", "ask")
            }
            return sender, person.verdict, tuple(sorted(why))
    return "", "leave", ()


def senders(here: Place) -> dict[str, set[str]]:
    """Every sender, and what became of them: `let through`, `list only`, `no full name`, or reasons."""
    found: dict[str, set[str]] = {}
    for mail, decision, _ in here.decided():
        assert isinstance(mail, Email)
        address, verdict, why = of_sender(mail, decision)
        if verdict in ("create", "link"):
            found.setdefault(address, set()).add("let through")
        elif set(why) == {"automated_sender"} and set(mail.signs.automated) <= LISTS:
            found.setdefault(address, set()).add("list only")
        elif any(name.startswith("missing_field") for name in why):
            found.setdefault(address, set()).add("no full name")
        elif address:
            found.setdefault(address, set()).update(why)
    return found


def creating(here: Place) -> tuple[int, int]:
    """Mails, and those of them that create anybody."""
    decided = [decision for _, decision, _ in here.decided()]
    return len(decided), sum(any(p.verdict == "create" for p in each.people) for each in decided)


def measure(data: Path, folder: Path) -> Section:
    """Creations by set and settings, and people wrongly held."""
    rows: list[tuple[str, ...]] = [("mail", "mails", "create somebody, `standard`", "gate off")]
    section = Section(
        "Creation",
        "Raw mail with full headers, taken in as it comes. With the preset `standard` nobody is to be "
        "created of spam and newsletters; nobody is of ordinary mail either, since the set has no mail "
        "of ours, for which the engagement gate asks. With that gate off, the signs of machines and of "
        "missing names decide alone, and the second table says how well: senders of ordinary mail are "
        "to become contacts, unless only a list carried their mail or they show no full name; those of "
        "spam and newsletters are not.",
    )
    ours, everybody, held = Score(), Score(), 0
    for name, what in SETS.items():
        mail = unpacked(data, folder, name)
        mails, standard = creating(drained(_place(folder / f"{name} standard", {}), mail))
        gate_off = drained(_place(folder / f"{name} open", OPEN), mail)
        rows.append((what, str(mails), str(standard), str(creating(gate_off)[1])))
        by = senders(gate_off)
        made = sum("let through" in why for why in by.values())
        if name != "easy-ham-1":
            section.floors.append((f"{what} that create nobody", 1.0 - standard / mails, 1.0))
            ours, everybody = ours + Score(0, made, 0), everybody + Score(0, len(by), 0)
            continue
        held = sum(not {"let through", "list only", "no full name"} & why for why in by.values())
        section.floors.append(("senders of ordinary mail not held wrongly", 1.0 - held / len(by), 0.95))
        ours += Score(made, made, made + held)
        everybody += Score(made + held, len(by), made + held)
    section.tables.append(rows)
    section.tables.append(
        [
            ("senders who become contacts, gate off", "precision", "recall", "F1"),
            ("FirstContact", *three(ours)),
            ("every new sender", *three(everybody)),
        ]
    )
    return section


def _place(folder: Path, settings: Mapping[str, object]) -> Place:
    folder.mkdir()
    return make_place(folder, settings, None)
