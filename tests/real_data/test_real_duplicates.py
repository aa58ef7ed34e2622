"""Duplicates of labelled sets: nothing wrong is merged, and doing nothing does not count (SPEC §9)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.quality.ambiguity import office_holders
from benchmarks.quality.duplicates import LEAST_RECALL, labelled, merged, score, suggested
from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.identity.records import Record


def test_no_wrong_merge(shared: Path, figure: Callable[[str], None]) -> None:
    """On no labelled set are two people merged by themselves, and of the pairs of `fake_1000` that are one
    person at least three in ten are."""
    recalls = {}
    for each in labelled(shared / "data"):
        done = score(merged(each.records), each.same)
        assert done.right == done.said, each.name
        recalls[each.name] = done.recall
        figure(f"{each.name}: {done.said} pairs merged of {done.so}, none of them wrong")
    assert recalls["fake_1000"] >= LEAST_RECALL


def test_what_is_suggested(shared: Path, figure: Callable[[str], None]) -> None:
    """Together with what is merged, suggestions find more than the rule alone, and hardly any is wrong."""
    each = next(one for one in labelled(shared / "data") if one.name == "fake_1000")
    done = score(merged(each.records) | suggested(each.records), each.same)
    figure(f"fake_1000, merged or suggested: precision {done.precision:.3f}, recall {done.recall:.3f}")
    assert done.precision >= 0.97
    assert done.recall >= 0.45


def test_colleagues_who_share_a_number(shared: Path) -> None:
    """Of thousands of office-holders on one account, who share numbers and addresses, nobody is merged with
    somebody of another name."""
    records = [
        Record(
            type="contact", id=one["id"], first_name=one["first_name"], last_name=one["last_name"],
            handles=read_fields(one["emails"], one["phones"], "US")[0], account="all", created_by_us=True,
        )
        for one in office_holders(shared / "data")
    ]  # fmt: skip
    names = {record.id: record.last_name.casefold().split()[-1:] for record in records}
    pairs = merged(records)
    assert len(pairs) < 10
    for one, other in map(sorted, pairs):
        assert names[one] == names[other]


pytestmark = pytest.mark.usefixtures("shared")
