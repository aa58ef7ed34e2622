"""Call detail records to calls: each row is one leg, and `interactions.calls` joins the legs.

Sources of the rules: Asterisk's CDR specification (fields, dispositions, linkedid propagation) and
SPEC §1. Asterisk does not know inside from outside; see README.md for how a row's direction is told.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

from firstcontact.connectors.asterisk.rows import DISPOSITIONS, NotARow, Row, rows
from firstcontact.formats.phone_parts import as_count, line_key, read_moment, zone_of
from firstcontact.formats.phone_parts import micros as micros_of
from firstcontact.interactions.calls import derived, is_extension, together
from firstcontact.interactions.handles import read_phone, withheld
from firstcontact.interactions.model import Call, CallResult, Direction, Interaction, Leg
from firstcontact.interactions.rejection import Rejection

SOURCE = "asterisk-cdr"

_CLID = re.compile(r'\s*"?(?P<name>.*?)"?\s*<(?P<number>[^<>]*)>\s*"?\s*')
_LETTERS = re.compile(r"[^a-z]+")
_DIALLED = re.compile(r"\+?\d{7,15}")
_SUBSCRIBER = 7
"""So many last digits alike say that two writings are of one number."""
_INBOUND_WORDS = frozenset({"trunk", "pstn", "did", "incoming", "inbound", "external", "outside", "provider"})
_OUTBOUND_WORDS = frozenset({"internal", "outbound", "outgoing", "dialout", "outrt"})
_MACHINES = frozenset(
    {
        "background", "playback", "waitexten", "read", "queue", "park", "musiconhold", "wait", "hangup",
        "directory", "saydigits", "saynumber", "sayalpha", "playtones", "progress", "ringing", "answer",
    }
)  # fmt: skip
"""Applications that a caller hears and nobody of ours talks in: a call that ended there was missed."""


def normalise(
    raw: bytes, *, region: str, timezone: str, captured_from: str
) -> tuple[tuple[Interaction, ...], tuple[Rejection, ...]]:
    """CDR text as calls: rows of one call are one Call, in a delivery of one row a Call of one leg.

    raw: UTF-8 CSV, with a header or in the column order of cdr_csv.
    timezone: IANA zone of the telephone system, whose times have none.
    Never raises for bad content: a line that is no record is a Rejection `not_a_cdr_row` or `no_date`.
    """
    calls: list[Call] = []
    rejections: list[Rejection] = []
    text = io.StringIO(raw.decode("utf-8-sig", "replace"), newline="")
    for line, row in rows(_without_nul(text)):
        if isinstance(row, NotARow):
            rejections.append(Rejection(f"line {line}", "not_a_cdr_row", str(row)))
            continue
        call = _call(row, region, timezone, captured_from)
        if isinstance(call, NotARow):
            rejections.append(Rejection(f"line {line}", "not_a_cdr_row", str(call)))
        elif isinstance(call, str):
            rejections.append(
                Rejection(f"line {line}", "no_date" if "start" in call else "not_a_cdr_row", call)
            )
        else:
            calls.append(call)
    if not calls and not rejections:
        rejections.append(Rejection("line 1", "nothing_inside", "There is no call detail record in it."))
    return together(calls), tuple(rejections)


def _without_nul(lines: io.StringIO) -> Iterator[str]:
    return (line.replace("\0", "") for line in lines)


def _call(row: Row, region: str, timezone: str, captured_from: str) -> Call | NotARow | str:
    """The row as a call of one leg, or a sentence that says that it has no start."""
    start = _moment(row.get("start", ""), timezone)
    if start is None:
        return f"The start of the call must be a date and time, not {row.get('start', '')!r}."
    result = _result(row)
    if result is None:
        return NotARow(f"The disposition must be one of {', '.join(sorted(DISPOSITIONS))}.")
    session = _session(row)
    leg = _leg(row, start, result, region, timezone)
    call = Call(
        id=f"asterisk-{session}",
        source=SOURCE,
        source_id=session,
        conversation=session,
        at=start,
        participants=(),
        captured_from=(captured_from,) if captured_from else (),
        direction=leg.direction,
        result=result,
        seconds=leg.talk_seconds,
        legs=(leg,),
        from_legs=True,
        recording=row.get("recordingfile", ""),
        region=region,
    )
    return derived(call)


def _session(row: Row) -> str:
    """What ties the rows of one call: linkedid, else the caller's channel."""
    linked = row.get("linkedid") or row.get("uniqueid")
    if linked:
        return linked
    # Neither column was logged. A channel's name is not used again while the system runs.
    facts = "\0".join((row.get("start", ""), row.get("channel", ""), row.get("src", "")))
    return "row-" + sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _leg(row: Row, start: int, result: CallResult, region: str, timezone: str) -> Leg:
    caller = _caller(row)
    dialled = _dialled(row, region)
    direction = _direction(row, caller, dialled, region)
    answered = _moment(row.get("answer", ""), timezone)
    talk = as_count(row.get("billsec", "")) if result == "answered" else 0
    if direction == "outbound":
        user_line, other, line = _own_device(row, caller), dialled, caller
        name = ""
    else:
        user_line, other, line = _called_device(row), caller, _line(row)
        name = _caller_name(row)
        if result == "answered" and direction == "inbound" and not user_line and _is_machine(row):
            result, talk = "missed", 0
    return Leg(
        id=_leg_id(row),
        at=start,
        result=result,
        user_line=line_key(user_line, region) if user_line else "",
        ring_seconds=_ring_seconds(row, start, answered),
        talk_seconds=talk,
        other_line=other,
        line=line,
        direction=direction,
        other_name=name,
    )


