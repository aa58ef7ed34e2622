"""The reference of formats is true: every example of it is recognised as what it says, and imported."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from firstcontact.bootstrap import CONTACT_FORMATS, files_under

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, tuple[str, str]] = {}
for _section in PAGE.split("\n## `")[1:]:
    _example = re.search(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```", _section, re.M | re.S)
    if _example:
        EXAMPLES[_section.partition("`")[0]] = (_example[1], _example[2])
BY_NUMBER = ("jsonl", "twilio", "ringcentral", "asterisk-cdr")


def test_every_format_of_the_table_has_an_example() -> None:
    """The table, the sections and the examples name the same formats; a Maildir is a folder of eml."""
    table = set(re.findall(r"\[`([\w-]+)`\]\(#", PAGE))
    assert table == set(re.findall(r"^## `([\w-]+)`", PAGE, re.M))
    assert table == set(EXAMPLES) | {"maildir"}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("format", EXAMPLES)
def test_an_example_is_recognised_and_imported(format: str, packed: bool, fc: Any, tmp_path: Path) -> None:
    """By its beginning, under its own name and under one that says nothing; it gives an interaction with Jo
    Diaz, or Jo Diaz as a contact."""
    name, text = EXAMPLES[format]
    raw = gzip.compress(text.encode()) if packed else text.encode()
    path, nameless = tmp_path / (f"{name}.gz" if packed else name), tmp_path / "file"
    path.write_bytes(raw)
    nameless.write_bytes(raw)
    assert [each.format for each in files_under(path)] == [format]
    assert [each.format for each in files_under(nameless)] == [format]
    result = fc.json("import", path)
    assert result["rejected"] == 0
    if format in CONTACT_FORMATS:
        assert result["contacts_imported"] == len(fc.json("contacts")) >= 1
    else:
        assert result["interactions"] >= 1
    who = (
        "+14155550123" if format in ("jsonl", "twilio", "ringcentral", "asterisk-cdr") else "jo@acme.example"
    )
    assert fc("explain", who).status == 0


@pytest.mark.parametrize("format", EXAMPLES)
def test_an_example_imported_twice_is_there_once(format: str, fc: Any, tmp_path: Path) -> None:
    """The same file again, and a copy of it, change nothing."""
    name, text = EXAMPLES[format]
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    fc.done("import", tmp_path / "a" / name)
    before = fc.done("export", "--json").out
    fc.done("import", tmp_path / "a" / name)
    fc.done("import", tmp_path / "b" / name)
    assert fc.done("export", "--json").out == before


def test_a_maildir_is_one(fc: Any, tmp_path: Path) -> None:
    """A folder with `cur` and `new` is a Maildir, wherever it lies; its mails are read."""
    folder = tmp_path / "mail" / "Inbox"
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "cur" / "1.eml:2,S").write_text(EXAMPLES["eml"][1])
    assert [each.format for each in files_under(tmp_path / "mail")] == ["maildir"]
    assert fc.json("import", tmp_path / "mail")["interactions"] == 1
