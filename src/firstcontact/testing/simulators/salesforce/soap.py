"""The SOAP API with the partner's WSDL, as far as `merge()` (the vendor's pages on the call, on MergeRequest,
MergeResult and on faults; REST has no merge).

Every fault is HTTP 500, and nothing has happened then. Each request of a call is a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

from firstcontact.testing.simulators.salesforce import merging, records
from firstcontact.testing.simulators.salesforce.addresses import settled
from firstcontact.testing.simulators.salesforce.org import Org
from firstcontact.testing.simulators.salesforce.refusal import Refusal
from firstcontact.testing.simulators.salesforce.schema import Field
from firstcontact.testing.simulators.salesforce.values import stored

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "urn:partner.soap.sforce.com"
OBJECT = "urn:sobject.partner.soap.sforce.com"
FAULT = "urn:fault.partner.soap.sforce.com"
MOST = 200
MOST_LOSERS = 2
_HEADERS = {"SessionHeader", "DuplicateRuleHeader", "CallOptions", "AllowFieldTruncationHeader"}


class Fault(Exception):
    """A call that is refused as a whole. `code` without a prefix is the vendor's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def body(self) -> str:
        """The envelope of the fault."""
        said = escape(self.message)
        if ":" in self.code:
            return self._enveloped(self.code, said, "")
        detail = (
            '<detail><sf:UnexpectedErrorFault xsi:type="sf:UnexpectedErrorFault">'
            f"<sf:exceptionCode>{self.code}</sf:exceptionCode>"
            f"<sf:exceptionMessage>{said}</sf:exceptionMessage></sf:UnexpectedErrorFault></detail>"
        )
        return self._enveloped(f"sf:{self.code}", f"{self.code}: {said}", detail)

    def _enveloped(self, code: str, said: str, detail: str) -> str:
        fault = f"<faultcode>{code}</faultcode><faultstring>{said}</faultstring>{detail}"
        return enveloped(f"<soapenv:Fault>{fault}</soapenv:Fault>", names=_OF_FAULTS)


_OF_FAULTS = f'xmlns:sf="{FAULT}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_OF_RESULTS = f'xmlns="{PARTNER}"'


def enveloped(body: str, header: str = "", names: str = _OF_RESULTS) -> str:
    """A body in its envelope."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" {names}>'
        f"{header}<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )


def usage(used: int, limit: int) -> str:
    """The header that tells of the day's requests."""
    return (
        "<soapenv:Header><LimitInfoHeader><limitInfo>"
        f"<current>{used}</current><limit>{limit}</limit><type>API REQUESTS</type>"
        "</limitInfo></LimitInfoHeader></soapenv:Header>"
    )


# --- calls --------------------------------------------------------------------------------------------------


def read(content: bytes, headers: dict[str, str], known: Callable[[str], bool]) -> Element:
    """The element of the call. known: whether a session is good. Raises Fault."""
    if not headers.get("content-type", "").lower().startswith("text/xml"):
        raise Fault("soapenv:Client", "content-type of the request should be text/xml")
    if "soapaction" not in headers:
        raise Fault("soapenv:Client", "SOAPAction HTTP header missing")
    if b"<!DOCTYPE" in content:
        raise Fault("soapenv:Client", "DTD is not supported")
    try:
        root = fromstring(content)
    except (ParseError, ValueError) as error:
        raise Fault("soapenv:Client", f"The request could not be parsed: {error}") from None
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise Fault("soapenv:VersionMismatch", "Only SOAP 1.1 is supported")
    for header in root.iterfind(f"{{{ENVELOPE}}}Header/*"):
        if header.tag not in {f"{{{PARTNER}}}{name}" for name in _HEADERS}:
            raise Fault("soapenv:MustUnderstand", f"Did not understand header {header.tag}")
    session = root.findtext(f"{{{ENVELOPE}}}Header/{{{PARTNER}}}SessionHeader/{{{PARTNER}}}sessionId") or ""
    if not known(session):
        raise Fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    calls = list(root.iterfind(f"{{{ENVELOPE}}}Body/*"))
    if len(calls) != 1 or calls[0].tag != f"{{{PARTNER}}}merge":
        named = calls[0].tag if calls else "nothing"
        raise Fault("soapenv:Client", f"No operation available for request {named}")
    return calls[0]