def _leg_id(row: Row) -> str:
    unique = row.get("uniqueid", "")
    sequence = row.get("sequence", "")
    if unique and sequence:
        return f"{unique}#{sequence}"
    return " ".join((unique, row.get("start", ""), row.get("dstchannel", ""), row.get("lastapp", ""))).strip()


def _result(row: Row) -> CallResult | None:
    named: dict[str, CallResult] = {
        "answered": "answered", "missed": "missed", "busy": "busy", "failed": "failed",
    }  # fmt: skip
    result = named.get(DISPOSITIONS.get(row.get("disposition", "").upper(), ""))
    if result == "answered" and row.get("lastapp", "").lower() == "voicemail":
        return "voicemail"
    return result


def _ring_seconds(row: Row, start: int, answered: int | None) -> int:
    if answered is not None:
        return max(0, (answered - start) // 1_000_000)
    return max(0, as_count(row.get("duration", "")) - as_count(row.get("billsec", "")))


def _direction(row: Row, caller: str, dialled: str, region: str) -> Direction:
    """Which way the row crossed between an extension and the outside, by the best evidence there is."""
    technology, device = _channel(row.get("channel", ""))
    from_extension = technology != "local" and is_extension(device)
    calls_out = _is_outside(dialled, region)
    called_from_outside = _is_outside(caller, region)
    if from_extension:
        return "outbound" if calls_out else ""
    words = set(_LETTERS.split(row.get("dcontext", "").lower()))
    if words & _INBOUND_WORDS and not words & _OUTBOUND_WORDS and not is_extension(caller):
        return "inbound"
    rang_extension = is_extension(_channel(row.get("dstchannel", ""))[1])
    unknown_caller = not caller or withheld(caller)
    if called_from_outside:
        return "inbound" if rang_extension or not calls_out else ""
    if unknown_caller and rang_extension and technology not in ("local", ""):
        return "inbound"
    if calls_out:
        return "inbound" if caller and unknown_caller else "outbound"
    return "inbound" if caller and unknown_caller else ""


def _is_outside(number: str, region: str) -> bool:
    return not is_extension(number) and read_phone(number, region) is not None


def _channel(name: str) -> tuple[str, str]:
    """Technology and device of a channel name: `PJSIP/101-0000002b` is pjsip and 101."""
    technology, slash, rest = name.partition("/")
    if not slash:
        return "", ""
    device = rest.rpartition("-")[0] or rest
    return technology.lower(), device.rpartition("/")[2].partition("@")[0]


def _own_device(row: Row, caller: str) -> str:
    technology, device = _channel(row.get("channel", ""))
    return caller if technology == "local" or not device else device


def _called_device(row: Row) -> str:
    """The device that this row rang; the extension dialled where that says better whose it is."""
    device = _channel(row.get("dstchannel", ""))[1]
    if device and not is_extension(device) and row.get("lastapp", "").lower() == "dial":
        dialled = row.get("dst", "")
        return dialled if is_extension(dialled) else device
    return device


def _caller(row: Row) -> str:
    number = row.get("src", "") or row.get("cnum", "")
    if number:
        return number
    said = _CLID.fullmatch(row.get("clid", ""))
    return said["number"].strip() if said else ""


def _caller_name(row: Row) -> str:
    name = row.get("cnam", "")
    if not name:
        said = _CLID.fullmatch(row.get("clid", ""))
        name = said["name"].strip() if said else ""
    return "" if name == _caller(row) else name


def _dialled(row: Row, region: str) -> str:
    """The number that was called: the one given to Dial where it is the same but for a prefix (the digit
    for an outside line) or dst is none, else dst."""
    dst = row.get("dst", "")
    if is_extension(dst) or row.get("lastapp", "").lower() != "dial":
        return dst
    given = _DIALLED.search(row.get("lastdata", "").partition(",")[0])
    if given is None or read_phone(given[0], region) is None:
        return dst
    same = given[0][-_SUBSCRIBER:] == dst[-_SUBSCRIBER:]
    return given[0] if same or read_phone(dst, region) is None else dst


def _line(row: Row) -> str:
    """The line of ours that was called; dialplan words (`s`, `h`, `t`) are no line."""
    line = row.get("did", "") or row.get("dst", "")
    return line if any(char.isdecimal() for char in line) else ""


def _is_machine(row: Row) -> bool:
    return row.get("lastapp", "").lower() in _MACHINES


def _moment(text: str, timezone: str) -> int | None:
    """A date and time of the telephone system, with or without leading zeros and fractions."""
    if not text or text.startswith("0000"):
        return None
    at = read_moment(text, timezone)
    if at is not None:
        return at
    try:
        return micros_of(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone_of(timezone)))
    except ValueError:
        return None


__all__ = ["SOURCE", "normalise"]
