"""A peer's call, text or fax as the payload that RingCentral, Twilio or Asterisk would have told of it.

Shapes as the vendors document them; every value is the event's own or made up here. What a vendor's form has
no place for is `NoPlace`, with why.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from firstcontact.connectors import asterisk, ringcentral, twilio
from firstcontact.interactions.handles import read_phone
from firstcontact.interactions.model import Interaction

VENDORS = ("ringcentral", "twilio", "asterisk")

_RINGCENTRAL = {"answered": "Accepted", "missed": "Missed", "busy": "Busy", "voicemail": "Voicemail"}
_TWILIO = {"answered": "completed", "missed": "no-answer", "busy": "busy"}
_ASTERISK = {"answered": "ANSWERED", "missed": "NO ANSWER", "busy": "BUSY"}


class NoPlace(Exception):
    """The vendor's form cannot tell this event; `str(error)` says why."""


def read(vendor: str, record: Mapping[str, Any], region: str) -> Interaction:
    """The one fact of a generic record (`peer_events`), told by the vendor. Raises NoPlace."""
    if record.get("legs"):
        raise NoPlace("legs are told by each vendor in its own way (tests/connectors)")
    if record.get("direction") not in ("inbound", "outbound"):
        raise NoPlace("each of the vendors tells the direction")
    if vendor != "asterisk" and record.get("ring_seconds") and record.get("seconds"):
        raise NoPlace("how long an answered call rang is not told")
    payload = {"ringcentral": _ringcentral, "twilio": _twilio, "asterisk": _asterisk}[vendor]
    made = payload(record, region)
    normalise = {"ringcentral": ringcentral, "twilio": twilio, "asterisk": asterisk}[vendor].normalise
    found, rejected = normalise(
        made, region=region, timezone="UTC", captured_from=record.get("captured_from") or ""
    )
    assert not rejected, rejected
    (fact,) = found
    return fact


def _ringcentral(record: Mapping[str, Any], _: str) -> bytes:
    kind, at = record["kind"], record["at"]
    told: dict[str, Any] = {
        "id": f"rc-{record['id']}",
        "direction": record["direction"].capitalize(),
        "from": {"phoneNumber": record["from"]},
        "to": {"phoneNumber": record["to"]},
    }
    if record.get("caller_id"):
        told["from"]["name"] = record["caller_id"]
    if kind == "call":
        told |= {
            "sessionId": record["id"],
            "startTime": at,
            "duration": record.get("seconds") or record.get("ring_seconds") or 0,
            "type": "Voice",
            "action": "Phone Call",
            "result": _word(_RINGCENTRAL, record),
        }
        if record.get("recording"):
            told["recording"] = {"id": "r1", "contentUri": record["recording"]}
        return json.dumps({"records": [told]}).encode()
    told |= {"creationTime": at, "to": [told["to"]], "messageStatus": "Received", "readStatus": "Unread"}
    if kind == "sms":
        told |= {"type": "SMS", "subject": record["body"]}
    else:
        told |= {"type": "Fax", "faxPageCount": record.get("pages") or 1}
    return json.dumps({"records": [told]}).encode()


def _twilio(record: Mapping[str, Any], _: str) -> bytes:
    if record["kind"] == "fax":
        raise NoPlace("Twilio has no faxes any more")
    if record.get("recording"):
        raise NoPlace("a recording is a resource of its own")
    at = datetime.fromisoformat(record["at"])
    told: dict[str, Any] = {
        "sid": record["id"],
        "direction": "inbound" if record["direction"] == "inbound" else "outbound-api",
        "from": record["from"],
        "to": record["to"],
    }
    if record["kind"] == "sms":
        status = "received" if record["direction"] == "inbound" else "delivered"
        told |= {
            "status": status,
            "body": record["body"],
            "num_media": "0",
            "num_segments": "1",
            "date_sent": format_datetime(at),
        }
        return json.dumps({"messages": [told]}).encode()
    seconds = record.get("seconds") or 0
    told |= {
        "status": _word(_TWILIO, record),
        "caller_name": record.get("caller_id"),
        "duration": str(seconds),
        "start_time": format_datetime(at),
        "end_time": format_datetime(at + timedelta(seconds=seconds)),
    }
    return json.dumps({"calls": [told]}).encode()


def _asterisk(record: Mapping[str, Any], region: str) -> bytes:
    if record["kind"] != "call":
        raise NoPlace("a call detail record is of a call")
    inbound = record["direction"] == "inbound"
    outside = record["from"] if inbound else record["to"]
    if read_phone(outside, region) is None:
        raise NoPlace("whether a call without an outside number came in is the dialplan's word")
    at = datetime.fromisoformat(record["at"])
    seconds, rang = record.get("seconds") or 0, record.get("ring_seconds") or 0
    answered = record.get("result") == "answered"
    name = record.get("caller_id")
    row = {
        "src": record["from"],
        "dst": record["to"],
        "dcontext": "from-trunk" if inbound else "from-internal",
        "clid": f'"{name}" <{record["from"]}>' if name else record["from"],
        "channel": "PJSIP/trunk-0000002a" if inbound else "PJSIP/101-0000002a",
        "dstchannel": "PJSIP/101-0000002b" if inbound else "PJSIP/trunk-0000002b",
        "lastapp": "Dial",
        "lastdata": "PJSIP/101,20" if inbound else f"PJSIP/{record['to']}@trunk,60",
        "start": _local(at),
        "answer": _local(at + timedelta(seconds=rang)) if answered else "",
        "end": _local(at + timedelta(seconds=rang + seconds)),
        "duration": str(rang + seconds),
        "billsec": str(seconds),
        "disposition": _word(_ASTERISK, record),
        "uniqueid": record["id"],
        "linkedid": record["id"],
        "sequence": "1",
        "recordingfile": record.get("recording") or "",
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row))
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue().encode()


def _local(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _word(words: Mapping[str, str], record: Mapping[str, Any]) -> str:
    if record.get("result") not in words:
        raise NoPlace(f"no word of theirs for the result {record.get('result')!r}")
    return words[record["result"]]
