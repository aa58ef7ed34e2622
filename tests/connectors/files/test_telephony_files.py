"""Telephony files: one record a delivery, a cursor to go on from, and a reason for everything else."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from firstcontact.connectors.contract import Delivery, ReadingContext
from firstcontact.connectors.files import telephony
from firstcontact.connectors.files.problems import FileProblem
from firstcontact.connectors.files.telephony import detect_telephony, read_telephony, telephony_deliveries
from firstcontact.interactions.merge import supersede
from firstcontact.interactions.rejection import Rejection

CONTEXT = ReadingContext("US", "UTC")
LINE = {"id": "1", "kind": "sms", "at": "2026-03-02T10:00:00Z", "from": "+14155550123", "to": "+14155550199"}
RECORD = {"sessionId": "1", "startTime": "2026-03-02T10:00:00Z", "direction": "Inbound", "result": "Missed"}
CALL = {
    "sid": "CA01",
    "account_sid": "AC01",
    "direction": "inbound",
    "status": "completed",
    "from": "+14155550123",
    "to": "+14155550199",
    "duration": "5",
    "start_time": "Mon, 02 Mar 2026 10:00:00 +0000",
}
ROW = (
    '"","4155550123","4155550199","from-trunk","""DIAZ, JO"" <4155550123>","PJSIP/trunk-1","PJSIP/{ext}-2",'
    '"Dial","PJSIP/{ext}","2026-03-02 10:00:00","2026-03-02 10:00:09","2026-03-02 10:01:09",69,60,"{said}",'
    '"DOCUMENTATION","1772445600.{call}","","","1772445600.{call}",{number}\n'
)
HEADER = (
    "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,duration,billsec,disposition,"
    "uniqueid,linkedid\n"
)


def rows(count: int = 6) -> bytes:
    return "".join(
        ROW.format(
            ext=101 + one % 2, said="ANSWERED" if one % 2 else "NO ANSWER", call=one // 2 + 1, number=one
        )
        for one in range(count)
    ).encode()


def jsonl(count: int = 5) -> bytes:
    return b"".join(json.dumps({**LINE, "id": str(one)}).encode() + b"\n" for one in range(count))


FILES: dict[str, tuple[str, bytes, int]] = {
    "jsonl": ("texts.jsonl", jsonl(), 5),
    "jsonl-without-end": ("texts.jsonl", jsonl().rstrip(), 5),
    "ringcentral-page": (
        "log.json",
        json.dumps({"records": [RECORD] * 3, "ownerId": "1"}, indent=1).encode(),
        3,
    ),
    "ringcentral-list": ("log.json", json.dumps([RECORD] * 3).encode(), 3),
    "ringcentral-lines": ("log.json", (json.dumps(RECORD) + "\n").encode() * 4, 4),
    "twilio-page": ("calls.json", json.dumps({"calls": [CALL] * 2, "page": 0}).encode(), 2),
    "twilio-one": ("call.json", json.dumps(CALL, indent=2).encode(), 1),
    "asterisk-cdr": ("Master.csv", rows(), 6),
    "asterisk-cdr-header": (
        "cdr.csv",
        HEADER.encode()
        + b'2026-03-02 10:00:00,"Jo <4155550123>",4155550123,101,x,SIP/t-1,SIP/101-1,Dial,9,5,ANSWERED,1,1\n',
        1,
    ),
}


def written(tmp_path: Path, case: str) -> Path:
    name, content, _ = FILES[case]
    path = tmp_path / name
    path.write_bytes(content)
    return path


def deliveries(path: Path, cursor: str = "") -> list[tuple[Delivery, str]]:
    found = []
    for item, after in telephony_deliveries(path, cursor=cursor, captured_from="ana"):
        assert isinstance(item, Delivery), item
        found.append((item, after))
    return found


def rejections(path: Path, format: str = "") -> list[str]:
    items = [item for item, _ in telephony_deliveries(path, format)]
    return [item.reason for item in items if isinstance(item, Rejection)]


@pytest.mark.parametrize("case", FILES)
def test_one_record_a_delivery(tmp_path: Path, case: str) -> None:
    """The format is told from the content, and every record is a delivery that its reader reads."""
    path = written(tmp_path, case)
    format = detect_telephony(FILES[case][1][:8192], path.name)
    assert case.startswith(format)
    found = deliveries(path)
    assert len(found) == FILES[case][2]
    for delivery, _ in found:
        reading = read_telephony(delivery, CONTEXT)
        assert (len(reading.interactions), reading.rejections) == (1, ())
        assert reading.interactions[0].captured_from == ("ana",)
        assert (delivery.source, delivery.captured_from) == (format, "ana")


@pytest.mark.parametrize("case", FILES)
def test_going_on_from_any_cursor(tmp_path: Path, case: str) -> None:
    """After a stop behind any record the rest comes, nothing twice and nothing left out."""
    path = written(tmp_path, case)
    whole = deliveries(path)
    for number, (_, cursor) in enumerate(whole, 1):
        assert deliveries(path, cursor) == whole[number:]


