"""Mail from files: every message once, resumable, in bounded memory, and a sentence for what is wrong."""

from __future__ import annotations

import gzip
import os
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstcontact.connectors.contract import Delivery
from firstcontact.connectors.files import mail as files
from firstcontact.connectors.files.detect import detect, looks_like_mail, looks_like_mbox
from firstcontact.connectors.files.mail import Item, eml_deliveries, maildir_deliveries, mbox_deliveries
from firstcontact.connectors.files.problems import FileProblem
from firstcontact.connectors.files.streams import BLOCK, Blocks, total_bytes


def message(number: int, body: bytes = b"Hello\n", separator: bytes = b"") -> bytes:
    line = separator or b"From jo@acme.example Mon Mar  2 11:00:%02d 2026\n" % (number % 60)
    return line + b"From: jo@acme.example\nSubject: %d\n\n%s\n" % (number, body)


def texts(items: Iterator[Item] | list[Item]) -> list[bytes]:
    return [item.raw for item, _ in items if isinstance(item, Delivery)]


def reasons(items: Iterator[Item] | list[Item]) -> list[str]:
    return [item.reason for item, _ in items if not isinstance(item, Delivery)]


@pytest.fixture(params=[False, True], ids=["plain", "gzip"])
def packed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def write(folder: Path, data: bytes, packed: bool, name: str = "box.mbox") -> Path:
    path = folder / (name + (".gz" if packed else ""))
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    return path


def test_messages_come_byte_for_byte_with_their_place(tmp_path: Path, packed: bool) -> None:
    """The deliveries laid end to end are the file; each names its file and where it began."""
    parts = [message(n, b"x" * (n * 977 % 5000) + b"\n") for n in range(800)]
    items = list(mbox_deliveries(write(tmp_path, b"".join(parts), packed), "", "ana"))
    assert texts(items) == parts
    second = items[1][0]
    assert isinstance(second, Delivery)
    assert second.captured_from == "ana"
    assert second.place == f"box.mbox{'.gz' if packed else ''}: message at byte {len(parts[0])}"


def test_a_killed_import_goes_on_behind_its_cursor(tmp_path: Path, packed: bool) -> None:
    """From every cursor, exactly the messages behind it come, and none once more."""
    parts = [message(n, random.Random(n).randbytes(3000).hex().encode() + b"\n") for n in range(300)]
    path = write(tmp_path, b"".join(parts), packed)
    items = list(mbox_deliveries(path))
    for index in (0, 1, 150, 298, 299):
        assert texts(mbox_deliveries(path, items[index][1])) == parts[index + 1 :]


def test_an_mbox_that_grew_or_shrank_is_read_rightly(tmp_path: Path) -> None:
    """Appended messages come alone; a file that was rewritten is read from its start."""
    path = write(tmp_path, message(1) + message(2), False)
    cursor = list(mbox_deliveries(path))[-1][1]
    path.write_bytes(message(1) + message(2) + message(3))
    assert texts(mbox_deliveries(path, cursor)) == [message(3)]
    path.write_bytes(message(3, b"y" * 500) + message(4))
    assert texts(mbox_deliveries(path, cursor)) == [message(3, b"y" * 500), message(4)]
    path.write_bytes(message(5))
    assert texts(mbox_deliveries(path, cursor)) == [message(5)]


@pytest.mark.parametrize("shift", range(-90, 10, 3))
def test_a_separator_across_two_blocks_is_seen(tmp_path: Path, shift: int) -> None:
    """Wherever the blocks that a file is read in meet, a message begins where it begins."""
    first = message(1, b"x" * (BLOCK - len(message(1, b"")) + shift))
    assert texts(mbox_deliveries(write(tmp_path, first + message(2), False))) == [first, message(2)]


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        (b"\nFrom jo@acme.example Mon Mar  2 11:00:00 2026\nSubject: x\n", True),
        (b"\nFrom 1234567890@xxx Mon Mar 02 11:00:00 +0000 2026\nX-GM: 1\n", True),
        (b"From jo@acme.example Mon Mar  2 11:00:00 2026\nSubject: x\n", True),
        (b"\nFrom - \nSubject: x\n", True),
        (b"\nFrom jo@acme.example\nSubject: x\n", True),
        (b"\nFrom the start: we knew\nSubject: x\n", False),
        (b"\nFrom jo@acme.example Mon Mar  2 11:00:00 2026\nwe learn that\n", False),
        (b"From jo@acme.example\nSubject: x\n", False),
        (b"\n>From jo@acme.example Mon Mar  2 11:00:00 2026\nSubject: x\n", False),
    ],
)
def test_what_begins_a_message(tmp_path: Path, line: bytes, begins: bool) -> None:
    """A From_ line needs header fields behind it, and a date or an empty line before it."""
    path = write(tmp_path, message(1, b"text\n").rstrip(b"\n") + b"\n" + line + b"\nbody\n", False)
    assert len(texts(mbox_deliveries(path))) == (2 if begins else 1)


