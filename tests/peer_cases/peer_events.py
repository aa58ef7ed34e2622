"""The peers' events as what our readers take: a mail's bytes, or a generic record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from firstcontact.formats.generic import read_record
from firstcontact.formats.mail import read_mail
from firstcontact.interactions.model import Interaction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 11, 21, 12, tzinfo=UTC)
INTERACTIONS = frozenset({"email", "call", "call_update", "sms", "fax", "meeting"})


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(text: str) -> datetime:
    """An ISO time."""
    return datetime.fromisoformat(text)


class Reader:
    """Reads one case's events, in order, each a minute after the one before."""

    def __init__(self, team: Mapping[str, Any]) -> None:
        self.team = team
        self.by_address = {a.lower(): u["id"] for u in team["users"] for a in u["emails"]}
        self.number = {user["id"]: (user["phones"] or [""])[0] for user in team["users"]}
        self.now = START
        self.calls: dict[str, dict[str, Any]] = {}

    def read(self, event: Mapping[str, Any]) -> Iterator[Interaction]:
        """The facts of one event, one per copy that is a message of its own."""
        delivery = event.get("delivery") or {}
        self.now += timedelta(minutes=1)
        for number in range(1, delivery.get("copies", 1) + 1):
            copy = {
                key: value.replace("{n}", str(number)) if isinstance(value, str) else value
                for key, value in event.items()
            }
            yield self._one(copy)

    def _one(self, event: Mapping[str, Any]) -> Interaction:
        kind = event["kind"]
        if kind == "email":
            return self._mail(event)
        record = {"sms": self._sms, "fax": self._fax, "meeting": self._meeting}.get(kind, self._call)(event)
        given = {key: value for key, value in record.items() if value is not None}
        return read_record(given, region=self.team["region"], source="peer")

    def _mail(self, event: Mapping[str, Any]) -> Interaction:
        names = ("from", "to", "cc", "bcc", "reply_to", "in_reply_to", "message_id", "subject")
        fields = {name.replace("_", "-").title(): event[name] for name in names if event.get(name)}
        fields["Message-ID"] = fields.pop("Message-Id", "")
        fields["Date"] = format_datetime(moment_of(event["at"]) if event.get("at") else self.now)
        fields |= event.get("headers") or {}
        if event.get("state") == "draft":
            fields["X-Unsent"] = "1"
        head = "".join(
            f"{name}: {', '.join(value) if isinstance(value, list) else value}\r\n"
            for name, value in fields.items()
        )
        raw = f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{event.get('text', 'Hello')}\r\n"
        (mail,), _ = read_mail(raw.encode(), source="peer", captured_from=self._mailbox(event))
        return mail

    def _mailbox(self, event: Mapping[str, Any]) -> str:
        if event.get("mailbox"):
            return self.by_address.get(event["mailbox"].lower(), "")
        if event.get("direction") == "outbound":
            return self._user(event["from"])
        return next((user for text in event.get("to", ()) if (user := self._user(text))), "")

    def _user(self, text: str) -> str:
        return self.by_address.get(text.rpartition("<")[2].strip("> ").lower(), "")

    def _call(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """A call, its stream of events, or news of one that we know."""
        if event["kind"] == "call_update":
            news = {"recording": event.get("recording_url"), "transcript": event.get("transcript")}
            self.calls[event["call_id"]] |= {key: value for key, value in news.items() if value}
            return self.calls[event["call_id"]]
        record: dict[str, Any] = {
            "id": event["call_id"],
            "kind": "call",
            "at": event.get("at") or self.now.isoformat(),
            "direction": event.get("direction"),
            "from": event["from"],
            "to": event["to"],
            "caller_id": event.get("from_name"),
            "result": event.get("result"),
            "seconds": event.get("duration_s"),
            "ring_seconds": event.get("ring_s"),
            "captured_from": event.get("agent"),
        }
        if event.get("events"):
            record |= _from_stream(event["events"])
        if event.get("legs"):
            record["legs"] = [self._leg(leg) for leg in event["legs"]]
        self.calls[event["call_id"]] = record
        return record

    def _leg(self, leg: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "line": self.number[leg["agent"]],
            "result": leg["result"],
            "seconds": leg.get("duration_s", 0),
        }

    def _sms(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": event["message_id"],
            "kind": "sms",
            "at": event.get("at") or self.now.isoformat(),
            "direction": event.get("direction"),
            "from": event["from"],
            "to": event["to"],
            "body": event.get("text", ""),
        }

    def _fax(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": event["fax_id"],
            "kind": "fax",
            "at": event.get("at") or self.now.isoformat(),
            "direction": event.get("direction"),
            "from": event["from"],
            "to": event["to"],
            "pages": event.get("pages"),
        }

    def _meeting(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": event["uid"],
            "kind": "meeting",
            "at": event["start"],
            "organiser": event.get("organizer"),
            "status": event.get("status"),
            "attendees": [
                {
                    "who": attendee["address"],
                    "reply": attendee.get("partstat"),
                    **({"cutype": attendee["cutype"].lower()} if attendee.get("cutype") else {}),
                }
                for attendee in event["attendees"]
            ],
            "private": event.get("private"),
            "captured_from": self._user(event.get("calendar", "")) or None,
        }


def _from_stream(events: list[Mapping[str, Any]]) -> dict[str, Any]:
    """A call from its events: when it rang, was answered and hung up, in seconds."""
    at = {event["type"]: event["at"] for event in events}
    end = at.get("hangup", at.get("answer", 0))
    if "answer" not in at:
        return {"result": "missed", "seconds": 0, "ring_seconds": end - at.get("ringing", end)}
    return {
        "result": "answered",
        "seconds": end - at["answer"],
        "ring_seconds": at["answer"] - at["ringing"] if "ringing" in at else 0,
    }
