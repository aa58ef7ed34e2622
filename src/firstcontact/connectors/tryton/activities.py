"""Activities as attachments of a party, or of the sale opportunity they belong to. No requests here.

An attachment of the type link has three fields for people: its name is the subject, its link the recording,
its description the body and the transcript. The description's last line is ours: which write made it, which
interactions it answers to, and digests of what we wrote into the fields, so that what a person has changed
since is left alone. (Tryton's notes would be nearer, but it lets nobody change the text of one.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from firstcontact.connectors.tryton.mapping import Row, one_line, unicode
from firstcontact.planning.write import ActivityFields, Existing, Write

ATTACHMENT = ("name", "description", "link", "resource")
MARK = "FirstContact: "
"""How the last line of the description begins; JSON follows (`Line`)."""
SHOWN = ("subject", "body", "transcript", "recording")


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last line of a description.

    key: the write that made it. people: ids of parties. wrote: digests of the fields for people as we wrote
    them. length: of the body, in characters, so that it can be told from the transcript behind it.
    """

    key: str = ""
    kind: str = ""
    interactions: tuple[str, ...] = ()
    at: int = 0
    seconds: int = 0
    direction: str = ""
    outcome: str = ""
    user: str = ""
    people: tuple[str, ...] = ()
    wrote: Mapping[str, str] = {}
    length: int = 0


def new_attachment(write: Write, fields: ActivityFields) -> Mapping[str, Any]:
    """An attachment to be made."""
    line = _said(Line(key=write.key), fields, _FACTS)
    shown = _shown(fields)
    party = next(person.id for person in fields.people if isinstance(person, Existing))
    resource = f"sale.opportunity,{fields.matter}" if fields.matter else f"party.party,{party}"
    return {"resource": resource, "type": "link", **_fields(line, shown)}


def changed_attachment(row: Row, write: Write, fields: ActivityFields) -> Mapping[str, Any]:
    """What an update changes: the fields that it names as changed, or gives, and that no person has changed
    since we wrote them. It never ceases to answer to an interaction."""
    line, present = read_attachment(row)
    given = msgspec.structs.asdict(fields)
    names = write.changed or tuple(name for name, value in given.items() if value)
    new = _shown(fields)
    untouched = {name for name in SHOWN if line.wrote.get(name) == _digest(present[name])}
    shown = {name: new[name] if name in names and name in untouched else present[name] for name in SHOWN}
    interactions = tuple(dict.fromkeys((*line.interactions, *fields.interactions)))
    facts = tuple(name for name in _FACTS if name in names and name != "interactions")
    line = msgspec.structs.replace(_said(line, fields, facts), interactions=interactions)
    values = _fields(line, shown)
    theirs = {name: line.wrote.get(name, "") for name in SHOWN if name not in untouched}
    return {**values, "description": _description(line, shown, {**_digests(shown), **theirs})}


def moved_attachment(row: Row, loser: str, survivor: str) -> Mapping[str, Any]:
    """What changes of an attachment when one party goes into another: what it stands on, and who our line
    says was there. Everything that people see stays letter for letter."""
    on = f"party.party,{loser}"
    values: dict[str, Any] = {"resource": f"party.party,{survivor}"} if row["resource"] == on else {}
    line, _ = read_attachment(row)
    if loser in line.people:
        people = dict.fromkeys(survivor if one == loser else one for one in line.people)
        text = row["description"]
        before = text[: text.rindex(MARK)]
        values["description"] = before + _last(msgspec.structs.replace(line, people=tuple(people)))
    return values


def edited(row: Row) -> bool:
    """Whether a person has changed an attachment of ours since we wrote it: a field, or our line."""
    line, shown = read_attachment(row)
    return any(line.wrote.get(name) != _digest(shown[name]) for name in SHOWN)


def read_attachment(row: Row) -> tuple[Line, Mapping[str, str]]:
    """An attachment's own line (an empty one where there is none any more) and its fields for people."""
    text = row["description"] or ""
    visible, _, last = text.rpartition(MARK)
    try:
        line = msgspec.json.decode(last.encode(), type=Line) if visible or text.startswith(MARK) else Line()
    except msgspec.DecodeError:
        line = Line()
    if not line.key:
        visible, line = text, Line()
    visible = visible.removesuffix("\n").removesuffix("\n")
    body, transcript = visible[: line.length], visible[line.length :].removeprefix("\n\n")
    if line.wrote.get("body") != _digest(body) or line.wrote.get("transcript") != _digest(transcript):
        body, transcript = visible, ""
    shown = {"subject": row["name"] or "", "body": body, "transcript": transcript}
    return line, {**shown, "recording": row["link"] or ""}


def key_pattern(key: str) -> str:
    """What the description of the attachment that a write made is like."""
    return f'%{MARK}%"key":"{key}"%'


_FACTS = ("kind", "interactions", "at", "seconds", "direction", "outcome", "user", "people")


def _said(line: Line, fields: ActivityFields, names: tuple[str, ...]) -> Line:
    given = msgspec.structs.asdict(fields)
    given["people"] = tuple(person.id for person in fields.people if isinstance(person, Existing))
    return msgspec.structs.replace(line, **{name: given[name] for name in names})


def _shown(fields: ActivityFields) -> Mapping[str, str]:
    texts = {name: unicode(getattr(fields, name)).replace("\r\n", "\n").strip() for name in SHOWN}
    subject = one_line(fields.subject) or fields.kind
    return {**texts, "subject": subject, "recording": one_line(fields.recording)}


def _fields(line: Line, shown: Mapping[str, str]) -> Mapping[str, Any]:
    description = _description(line, shown, _digests(shown))
    return {"name": shown["subject"], "link": shown["recording"] or None, "description": description}


def _description(line: Line, shown: Mapping[str, str], wrote: Mapping[str, str]) -> str:
    body, transcript = shown["body"], shown["transcript"]
    line = msgspec.structs.replace(line, wrote=wrote, length=len(body))
    last = _last(line)
    visible = body + ("\n\n" + transcript if transcript else "")
    return f"{visible}\n\n{last}" if visible else last


def _last(line: Line) -> str:
    # ASCII, so that no text in it can be half a character.
    return MARK + json.dumps(msgspec.to_builtins(line), separators=(",", ":"))


def _digests(shown: Mapping[str, str]) -> Mapping[str, str]:
    return {name: _digest(shown[name]) for name in SHOWN}


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
