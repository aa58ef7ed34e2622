"""What may stand in a log line, fact by fact."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from firstcontact.operating.redact import HIDDEN, KEY_FILE, Redactor, log_key, scrub
from firstcontact.store.problems import StoreProblem

REDACTOR = Redactor(b"k" * 32)


@pytest.mark.parametrize(
    "text",
    [
        "+14155550123",
        "call 415-555-0123 back",
        "(415) 555-0123",
        "415.555.0123",
        "0044 20 7946 0958",
        "+44 (0)20 7946 0958",
        "030/901820",
        "0171 – 1234567",
        "ana.ruiz+crm@ruizlaw.example",
        "<ana@ruizlaw.example>",
        "ana@rüizlaw.example",
        "postgresql://firstcontact:hunter2@db.example/ledger",
        "Authorization: Bearer abc.def-123456",
        "Basic YW5hOmh1bnRlcjI=",
        "token=s3cr3t",
        '{"password": "hunter2"}',
        "client_secret: hunter2",
        "https://crm.example/cb?code=4/P7q7W91&state=x",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x-y_z",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc0123",
    ],
)
def test_addresses_numbers_and_secrets_are_found(text: str) -> None:
    """An address, a phone number in any usual writing and a secret are gone from a text."""
    said = scrub(text)
    for part in ("0123", "555", "7946", "901820", "1234567", "ana", "hunter2", "abc.def", "YW5h", "s3cr3t",
                 "P7q7W91", "eyJ", "4eC39"):  # fmt: skip
        assert part not in said


@pytest.mark.parametrize(
    "text",
    ["carry_out", "2026-03-02 10:00:00", "500 in 1200 ms", "firstcontact 0.1.0", "address_book", "12345"],
)
def test_what_is_nobodys_stays(text: str) -> None:
    """Words of the program, moments, counts and versions are left alone."""
    assert scrub(text) == text


def test_only_known_facts_are_kept() -> None:
    """A fact under an unknown key is not written, whatever it is; the line says which were hidden."""
    said = REDACTOR.facts({"items": 3, "subject_line": "Offer", "Ana Ruiz": "x", "stage": "decide"})
    assert said == {"items": 3, "stage": "decide", "hidden": f"{HIDDEN} subject_line"}


@pytest.mark.parametrize(
    "value", ["Ana Ruiz", "ana@ruizlaw.example", "+14155550123", "Ana", "a" * 200, "x\ny"]
)
def test_a_known_key_takes_words_of_the_program_only(value: str) -> None:
    """Where a word of the program is expected, nothing else is written."""
    assert value not in str(REDACTOR.facts({"stage": value}).get("stage"))
    assert REDACTOR.facts({"items": value}) == {"hidden": "items"}


def test_ids_are_hashed_with_the_homes_key() -> None:
    """An id is told by a hash that is the same in each line and another with another key."""
    said = REDACTOR.facts({"interaction": "mail-ana@ruizlaw.example"})["interaction"]
    assert said == REDACTOR.id("mail-ana@ruizlaw.example")
    assert "ana" not in str(said)
    assert said != Redactor(b"l" * 32).id("mail-ana@ruizlaw.example")


def test_an_event_is_a_text_of_the_program() -> None:
    """An event's name with anything but lower-case words in it is not written."""
    assert REDACTOR.event("connection paused") == "connection paused"
    for name in ("paused for Ana", "paused: +14155550123", "a@b.example", ""):
        assert REDACTOR.event(name) == HIDDEN


def _raise(secret: str) -> None:
    local = f"{secret} again"
    raise ValueError(f"cannot read {local}")


def test_a_failure_says_where_and_not_what() -> None:
    """Of an error its class, its codes and its places are told, of its cause too; never its words."""
    try:
        try:
            _raise("Ana Ruiz")
        except ValueError as error:
            raise StoreProblem("full", "/home-of-ana/ledger.db", "Ana") from error
    except StoreProblem as error:
        said = REDACTOR.failure(error)
    assert said["error"] == "firstcontact.store.problems.StoreProblem"
    assert said["trouble"] == "full"
    assert said["causes"][0]["error"] == "ValueError"  # type: ignore[index]
    assert any(":_raise:" in place for place in said["causes"][0]["trace"])  # type: ignore[index]
    assert "Ana" not in str(said)
    assert "home-of" not in str(said)


def test_a_cut_chain_of_errors_ends() -> None:
    """An error that is its own cause is told once."""
    error = ValueError("x")
    error.__cause__ = error
    assert "causes" not in REDACTOR.failure(error)


def test_values_can_be_shown_but_never_secrets() -> None:
    """With values shown, a name and an id stand there as they are, and a secret still does not."""
    shows = Redactor(b"k" * 32, shows=True)
    said = shows.facts({"who": "Ana Ruiz", "interaction": "mail-1", "header": "Bearer abcdefgh1234"})
    assert said == {"who": "Ana Ruiz", "interaction": "mail-1", "header": "[secret]"}
    assert shows.failure(ValueError("Ana, token=abc"))["message"] == "Ana, token=[secret]"


def test_the_key_is_the_homes_own(tmp_path: Path) -> None:
    """The key is made once, for its owner's eyes; without a home, or without room in it, for this process."""
    key = log_key(tmp_path)
    assert len(key) == 32
    assert log_key(tmp_path) == key
    assert stat.S_IMODE(os.stat(tmp_path / KEY_FILE).st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert log_key(None) != log_key(None)
    assert len(log_key(tmp_path / "nowhere")) == 32


def test_a_key_that_was_cut_short_still_hides(tmp_path: Path) -> None:
    """An empty key file gives a key of full length, so that logging goes on."""
    (tmp_path / KEY_FILE).write_bytes(b"")
    assert len(log_key(tmp_path)) == 32
