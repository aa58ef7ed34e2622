"""PURE. Salesforce's SOAP API, of which we use `merge()`: REST has none (partner WSDL, page on the call)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import msgspec

from firstcontact.connectors.salesforce.faults import Fault
from firstcontact.connectors.toolkit.safe_xml import Malformed as Malformed
from firstcontact.connectors.toolkit.safe_xml import parse

MERGES = 200
"""In one call, each a transaction of its own."""
HEADERS = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_PARTNER = "urn:partner.soap.sforce.com"
_OBJECT = "urn:sobject.partner.soap.sforce.com"
_NO_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """One merge: what the survivor takes, and who goes into it."""

    survivor: str
    loser: str
    values: Mapping[str, Any] = {}


class Result(msgspec.Struct, frozen=True):
    """What became of one merge; faults are empty where it happened."""

    faults: tuple[Fault, ...] = ()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: results in the order of the requests, or one fault for all of them, before which nothing
    happened. used, limit: of the day's requests, 0 where it does not tell."""

    results: tuple[Result, ...] = ()
    fault: Fault | None = None
    used: int = 0
    limit: int = 0


def merge_call(merges: Sequence[Merge], session: str) -> bytes:
    """The envelope of a call. Duplicate rules are not to stop it: who is who has been decided."""
    requests = "".join(_request(one) for one in merges)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<e:Envelope xmlns:e="{_ENVELOPE}" xmlns="{_PARTNER}" xmlns:o="{_OBJECT}"><e:Header>'
        f"<SessionHeader><sessionId>{escape(session)}</sessionId></SessionHeader>"
        "<DuplicateRuleHeader><allowSave>true</allowSave><includeRecordDetails>false</includeRecordDetails>"
        "<runAsCurrentUser>false</runAsCurrentUser></DuplicateRuleHeader>"
        f"</e:Header><e:Body><merge>{requests}</merge></e:Body></e:Envelope>"
    ).encode()


def _request(merge: Merge) -> str:
    fields = "".join(f"<o:{name}>{_text(value)}</o:{name}>" for name, value in merge.values.items())
    return (
        f"<request><masterRecord><o:type>Contact</o:type><o:Id>{escape(merge.survivor)}</o:Id>{fields}"
        f"</masterRecord><recordToMergeIds>{escape(merge.loser)}</recordToMergeIds></request>"
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # A bare carriage return would be read as a line feed (XML 1.0, 2.11).
    return escape(_NO_CHARACTERS.sub("", str(value)), {"\r": "&#13;"})


# --- answers ----------------------------------------------------------------------------------------------


def read_reply(content: bytes) -> Reply:
    """An answer. Raises Malformed."""
    root = parse(content)
    if root.tag != f"{{{_ENVELOPE}}}Envelope":
        raise Malformed("the answer is no SOAP envelope")
    used, limit = _usage(root)
    fault = root.find(f"{{{_ENVELOPE}}}Body/{{{_ENVELOPE}}}Fault")
    if fault is not None:
        return Reply(fault=_fault(fault), used=used, limit=limit)
    response = root.find(f"{{{_ENVELOPE}}}Body/{{{_PARTNER}}}mergeResponse")
    if response is None:
        raise Malformed("the answer has neither a result nor a fault")
    results = tuple(_result(one) for one in response.iterfind(f"{{{_PARTNER}}}result"))
    return Reply(results=results, used=used, limit=limit)


def _result(result: Element) -> Result:
    if _told(result, "success") == "true":
        return Result()
    errors = tuple(
        Fault(
            _told(error, "statusCode"),
            _told(error, "message"),
            tuple(one.text or "" for one in error.iterfind(f"{{{_PARTNER}}}fields")),
        )
        for error in result.iterfind(f"{{{_PARTNER}}}errors")
    )
    return Result(errors or (Fault("UNKNOWN_EXCEPTION", "no reason was given"),))


def _fault(fault: Element) -> Fault:
    """A fault's code is qualified (`sf:INVALID_SESSION_ID`), and its text begins with it."""
    told = {one.tag.rpartition("}")[2]: (one.text or "").strip() for one in fault}
    code = told.get("faultcode", "").rpartition(":")[2]
    said = told.get("faultstring", "")
    return Fault(code or "UNKNOWN_EXCEPTION", said.removeprefix(f"{code}:").strip())


def _usage(root: Element) -> tuple[int, int]:
    for info in root.iter(f"{{{_PARTNER}}}limitInfo"):
        used, limit = _told(info, "current"), _told(info, "limit")
        if _told(info, "type") == "API REQUESTS" and used.isdigit() and limit.isdigit():
            return int(used), int(limit)
    return 0, 0


def _told(element: Element, name: str) -> str:
    return (element.findtext(f"{{{_PARTNER}}}{name}") or "").strip()
