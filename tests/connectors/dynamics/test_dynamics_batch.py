"""A batch as it is sent and as it is answered, byte by byte."""

from __future__ import annotations

import json

import pytest

from firstcontact.connectors.dynamics import batch
from firstcontact.connectors.dynamics.batch import Broken, ChangeSet, Operation, decode, encode

ROOT = "/api/data/v9.2/"
GET = Operation(path="contacts?$top=1")
PATCH = Operation(
    method="PATCH", path="contacts(fc_key='ab')", headers={"If-None-Match": "*"}, body={"x": "é"}
)
CLOSE = Operation(method="PATCH", path="$7", body={"statecode": 1})


def answered(*parts: str, boundary: str = "b1") -> tuple[str, bytes]:
    """Content type and content of an answer with these parts."""
    pieces = [f"--{boundary}\r\n{part}\r\n" for part in parts]
    return f"multipart/mixed; boundary={boundary}", ("".join(pieces) + f"--{boundary}--\r\n").encode()


def part(status: int, body: object = None, headers: str = "") -> str:
    """One answer within a multipart."""
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    content = "" if body is None else json.dumps(body)
    return f"{head}HTTP/1.1 {status} Said\r\n{headers}OData-Version: 4.0\r\n\r\n{content}"


def change_set(*statuses: int, ids: tuple[int, ...]) -> str:
    """The answers of a change set."""
    pieces = ""
    for status, id in zip(statuses, ids, strict=True):
        head = f"Content-Type: application/http\r\nContent-ID: {id}\r\n\r\nHTTP/1.1 {status} Said\r\n"
        pieces += f"--c1\r\n{head}OData-EntityId: https://x/contacts({id})\r\n\r\n\r\n"
    return f"Content-Type: multipart/mixed; boundary=c1\r\n\r\n{pieces}--c1--"


def test_what_is_sent_is_a_multipart_of_requests() -> None:
    """Requests stand in parts, those that belong together in one of their own, with Content-IDs."""
    content_type, content = encode([GET, ChangeSet((PATCH, CLOSE), 7)], ROOT)
    assert content_type.startswith('multipart/mixed;boundary="batch_')
    text = content.decode()
    assert "GET /api/data/v9.2/contacts?$top=1 HTTP/1.1\r\n" in text
    assert "Content-ID: 7\r\n\r\nPATCH /api/data/v9.2/contacts(fc_key='ab') HTTP/1.1\r\n" in text
    assert "Content-ID: 8\r\n\r\nPATCH $7 HTTP/1.1\r\n" in text
    assert "If-None-Match: *\r\n" in text
    assert '{"x":"é"}' in text
    assert text.count("\n") == text.count("\r\n")
    boundary = content_type.partition('"')[2].rstrip('"')
    assert text.endswith(f"--{boundary}--\r\n")


def test_the_same_batch_is_the_same_bytes() -> None:
    """A retry sends the same request."""
    assert encode([GET], ROOT) == encode([GET], ROOT)


def test_answers_come_in_the_order_of_the_parts() -> None:
    """Of a query its rows, of a change set the answers by their Content-ID, in whatever order they stand."""
    answers = decode(
        *answered(part(200, {"value": []}), change_set(204, 201, ids=(8, 7))),
        [GET, ChangeSet((PATCH, CLOSE), 7)],
    )
    (query,), both = (one or () for one in answers)
    assert (query.status, query.body) == (200, {"value": []})
    assert [one.status for one in both] == [201, 204]
    assert both[0].headers["odata-entityid"] == "https://x/contacts(7)"


def test_a_change_set_that_failed_is_one_answer() -> None:
    """One error stands in place of all its answers, with its Retry-After; other parts are not affected."""
    error = {"error": {"code": "0x80072322", "message": "Number of requests exceeded"}}
    found = decode(
        *answered(part(429, error, "Retry-After: 12\r\n"), part(200, {"value": [1]})),
        [ChangeSet((PATCH, CLOSE), 7), GET],
    )
    assert found[0] is not None
    assert [(one.status, one.headers["retry-after"]) for one in found[0]] == [(429, "12")]
    assert found[1] is not None
    assert found[1][0].body == {"value": [1]}


def test_what_was_not_answered_is_none() -> None:
    """Where parts are missing, nobody can tell of them."""
    assert decode(*answered(part(200, {"value": []})), [GET, ChangeSet((PATCH,), 1)])[1] is None
    two = ChangeSet((PATCH, CLOSE), 7)
    assert decode(*answered(change_set(204, ids=(7,))), [two]) == [None], "one of two answers"
    assert decode(*answered(part(204)), [two]) == [None], "success without the answers of each"


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/html", b"<!DOCTYPE html><h1>Bad gateway</h1>"),
        ("multipart/mixed; boundary=b1", answered(part(200, {"value": []}))[1][:-12]),
        (
            "multipart/mixed; boundary=b1",
            b"--b1\r\nContent-Type: application/http\r\n\r\nnonsense\r\n--b1--\r\n",
        ),
        ("multipart/mixed", b""),
    ],
    ids=["a proxy's page", "cut", "no status line", "no boundary"],
)
def test_what_is_no_answer_is_broken(content_type: str, content: bytes) -> None:
    """A page of a proxy and an answer that is cut are no answers to a batch."""
    with pytest.raises(Broken):
        decode(content_type, content, [GET])


def test_a_count_with_a_byte_order_mark_is_read() -> None:
    """`$count` answers plain text, which Dataverse begins with a mark."""
    head = "Content-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    (answer,) = decode(*answered(f"{head}\ufeff42"), [GET])
    assert answer is not None
    assert answer[0].body == 42


def test_what_a_part_counts() -> None:
    """Operations within a change set count each; content makes a part large."""
    assert [batch.count(GET), batch.count(ChangeSet((PATCH, CLOSE)))] == [1, 2]
    large = Operation(method="PATCH", path="annotations(x)", body={"documentbody": "x" * 10_000})
    assert batch.size(large) > 10_000