@pytest.mark.parametrize("case", ["jsonl", "asterisk-cdr", "twilio-page"])
def test_gzip_reads_the_same(tmp_path: Path, case: str) -> None:
    """A file that was packed gives the same records as the plain one."""
    plain = written(tmp_path, case)
    packed = tmp_path / (plain.name + ".gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert [one.raw for one, _ in deliveries(packed)] == [one.raw for one, _ in deliveries(plain)]


def test_rows_join_without_a_buffer(tmp_path: Path) -> None:
    """Rows that arrive one by one join to one call for each linkedid, each answered by who picked up."""
    calls = {}
    for delivery, _ in deliveries(written(tmp_path, "asterisk-cdr")):
        (one,) = read_telephony(delivery, CONTEXT).interactions
        calls[one.id] = supersede(calls[one.id], one) if one.id in calls else one
    assert len(calls) == 3
    assert {(one.result, one.seconds, len(one.legs)) for one in calls.values()} == {("answered", 60, 2)}  # type: ignore[union-attr]


def test_a_line_end_in_a_quoted_cell(tmp_path: Path) -> None:
    """A row of two lines is one delivery, and its cursor is behind both."""
    path = tmp_path / "cdr.csv"
    path.write_bytes(rows(1).replace(b'PJSIP/101"', b'PJSIP/101\n,x"') + rows(2))
    found = deliveries(path)
    assert len(found) == 3
    assert b"\n,x" in found[0][0].raw
    assert deliveries(path, found[0][1]) == found[1:]


def test_a_stray_quote_costs_one_row(tmp_path: Path) -> None:
    """A row with a quote that never closes takes no row along, also where a second such row closes it."""
    path = tmp_path / "cdr.csv"
    path.write_bytes(b'"","4155\n' + rows(30) + b'"","4155\n' + rows(4))
    readings = [read_telephony(delivery, CONTEXT) for delivery, _ in deliveries(path)]
    assert sum(len(one.interactions) for one in readings) == 34
    assert [why.reason for one in readings for why in one.rejections] == ["not_a_cdr_row"] * 2


def test_bad_lines_have_their_place(tmp_path: Path) -> None:
    """A line that is no record is rejected with file and byte; the lines around it are read."""
    path = tmp_path / "texts.jsonl"
    path.write_bytes(jsonl(1) + b"{oops\n\n" + jsonl(1))
    readings = [read_telephony(delivery, CONTEXT) for delivery, _ in deliveries(path)]
    assert [len(one.interactions) for one in readings] == [1, 0, 1]
    assert readings[1].rejections[0].place == f"texts.jsonl: line at byte {len(jsonl(1))}"


def test_a_line_beyond_reason_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line above the limit is set aside without being kept, and reading goes on behind it."""
    monkeypatch.setattr(telephony, "LIMIT_BYTES", 1 << 10)
    monkeypatch.setattr("firstcontact.connectors.files.streams.BLOCK", 1 << 8)
    path = tmp_path / "texts.jsonl"
    path.write_bytes(jsonl(1) + b"x" * (3 << 20) + b"\n" + jsonl(1))
    items = [item for item, _ in telephony_deliveries(path)]
    assert [type(item).__name__ for item in items] == ["Delivery", "Rejection", "Delivery"]
    assert rejections(path) == ["too_large"]


def test_files_that_are_nothing(tmp_path: Path) -> None:
    """Empty, broken, cut and foreign files say what is wrong with them."""
    path = tmp_path / "log.json"
    path.write_bytes(b"")
    assert rejections(path, "ringcentral") == ["nothing_inside"]
    path.write_bytes(b'{"records": [],\n "ownerId": "1"}')
    assert rejections(path) == ["nothing_inside"]
    path.write_bytes(b'{"records": [{"sessionId":\n')
    assert rejections(path) == ["not_json"]
    path.write_bytes(gzip.compress(FILES["jsonl"][1] * 200)[:-200])
    assert "truncated" in rejections(path, "jsonl")
    path.write_bytes(b"Dear all,\n")
    with pytest.raises(FileProblem, match="name its format"):
        list(telephony_deliveries(path))
    with pytest.raises(FileProblem, match="no such file"):
        list(telephony_deliveries(tmp_path / "none.json"))
    with pytest.raises(FileProblem, match="no place"):
        list(telephony_deliveries(path, "jsonl", cursor="soon"))


def test_a_document_too_large_to_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One JSON document above the limit is refused with what to do instead."""
    monkeypatch.setattr(telephony, "DOCUMENT_BYTES", 100)
    with pytest.raises(FileProblem, match="smaller pages"):
        list(telephony_deliveries(written(tmp_path, "ringcentral-page")))


@pytest.mark.parametrize(
    ("head", "name", "format"),
    [
        (b"From jo@acme.example Mon Mar  2 10:00:00 2026\n", "inbox", ""),
        (b"BEGIN:VCALENDAR\r\n", "week.ics", ""),
        (b"id,name,phone\n1,Jo,4155550123\n", "people.csv", ""),
        (b'{"name": "x"}\n', "other.json", ""),
        (b'{"name": "x"}\n', "other.jsonl", "jsonl"),
        (b"\xef\xbb\xbf" + rows(1), "cdr.csv", "asterisk-cdr"),
        (b"CallSid=CA01&AccountSid=AC01&CallStatus=completed", "hook", "twilio"),
        (b'{"id": "1", "kind": "sms", "body": "my account_sid is AC1"}\n', "a", "jsonl"),
    ],
)
def test_what_a_file_is(head: bytes, name: str, format: str) -> None:
    """Content decides; the name counts only where the content does not tell."""
    assert detect_telephony(head, name) == format
