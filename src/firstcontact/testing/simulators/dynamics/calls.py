"""One operation as it is asked, alone or in a batch, and what it is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from firstcontact.testing.simulators.dynamics.batch import Answer
from firstcontact.testing.simulators.dynamics.queries import Prefer, read_prefer
from firstcontact.testing.simulators.dynamics.refusals import Refusal, bad, no_segment


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. path: behind the API's root. references: what `$1` names in a change set."""

    method: str
    path: str
    options: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    base: str
    references: Mapping[str, str] = {}

    @property
    def prefer(self) -> Prefer:
        """What the `Prefer` header asks for."""
        return read_prefer(self.headers.get("prefer", ""))

    def body(self) -> Any:
        """What is sent. Raises Refusal 400, 415."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(415, "0x80060888", "The Content-Type must be application/json.")
        try:
            return json.loads(self.content)
        except ValueError:
            raise bad("The body is not JSON.", "0x80048d19") from None

    def resolved(self, text: str) -> str:
        """An address, `$1` being what was written under that Content-ID. Raises Refusal 400."""
        if not text.startswith("$"):
            return text
        if text[1:] not in self.references:
            raise bad(f"Content-ID Reference: '{text}' does not exist in the batch context.", "0x80060888")
        return self.references[text[1:]]


def read_call(
    method: str,
    target: str,
    headers: Mapping[str, str],
    content: bytes,
    base: str,
    references: Mapping[str, str],
) -> Call:
    """A call from a request's address: absolute, from the root, or behind the API's root. Raises Refusal."""
    path, _, query = target.partition("?")
    if path.startswith("$") and path.partition("/")[0][1:] in references:
        head, slash, rest = path.partition("/")
        path = references[head[1:]] + slash + rest
    root = base.partition("://")[2].partition("/")[2]
    for start in (f"{base}/", f"/{root}/"):
        path = path.removeprefix(start)
    if path.startswith(("/", "http:", "https:")):
        raise no_segment(path)
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in options:
            raise bad(f"The query parameter {name} is there twice.")
        options[name] = value
    return Call(
        method=method,
        path=unquote(path),
        options=options,
        headers=headers,
        content=content,
        base=base,
        references=references,
    )


def answered(status: int, body: Any) -> Answer:
    """An answer of JSON."""
    headers = {"Content-Type": "application/json; odata.metadata=minimal"}
    return Answer(status=status, headers=headers, content=json.dumps(body).encode())
