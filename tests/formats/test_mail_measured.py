"""The mail reader over the shared measuring data: nobody lost, nobody doubled, no exception."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from firstcontact.connectors.contract import Delivery
from firstcontact.connectors.files.mail import mbox_deliveries
from firstcontact.formats.mail import read_mail
from firstcontact.formats.mail_addresses import read_addresses
from firstcontact.formats.mail_mime import split_head
from firstcontact.interactions.merge import supersede
from firstcontact.interactions.model import Interaction


def archives(shared: Path) -> list[Path]:
    found = sorted((shared / "data" / "apache_list_mail").glob("maven-dev-*.mbox.gz"))
    assert len(found) == 3
    return found


def everything(path: Path, cursor: str = "") -> list[tuple[Interaction, str]]:
    mails = []
    for item, after in mbox_deliveries(path, cursor):
        assert isinstance(item, Delivery), item
        interactions, rejections = read_mail(item.raw, "mbox", item.place)
        assert not rejections, rejections
        mails.extend((interaction, after) for interaction in interactions)
    return mails


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_three_archives_of_one_list_are_one_list(shared: Path, seed: int) -> None:
    """954 mails of three archives are exactly 317 interactions, the same facts in any order."""
    mails = [mail for path in archives(shared) for mail, _ in everything(path)]
    straight = merged(mails)
    random.Random(seed).shuffle(mails)
    assert len(mails) == 954
    assert len(straight) == 317
    assert merged(mails) == straight


def merged(mails: list[Interaction]) -> dict[str, Interaction]:
    facts: dict[str, Interaction] = {}
    for mail in mails:
        facts[mail.id] = supersede(facts[mail.id], mail) if mail.id in facts else mail
    return {key: msgspec.structs.replace(fact, captured_from=()) for key, fact in facts.items()}


def test_a_kill_in_the_middle_changes_nothing(shared: Path) -> None:
    """Stopped anywhere and resumed by its cursor, an archive gives the mails it gives in one go."""
    for path in archives(shared):
        mails = everything(path)
        for index in (0, 100, len(mails) - 1):
            resumed = everything(path, mails[index][1])
            assert [mail.id for mail, _ in resumed] == [mail.id for mail, _ in mails[index + 1 :]]


def test_malformed_mail_is_an_interaction_or_a_reason(shared: Path) -> None:
    """Every malformed file gives exactly one interaction or rejection, quickly, and never an exception."""
    files = [path for path in (shared / "data" / "malformed_mail").rglob("*") if path.is_file()]
    assert len(files) == 698
    mails = 0
    for path in files:
        interactions, rejections = read_mail(path.read_bytes(), place=path.name)
        assert len(interactions) + len(rejections) == 1, path
        assert all(rejection.detail and rejection.place for rejection in rejections)
        mails += len(interactions)
    assert mails > 250


def expected_people(value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        if "name" in value and "address" in value and not isinstance(value["address"], dict | list):
            return [(value["name"] or "", value["address"] or "")]
        return [person for inner in value.values() for person in expected_people(inner)]
    return [person for inner in value for person in expected_people(inner)] if isinstance(value, list) else []


def test_names_and_addresses_are_those_expected(shared: Path) -> None:
    """Where the data has the expected parse, every name and address is exactly that one; where the
    expectation itself could not read a character, ours differs in that character only."""
    compared = 0
    for path in sorted((shared / "data" / "malformed_mail" / "stalwart").glob("*/*.json")):
        parts = msgspec.json.decode(path.read_bytes())["parts"]
        fields, _ = split_head(path.with_suffix(".eml").read_bytes())
        for header in parts[0]["headers"] if parts else ():
            if header["name"] not in ("from", "to", "cc", "bcc", "reply_to"):
                continue
            wanted = [pair for pair in expected_people(header["value"]) if "@" in pair[1]]
            got = [
                pair for text in fields.all(header["name"].replace("_", "-")) for pair in read_addresses(text)
            ]
            for name, address in wanted:
                assert any(address == a and like(n, name) for n, a in got), (path.name, header["name"])
                compared += 1
    assert compared > 80


def like(got: str, wanted: str) -> bool:
    """Equal, but that the replacement character stands for any one character."""
    return len(got) == len(wanted) and all(w in ("\ufffd", g) for g, w in zip(got, wanted, strict=True))
