"""`firstcontact filters try`: a pattern's hits and what would come of it, before it is on a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def written(fc: Any, strangers: Any) -> Any:
    """Five strangers have written to Ana, and she has answered each: five contacts."""
    fc.done("import", strangers("mail.mbox", 5), "--yes")
    return fc


def test_a_pattern_is_tried(written: Any) -> None:
    """How many interactions of how many people it would have hit, with examples, and that they would be no
    contacts; nothing is written."""
    before = written.rows()
    said = written.done("filters", "try", "*@firm1.example").all
    assert "`*@firm1.example` would have hit 2 interactions of 1 person." in said
    assert "would create 0 contacts (now 1)" in said
    assert "blocked" in said
    trial = written.json("filters", "try", "p1@firm1.example", "*.example")
    assert [(hit["interactions"], hit["people"]) for hit in trial["hits"]] == [(2, 1), (10, 5)]
    assert (trial["interactions"], trial["people"]) == (10, 5)
    assert (trial["now"]["create"], trial["then"].get("create", 0)) == (5, 0)
    assert trial["changed"] == len(trial["differences"]) == 20
    assert {each["after"] for each in trial["differences"] if each["about"]} == {"leave"}
    assert written.rows() == before


def test_who_is_hit_only_beside_others_is_told_apart(written: Any) -> None:
    """A pattern that nobody has, one of ours, and one of a time when nobody wrote hit nothing."""
    for words in (("*@other.example",), ("*@ruizlaw.example",), ("*.example", "--since", "2026-05-01")):
        said = written.done("filters", "try", *words).out
        assert "would have hit 0 interactions of 0 people." in said
        assert "verdict" not in said


def test_a_subject_is_tried(written: Any) -> None:
    """A subject hits everybody on the mail; on the allowed list it is refused, since that is about people."""
    said = written.json("filters", "try", "subject:Letter 2*")
    assert said["hits"][0]["examples"][0]["about"].startswith("Letter")
    assert said["people"] == said["interactions"] > 0
    refused = written("filters", "try", "--allowed", "subject:x")
    assert (refused.status, "a subject can only be blocked" in refused.err) == (2, True)


def test_allowed_lifts_doubts(fc: Any, write_mbox: Any) -> None:
    """On the allowed list somebody at a free-mail host may be created: what would be created is told."""
    mails = [
        {"From": "Jo Diaz <jo.diaz@gmail.com>", "Message-ID": "<a@mail.example>"},
        {
            "From": "Ana Ruiz <ana@ruizlaw.example>", "To": "jo.diaz@gmail.com",
            "Message-ID": "<b@ruizlaw.example>", "In-Reply-To": "<a@mail.example>",
        },
    ]  # fmt: skip
    fc.done("import", write_mbox("free.mbox", mails), "--yes")
    said = fc.json("filters", "try", "--allowed", "jo.diaz@gmail.com")
    assert (said["list"], said["interactions"]) == ("allowed", 2)
    reasons = {name for each in said["differences"] for name in each["because"]}
    assert "free_mail" not in reasons
    assert (said["now"].get("create", 0), said["then"]["create"]) == (0, 1)


def test_patterns_come_from_a_file(written: Any, tmp_path: Path) -> None:
    """One a line, with comments; what cannot be read is said with its line, all of it at once."""
    file = tmp_path / "patterns.txt"
    file.write_text("# news\n*@firm1.example  # the first\n\n+1900*\n", encoding="utf-8")
    trial = written.json("filters", "try", "--file", file)
    assert [hit["pattern"] for hit in trial["hits"]] == ["*@firm1.example", "+1900*"]
    file.write_text("*@firm1.example\njo@\n\nnonsense\n", encoding="utf-8")
    said = written("filters", "try", "--file", file, "acme@")
    assert said.status == 2
    assert f"{file}:2: `jo@` has no domain" in said.err
    assert f"{file}:4: `nonsense` is no e-mail address, domain or telephone number" in said.err
    assert "pattern 1: `acme@` has no domain" in said.err
    assert written("filters", "try").status == 2
    file.write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in written("filters", "try", "--file", file).err