def merge(org: Org, call: Element) -> str:
    """merge(): a result for each request. Raises Fault for a request that is none."""
    requests = [_request(org, one) for one in call]
    if not requests or len(requests) > MOST:
        raise Fault("LIMIT_EXCEEDED", f"between 1 and {MOST} merge requests are taken in a call")
    return f"<mergeResponse>{''.join(_merged(org, *one) for one in requests)}</mergeResponse>"


Asked = tuple[str, str, list[tuple[Field, Any]], list[str]]
"""Object, survivor's id, fields with the values given, ids of the losers."""


def _request(org: Org, element: Element) -> Asked:
    """`masterRecord` (type, fieldsToNull, Id, fields), then one or two `recordToMergeIds`."""
    names = [one.tag for one in element]
    losers = [(one.text or "").strip() for one in element.iterfind(f"{{{PARTNER}}}recordToMergeIds")]
    wanted = [f"{{{PARTNER}}}masterRecord", *[f"{{{PARTNER}}}recordToMergeIds"] * len(losers)]
    if element.tag != f"{{{PARTNER}}}request" or names != wanted or not losers:
        raise Fault("soapenv:Client", f"Element {element.tag} invalid at this location")
    record = element[0]
    if not len(record) or record[0].tag != f"{{{OBJECT}}}type":
        raise Fault("soapenv:Client", "Element type is missing in masterRecord")
    name = (record[0].text or "").strip()
    if name not in merging.MERGEABLE:
        raise Fault("INVALID_TYPE", f"sObject type '{name}' cannot be merged")
    survivor, given = "", []
    for one in record[1:]:
        space, _, field = one.tag.removeprefix("{").partition("}")
        if space != OBJECT:
            raise Fault("soapenv:Client", f"Element {one.tag} invalid at this location")
        if field == "Id":
            survivor = (one.text or "").strip()
        elif field == "fieldsToNull":
            given.append((_field(org, name, (one.text or "").strip()), None))
        else:
            known = _field(org, name, field)
            given.append((known, _value(known, one.text or "")))
    return name, survivor, given, losers


def _field(org: Org, name: str, field: str) -> Field:
    try:
        return org.seen(name, field)
    except Refusal as refusal:
        raise Fault(refusal.code, f"No such column '{field}' on entity '{name}'.") from None


def _value(field: Field, text: str) -> Any:
    """A text of the request as JSON would have it."""
    if field.type == "boolean":
        return text.strip() == "true"
    if field.type in ("int", "double", "currency", "percent"):
        return int(text) if field.type == "int" else float(text)
    return text


def _merged(org: Org, name: str, survivor: str, given: list[tuple[Field, Any]], losers: list[str]) -> str:
    before = org.mark()
    try:
        if len(losers) > MOST_LOSERS or survivor in losers:
            raise Refusal(400, "MERGE_FAILED", "up to three different records are merged")
        for field, _ in given:
            if "u" not in field.write or not org.may_edit(name, field):
                message = f"Unable to create/update fields: {field.name}."
                raise Refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, (field.name,))
        filled = {field.name: stored(org, field, value) for field, value in given}
        kept = records.existing(org, name, survivor)
        row = settled(org, name, list(filled), {**kept, **filled})
        changed = {field: value for field, value in row.items() if value != kept[field]}
        moved = [id for one in losers for id in merging.merge(org, name, one, survivor, changed)]
        records.checked(org, name, survivor)
    except Refusal as refusal:
        org.undo(before)
        return _refused(refusal, survivor)
    ids = "".join(f"<mergedRecordIds>{one}</mergedRecordIds>" for one in losers)
    others = "".join(f"<updatedRelatedIds>{one}</updatedRelatedIds>" for one in moved)
    return f"<result><id>{survivor}</id>{ids}<success>true</success>{others}</result>"


def _refused(refusal: Refusal, survivor: str) -> str:
    fields = "".join(f"<fields>{escape(one)}</fields>" for one in refusal.fields or ())
    return (
        f"<result><errors>{fields}<message>{escape(refusal.message)}</message>"
        f"<statusCode>{refusal.code}</statusCode></errors><id>{escape(survivor)}</id>"
        "<success>false</success></result>"
    )
