"""RingCentral calls: call-log records (Simple and Detailed view) and telephony session notifications."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from firstcontact.connectors.ringcentral.messages import fax_of_call_log
from firstcontact.connectors.ringcentral.parts import (
    SOURCE,
    Context,
    NoFact,
    direction_of,
    moment,
    number_of,
    person,
    revision,
    word_of,
)
from firstcontact.formats.phone_parts import as_count, as_list, as_map, as_text, line_key
from firstcontact.interactions.calls import in_order, in_time, outcome
from firstcontact.interactions.model import Call, CallResult, Direction, Fax, Leg

_RESULTS: dict[str, CallResult] = {
    "accepted": "answered",
    "callaccepted": "answered",
    "callconnected": "answered",
    "connected": "answered",
    "answered": "answered",
    "received": "answered",
    "reply": "answered",
    "missed": "missed",
    "noanswer": "missed",
    "abandoned": "missed",
    "hangup": "missed",
    "stopped": "missed",
    "voicemail": "voicemail",
    "rejected": "rejected",
    "declined": "rejected",
    "blocked": "rejected",
    "busy": "busy",
    "callfailed": "failed",
    "callfailure": "failed",
    "internalerror": "failed",
    "ipphoneoffline": "failed",
    "wrongnumber": "failed",
    "restrictednumber": "failed",
    "internationaldisabled": "failed",
    "internationalrestricted": "failed",
    "internationalrestriction": "failed",
    "accountsuspended": "failed",
    "suspendedaccount": "failed",
    "suspended": "failed",
    "poorlinequality": "failed",
    "unavailable": "failed",
}
_IN_PROGRESS = frozenset({"inprogress", "resultinprogress"})
_UNFINISHED = frozenset(
    {"setup", "proceeding", "answered", "parked", "hold", "voicemailscreening", "faxreceive", "tds"}
)
_END_REASONS: dict[str, CallResult] = {
    "callfinished": "answered",
    "calldropped": "answered",
    "rejected": "rejected",
    "cancelled": "missed",
    "noanswer": "missed",
    "timeout": "missed",
    "targetbusy": "busy",
    "internalerror": "failed",
    "invalidnumber": "failed",
    "internationaldisabled": "failed",
    "destinationblocked": "failed",
    "notenoughfunds": "failed",
    "nosuchuser": "failed",
}
"""Reasons that end the call. The others say that it goes on elsewhere (a transfer, a pickup, parking)."""


def read_call(record: Mapping[str, object], context: Context) -> Call | Fax:
    """A call-log record as one call, or as the fax that it was. Raises NoFact."""
    if as_text(record.get("type")).lower() == "fax":
        return fax_of_call_log(record, context)
    session = session_of(record)
    at = moment(record, "startTime", context)
    direction = direction_of(record)
    legs = _legs(record, direction, context)
    duration = as_count(record.get("duration"))
    result = _result(record, legs, duration)
    return Call(
        id=f"ringcentral-call-{session}",
        source=SOURCE,
        source_id=session,
        conversation=session,
        at=at,
        participants=in_order(
            (person("from", record.get("from"), context), person("to", record.get("to"), context))
        ),
        captured_from=context.captured,
        revision=revision(record, context),
        direction=direction,
        result=result,
        seconds=duration if result == "answered" else 0,
        ring_seconds=0 if result == "answered" else duration,
        legs=legs,
        recording=_recording(record),
        region=context.region,
    )


def read_session(body: Mapping[str, object], context: Context) -> Call:
    """The end of a call as a telephony session notification tells it. Raises NoFact.

    Such a notification has no talking time; the call-log record, which has the same id, brings it.
    """
    parties = [as_map(one) for one in as_list(body.get("parties"))]
    if not parties:
        raise NoFact("unknown_shape", "Expected a telephony session with parties.")
    for party in parties:
        result = _end(party)
        if result is not None:
            return _ended(body, party, result, context)
    states = sorted({as_text(as_map(party.get("status")).get("code")) or "none" for party in parties})
    raise NoFact(
        "call_not_finished",
        f"The call goes on or its result is not told (status {', '.join(states)}); the call log has it "
        "some seconds after the end.",
    )


def session_of(record: Mapping[str, object]) -> str:
    """The call session: `sessionId` is on call-log records and notifications of every age and view,
    `telephonySessionId` only on newer ones. Raises NoFact where there is neither."""
    session = as_text(record.get("sessionId")) or as_text(record.get("telephonySessionId"))
    if not session:
        raise NoFact("no_id", "Expected a sessionId or telephonySessionId, which ties a call's records.")
    return session


def _ended(
    body: Mapping[str, object], party: Mapping[str, object], result: CallResult, context: Context
) -> Call:
    session = session_of(body)
    return Call(
        id=f"ringcentral-call-{session}",
        source=SOURCE,
        source_id=session,
        conversation=session,
        at=moment(body, "eventTime", context),
        participants=in_order(
            (person("from", party.get("from"), context), person("to", party.get("to"), context))
        ),
        captured_from=context.captured,
        revision=as_count(body.get("sequence")),
        direction=direction_of(party),
        result=result,
        seconds=0,
        region=context.region,
    )


def _end(party: Mapping[str, object]) -> CallResult | None:
    """How the call ended for this party; None where it did not end, went on elsewhere or is not told."""
    status = as_map(party.get("status"))
    code = as_text(status.get("code")).lower()
    if code in _UNFINISHED or not code:
        return None
    if code == "voicemail":
        return "voicemail"
    if party.get("missedCall") is True:
        return "missed"
    reason = as_text(status.get("reason")).lower()
    if reason:
        return _END_REASONS.get(reason)
    # Without a reason the party hung up. `missedCall` is told of inbound calls only.
    inbound = direction_of(party) == "inbound" and party.get("missedCall") is False
    return "answered" if inbound and code == "disconnected" else None


def _result(record: Mapping[str, object], legs: tuple[Leg, ...], duration: int) -> CallResult:
    said = as_text(record.get("result"))
    word = word_of(said)
    if word in _IN_PROGRESS:
        raise NoFact("call_not_finished", "The call is still in progress; its record is written at the end.")
    result = _RESULTS.get(word)
    if result is not None:
        return result
    if legs:
        return outcome(legs)[0]
    if word in ("", "unknown", "resultempty"):
        return "answered" if duration else "missed"
    raise NoFact("unknown_result", f"The result {said!r} is not one that RingCentral documents for calls.")


def _legs(record: Mapping[str, object], direction: Direction, context: Context) -> tuple[Leg, ...]:
    """The legs of the Detailed view. They have no ids; what they are and when they began names them."""
    legs: dict[str, Leg] = {}
    for value in as_list(record.get("legs")):
        leg = _leg(as_map(value), direction, context)
        number = 1
        while f"{leg.id}.{number}" in legs:
            number += 1
        legs[f"{leg.id}.{number}"] = msgspec.structs.replace(leg, id=f"{leg.id}.{number}")
    return in_time(legs.values())


def _leg(record: Mapping[str, object], direction: Direction, context: Context) -> Leg:
    at = moment(record, "startTime", context)
    # A leg whose result is not told (it hung, it is of a kind of its own) reached nobody.
    result = _RESULTS.get(word_of(as_text(record.get("result"))), "missed")
    caller, called = as_map(record.get("from")), as_map(record.get("to"))
    # A leg that leaves an inbound call rings one of ours: its called party is the line of ours.
    ours, theirs = (caller, called) if direction == "outbound" else (called, caller)
    user_line = as_text(ours.get("extensionNumber")) or number_of(ours)
    duration = as_count(record.get("duration"))
    answered = result == "answered"
    return Leg(
        id=f"{at}-{as_text(record.get('legType'))}-{user_line}",
        at=at,
        result=result,
        user_line=line_key(user_line, context.region) if user_line else "",
        ring_seconds=0 if answered else duration,
        talk_seconds=duration if answered else 0,
        other_line=number_of(theirs),
    )


def _recording(record: Mapping[str, object]) -> str:
    recording = as_map(record.get("recording"))
    if not recording:
        legs = (as_map(as_map(leg).get("recording")) for leg in as_list(record.get("legs")))
        recording = next((one for one in legs if one), {})
    return as_text(recording.get("contentUri")) or as_text(recording.get("uri"))