def test_a_wrong_content_length_loses_nothing(tmp_path: Path) -> None:
    """Content-Length is not believed: the message behind a lying one still comes."""
    lying = message(1).replace(b"Subject", b"Content-Length: 99999\nSubject")
    assert texts(mbox_deliveries(write(tmp_path, lying + message(2), False))) == [lying, message(2)]


def test_a_huge_message_is_set_aside_in_bounded_memory(tmp_path: Path, packed: bool) -> None:
    """A message above the limit is a rejection with its size; its neighbours come, memory stays small."""
    huge = message(2, (random.Random(1).randbytes(50_000).hex().encode() + b"\n") * 160)
    path = write(tmp_path, message(1) + huge + message(3), packed)
    tracemalloc.start()
    items = list(mbox_deliveries(path, limit_bytes=2 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert texts(items) == [message(1), message(3)]
    (rejection,) = (item for item, _ in items if not isinstance(item, Delivery))
    assert rejection.reason == "too_large"
    assert f"{len(huge) / (1 << 20):.1f} MB" in rejection.detail
    assert peak < 12 << 20


def test_a_cut_gzip_keeps_what_it_held(tmp_path: Path) -> None:
    """What a truncated gzip held comes, then why it ended; of the whole file then only the rest."""
    parts = [message(n, random.Random(n).randbytes(2000).hex().encode() + b"\n") for n in range(50)]
    whole = gzip.compress(b"".join(parts))
    path = tmp_path / "box.mbox.gz"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    items = list(mbox_deliveries(path))
    got = texts(items)
    assert reasons(items) == ["truncated"]
    assert len(got) > 20
    assert got[:-1] == parts[: len(got) - 1]
    path.write_bytes(whole)
    assert texts(mbox_deliveries(path, items[-1][1])) == parts[len(got) - 1 :]


def test_damaged_gzip_data_ends_with_a_sentence(tmp_path: Path) -> None:
    """Flipped bytes in the middle cost what lies behind them, and say so."""
    parts = [message(n, random.Random(n).randbytes(2000).hex().encode() + b"\n") for n in range(50)]
    data = bytearray(gzip.compress(b"".join(parts)))
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    path = tmp_path / "box.mbox.gz"
    path.write_bytes(data)
    items = list(mbox_deliveries(path))
    assert reasons(items) == ["damaged"]
    assert texts(items)[:10] == parts[:10]


def test_gzip_files_one_behind_the_other_are_one(tmp_path: Path) -> None:
    """A gzip file of several members, as log rotation makes, is read to its end."""
    path = tmp_path / "box.mbox.gz"
    path.write_bytes(gzip.compress(message(1)) + gzip.compress(message(2)) + bytes(512))
    items = list(mbox_deliveries(path))
    assert (texts(items), reasons(items)) == ([message(1), message(2)], [])


def test_a_zip_bomb_stops_its_file(tmp_path: Path) -> None:
    """A gzip that expands beyond reason is stopped with a sentence; what came before it is kept."""
    squeeze = zlib.compressobj(1, wbits=31)
    data = squeeze.compress(message(1) + message(2))
    data += b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(400)) + squeeze.flush()
    path = tmp_path / "box.mbox.gz"
    path.write_bytes(data)
    items = list(mbox_deliveries(path, limit_bytes=1 << 20))
    assert reasons(items)[-1] == "zip_bomb"
    assert texts(items) == [message(1)]
    with Blocks(path, bomb_floor=8 << 20) as blocks:
        while blocks.next():
            pass
        assert (blocks.end, blocks.position <= 16 << 20) == ("bomb", True)


def test_an_mbox_cut_in_a_line_is_kept_and_told(tmp_path: Path) -> None:
    """A last line without its end is delivered, with a row that says that it may be cut."""
    items = list(mbox_deliveries(write(tmp_path, message(1) + message(2)[:-9], False)))
    assert len(texts(items)) == 2
    assert reasons(items) == ["truncated"]


def test_what_is_no_mbox_says_so(tmp_path: Path) -> None:
    """Text that no From_ line begins is a rejection; an empty file is nothing at all."""
    assert reasons(mbox_deliveries(write(tmp_path, b"a,b\n1,2\n", False))) == ["not_mbox"]
    assert list(mbox_deliveries(write(tmp_path, b"", False, "empty.mbox"))) == []


def test_files_that_cannot_be_opened_say_why(tmp_path: Path) -> None:
    """A missing file, a folder and a cursor of something else are each a sentence that names the file."""
    for path, words in ((tmp_path / "no.mbox", "no such file"), (tmp_path, "a folder")):
        with pytest.raises(FileProblem, match=words) as caught:
            next(mbox_deliveries(path))
        assert str(path) in str(caught.value)
    with pytest.raises(FileProblem, match="no place"):
        next(mbox_deliveries(write(tmp_path, message(1), False), "abc"))
    with pytest.raises(FileProblem, match="no Maildir"):
        next(maildir_deliveries(tmp_path))


def test_single_messages_and_folders_of_them(tmp_path: Path) -> None:
    """An .eml, an .eml.gz and Apple's .emlx are one message each; a folder resumes."""
    plain = b"From: jo@acme.example\nSubject: 1\n\nHello\n"
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.eml").write_bytes(plain)
    (tmp_path / "b.eml.gz").write_bytes(gzip.compress(plain))
    (tmp_path / "sub" / "c.emlx").write_bytes(b"%d  \n%s<plist/>" % (len(plain), plain))
    (tmp_path / "d.eml").write_bytes(b"x" * 2000)
    (tmp_path / "notes.txt").write_bytes(b"no mail")
    items = list(eml_deliveries(tmp_path, limit_bytes=1000))
    assert texts(items) == [plain] * 3
    assert reasons(items) == ["too_large"]
    assert texts(eml_deliveries(tmp_path, items[2][1])) == [plain]
    one = list(eml_deliveries(tmp_path / "a.eml"))
    assert texts(one) == [plain]
    assert list(eml_deliveries(tmp_path / "a.eml", one[-1][1])) == []


def test_maildirs_give_what_came_since(tmp_path: Path) -> None:
    """cur and new of all folders are read in order of delivery, drafts set aside, and a flag change or a
    move to cur makes nothing new."""
    for folder in (tmp_path, tmp_path / ".Sent"):
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
    plain = b"From: jo@acme.example\nSubject: %d\n\nHello\n"
    (tmp_path / "cur" / "900.b.host:2,S").write_bytes(plain % 1)
    (tmp_path / "new" / "1000.a.host").write_bytes(plain % 3)
    (tmp_path / ".Sent" / "cur" / "950.c.host:2,S").write_bytes(plain % 2)
    (tmp_path / "cur" / "1001.d.host:2,DS").write_bytes(plain % 4)
    (tmp_path / "tmp" / "1002.e.host").write_bytes(plain % 5)
    items = list(maildir_deliveries(tmp_path))
    assert texts(items) == [plain % 1, plain % 2, plain % 3]
    assert reasons(items) == ["draft"]
    assert texts(maildir_deliveries(tmp_path, items[0][1])) == [plain % 2, plain % 3]
    os.rename(tmp_path / "new" / "1000.a.host", tmp_path / "cur" / "1000.a.host:2,S")
    (tmp_path / "new" / "2000.f.host").write_bytes(plain % 6)
    assert texts(maildir_deliveries(tmp_path, items[-1][1])) == [plain % 6]


def test_formats_are_known_by_their_beginning(tmp_path: Path, packed: bool) -> None:
    """mbox and single messages are told apart whatever their names; other text is neither."""
    plain = b"Received: x\nFrom: jo@acme.example\n\nHello\n"
    assert detect(write(tmp_path, message(1), packed, "a")) == "mbox"
    assert detect(write(tmp_path, plain, packed, "b")) == "eml"
    assert detect(write(tmp_path, b"BEGIN:VCALENDAR\n", packed, "c")) == ""
    assert looks_like_mbox(message(1))
    assert not looks_like_mbox(plain)
    assert looks_like_mail(plain)
    assert not looks_like_mail(b"name: x\nvalue: y\n\n")


def test_maildirs_and_missing_files_are_detected(tmp_path: Path) -> None:
    """A folder with cur and new is a Maildir; what is not there is a sentence."""
    (tmp_path / "cur").mkdir()
    assert detect(tmp_path) == ""
    (tmp_path / "new").mkdir()
    assert detect(tmp_path) == "maildir"
    with pytest.raises(FileProblem, match="no such file"):
        detect(tmp_path / "no.eml")


def test_progress_has_a_total(tmp_path: Path, packed: bool) -> None:
    """The last cursor is the total, so that progress ends at the whole."""
    path = write(tmp_path, message(1) + message(2), packed)
    assert str(total_bytes(path)) == list(mbox_deliveries(path))[-1][1]


def test_the_limit_is_the_documented_one() -> None:
    """64 MiB per message unless the caller says otherwise."""
    assert files.LIMIT_BYTES == 64 << 20
