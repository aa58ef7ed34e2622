"""PURE. Activities as phone calls, e-mails, appointments, faxes and tasks (apis A5, "Activities").

Who edited a column: with every write of ours the row keeps a digest of each column as we wrote it. A column
that is no longer as its digest says was changed by a person, and stays as it is.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from firstcontact.connectors.dynamics.mapping import Bind, Row, Values, clean, cut, lines, text, units
from firstcontact.connectors.dynamics.names import (
    AT,
    DIRECTION,
    INTERACTIONS,
    KEY,
    KIND,
    LINKS,
    RECORDING,
    RESULT,
    SECONDS,
    TABLE_OF_KIND,
    TRANSCRIPT,
    WRITTEN,
    id_of,
)
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Table
from firstcontact.connectors.toolkit.times import iso, iso_seconds, micros
from firstcontact.planning.write import ActivityFields

FROM, TO, ATTENDEE, ORGANIZER = 1, 2, 5, 7
REGARDING = "regarding"
"""In place of the property by which `regardingobjectid` is bound, which the table tells."""
_DESCRIPTION = 2_000
"""Characters of a description where the table does not tell."""
_CONTINUES = "…"
_WITH_DIRECTION = ("phonecall", "email", "fax")
_SETTLED = frozenset({KEY, INTERACTIONS, WRITTEN})
"""Columns that an update does not compare: ours alone."""

State = tuple[int, int]
"""`statecode` and `statuscode`."""
_OPEN: Mapping[str, State] = {"task": (0, 2)}
_COMPLETED, _CANCELED = 1, 2

_PARTS = {
    "subject": ("subject",),
    "body": ("description",),
    "outcome": (RESULT, "leftvoicemail"),
    "direction": ("directioncode", DIRECTION, "parties"),
    "seconds": (SECONDS, "actualdurationminutes", "actualend", "scheduledend"),
    "at": ("actualstart", "actualend", "scheduledstart", "scheduledend", AT, "description"),
    "user": ("ownerid", "parties"),
    "people": ("parties", REGARDING, LINKS),
    "account": (REGARDING, LINKS),
    "opportunity": (REGARDING, LINKS),
    "matter": (REGARDING, LINKS),
    "recording": (RECORDING,),
    "transcript": (TRANSCRIPT,),
    "kind": (KIND, "leftvoicemail"),
}
"""Which columns say what one of our fields does."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What an activity points at: people, the primary one first, and the rest in the order in which one of
    them is what it regards."""

    people: tuple[Bind, ...] = ()
    others: tuple[Bind, ...] = ()

    def regarding(self, table: str) -> Bind | None:
        """The one that the activity regards. A task carries nobody else, so there its person comes first."""
        order = (*self.people[:1], *self.others) if table == "task" else (*self.others, *self.people[:1])
        return order[0] if order else None

    def rest(self, table: str) -> tuple[Bind, ...]:
        """What has no place of its own on the row."""
        people = self.people if table == "task" else ()
        return tuple(one for one in (*self.others, *people) if one != self.regarding(table))


def table_for(kind: str) -> str:
    """The table that an interaction of this kind is logged in."""
    return TABLE_OF_KIND[kind]


def new_activity(fields: ActivityFields, table: Table, about: About) -> Values:
    """What a new activity has, but for its key, state and note."""
    given = _all(fields, table, about)
    values = {name: value for name, value in given.items() if value not in (None, [])}
    if table.has(INTERACTIONS):
        values[INTERACTIONS] = cut("\n".join(fields.interactions), table.length(INTERACTIONS))
    if table.has(WRITTEN):
        values[WRITTEN] = _digests(values, {})
    return values


def changed_activity(
    fields: ActivityFields, changed: Sequence[str], row: Row, table: Table, about: About, me: str
) -> Values:
    """What changes on an activity that is there (`row`): of the fields named as changed (none named: those
    that are not empty) those that no person has edited; {} where nothing changes."""
    new = _all(fields, table, about)
    names = _named(changed) if changed else _given(new, fields)
    kept = _read_digests(text(row, WRITTEN))
    untouched = _untouched(row, kept, me)
    values = {
        name: value
        for name, value in new.items()
        if name in names and name not in _SETTLED and untouched(name) and _differs(row, name, value)
    }
    answered = lines(text(row, INTERACTIONS))
    interactions = tuple(dict.fromkeys((*answered, *fields.interactions)))
    if table.has(INTERACTIONS) and interactions != answered:
        values[INTERACTIONS] = cut("\n".join(interactions), table.length(INTERACTIONS))
    if values and table.has(WRITTEN):
        values[WRITTEN] = _digests(values, {**kept, **({_BY_PERSON: _EDITED} if edited(row, me) else {})})
    return values


def edited(row: Row, me: str) -> bool:
    """Whether a person changed an activity of ours since: somebody else was the last one, or was before our
    last change, or a text is no longer as we wrote it."""
    by = guid(text(row, "_modifiedby_value"))
    if me and by and by != me:
        return True
    kept = _read_digests(text(row, WRITTEN))
    if _BY_PERSON in kept:
        return True
    return any(
        kept.get(_CODES[name], "") not in ("", _UNKNOWN, _digest(_same(row.get(name))))
        for name in ("subject", RESULT)
        if name in row
    )


def activity_columns(table: Table) -> tuple[str, ...]:
    """The columns of an activity that an update has to know."""
    names = dict.fromkeys(name for group in _PARTS.values() for name in group if name != "ownerid")
    own = ("statecode", "statuscode", "_modifiedby_value", "_ownerid_value", "_regardingobjectid_value")
    return tuple(
        dict.fromkeys((id_of(table.name), *table.present((*own, KEY, INTERACTIONS, WRITTEN, *names))))
    )


# --- state ------------------------------------------------------------------------------------------------


def state_of(fields: ActivityFields, table: str, now: int) -> State | None:
    """The state in which an activity of ours ends; None where it stays open: a meeting still to come."""
    outbound = _is_outbound(fields)
    if table == "phonecall":
        return (_COMPLETED, 2 if outbound else 4)
    if table in ("email", "fax"):
        return (_COMPLETED, 3 if outbound else 4)
    if table == "task":
        return (_COMPLETED, 5)
    if fields.outcome == "cancelled":
        return (_CANCELED, 4)
    return (_COMPLETED, 3) if fields.at + fields.seconds * 1_000_000 <= now else None


def states_around(
    fields: ActivityFields, row: Row, table: str, now: int
) -> tuple[State | None, State | None]:
    """The state that an activity is to be put into before it is changed, and after. One that is completed or
    canceled is read-only."""
    present = (int(row.get("statecode") or 0), int(row.get("statuscode") or 0))
    closed = present[0] in (_COMPLETED, _CANCELED)
    before = _OPEN.get(table, (0, 1)) if closed else None
    # A meeting may be over, or cancelled, since it was written; anything else stays as a person left it.
    after = state_of(fields, table, now) if table == "appointment" and fields.at else None
    return before, after or (present if closed else None)


# --- texts ------------------------------------------------------------------------------------------------


def described(fields: ActivityFields, table: Table) -> tuple[str, str]:
    """The description, and what has no room in it and goes into a note. The columns for times show the day
    alone in some of Dynamics's pages, so that the description tells the time."""
    body = clean(fields.body)
    at = iso_seconds(fields.at, "").replace("T", " ")
    time = "" if table.name == "appointment" else f"Time: {at} UTC"
    end = f"\n\n{time}" if time and body else time
    room = table.length("description") or _DESCRIPTION
    if table.name == "email":
        # Shown as HTML, which makes it longer.
        room //= 2
    rest = ""
    if units(body) + units(end) > room:
        kept = cut(body, room - units(end) - 1)
        body, rest = kept + _CONTINUES, body[len(kept) :]
    whole = body + end
    return (_as_html(whole) if table.name == "email" else whole), rest


def _as_html(plain: str) -> str:
    return html.escape(plain, quote=False).replace("\n", "<br>")


# --- columns by table -------------------------------------------------------------------------------------


def _all(fields: ActivityFields, table: Table, about: About) -> Values:
    """Every column that the table has, None for what is empty."""
    name = table.name
    values: Values = {
        "subject": clean(fields.subject),
        "description": described(fields, table)[0],
        KIND: fields.kind,
        RESULT: fields.outcome,
        SECONDS: str(fields.seconds) if fields.seconds else "",
        DIRECTION: fields.direction,
        AT: iso(fields.at),
        RECORDING: fields.recording,
        TRANSCRIPT: fields.transcript,
        LINKS: "\n".join(f"{one.table}:{one.id}" for one in about.rest(name) if one.id),
        "ownerid": Bind("systemuser", fields.user) if fields.user else None,
        REGARDING: about.regarding(name),
        "parties": _parties(fields, name, about.people),
    }
    begin, end = iso_seconds(fields.at), iso_seconds(fields.at + fields.seconds * 1_000_000)
    if name == "appointment":
        values |= {"scheduledstart": begin, "scheduledend": end}
    else:
        values |= {"actualstart": begin, "actualend": end}
        values["actualdurationminutes"] = -(-fields.seconds // 60) or None
    if name in _WITH_DIRECTION:
        # It is true (outgoing) where nothing is said.
        values["directioncode"] = _is_outbound(fields)
    if name == "phonecall":
        values["leftvoicemail"] = "voicemail" in (fields.kind, fields.outcome)
    native = ("ownerid", REGARDING, "parties")
    return {
        name: _taken(value, table.length(name))
        for name, value in values.items()
        if name in native or table.has(name)
    }


def _is_outbound(fields: ActivityFields) -> bool:
    return fields.direction in ("outbound", "internal")


def _parties(fields: ActivityFields, table: str, people: Sequence[Bind]) -> list[dict[str, Any]]:
    """Who took part, in the right direction: from whom, to whom; who called a meeting, who was asked."""
    if table == "task":
        return []
    user = [Bind("systemuser", fields.user)] if fields.user else []
    theirs = list(dict.fromkeys(people))
    if table == "appointment":
        sides = [(ORGANIZER, user), (ATTENDEE, theirs)]
    elif _is_outbound(fields):
        sides = [(FROM, user), (TO, theirs)]
    else:
        # One is the caller or sender; whoever else was on it received it too.
        sides = [(FROM, theirs[:1]), (TO, [*user, *theirs[1:]])]
    return [
        {f"partyid_{one.table}": one, "participationtypemask": mask} for mask, side in sides for one in side
    ]


def _taken(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return clean(value, length) or None
    return value


# --- whose a column is ------------------------------------------------------------------------------------


def _named(changed: Iterable[str]) -> set[str]:
    return {name for one in changed for name in _PARTS.get(one, ())}


def _given(new: Values, fields: ActivityFields) -> set[str]:
    """Columns that fields which are not empty say."""
    unsaid = {"leftvoicemail"}
    unsaid |= set() if fields.direction else {"directioncode"}
    unsaid |= set() if fields.seconds else {"actualend", "scheduledend"}
    return {name for name, value in new.items() if value not in (None, [])} - unsaid


def _present(row: Row, name: str) -> Any:
    if name == "ownerid":
        return guid(text(row, "_ownerid_value"))
    if name == REGARDING:
        return guid(text(row, "_regardingobjectid_value"))
    return row.get(name)


def _differs(row: Row, name: str, value: Any) -> bool:
    # Parties are not read; writing them again changes nothing.
    return name == "parties" or _same(_present(row, name)) != _same(value)


def _untouched(row: Row, kept: Mapping[str, str], me: str) -> Callable[[str], bool]:
    ours = bool(me) and guid(text(row, "_modifiedby_value")) == me

    def check(name: str) -> bool:
        if name == "parties":
            # Whoever changed what it regards has sorted it by hand.
            name = REGARDING
        present = _same(_present(row, name))
        code = _CODES.get(name, "")
        if name == "ownerid" and code not in kept and present == me:
            # What nobody is named to own is ours.
            return True
        if kept and code and kept.get(code) != _UNKNOWN:
            return kept.get(code, _EMPTY) == _digest(present)
        return ours or not present

    return check


def _same(value: Any) -> str:
    """A value in one form, as we send it and as Dataverse gives it back."""
    if value is None or value is False or value == "":
        return ""
    if isinstance(value, Bind):
        return value.id or _UNKNOWN
    if isinstance(value, int | float):
        return str(int(value))
    written = str(value).replace("\r\n", "\n").strip()
    if len(written) >= 19 and written[4:5] == "-" and written[10:11] == "T":
        return str(micros(written) or written)
    return written


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "replace")).hexdigest()[:6]


_CODES = {
    "subject": "a",
    "description": "b",
    RESULT: "c",
    SECONDS: "d",
    "actualstart": "e",
    "actualend": "f",
    "scheduledstart": "g",
    "scheduledend": "h",
    "ownerid": "i",
    REGARDING: "j",
    "directioncode": "k",
    "leftvoicemail": "l",
    RECORDING: "m",
    TRANSCRIPT: "n",
    AT: "o",
    DIRECTION: "p",
    "actualdurationminutes": "q",
    LINKS: "r",
    KIND: "s",
}
"""Short names of the columns whose digests are kept."""

_BY_PERSON, _EDITED = "z", "edited"
"""Among the digests, what keeps that a person was there before a change of ours."""
_EMPTY = _digest("")
_UNKNOWN = "------"
"""What stands for a value that we wrote as a reference to a row which was made in the same request."""


def _digests(values: Values, kept: Mapping[str, str]) -> str:
    """`a1b2c3d b4e5f6a …`: the code of a column and six digits of what we wrote into it."""
    found = dict(kept)
    for name, code in _CODES.items():
        if name in values:
            same = _same(values[name])
            found[code] = same if same == _UNKNOWN else _digest(same)
    return " ".join(code + digest for code, digest in sorted(found.items()))


def _read_digests(written: str) -> dict[str, str]:
    return {one[0]: one[1:] for one in written.split() if len(one) == 7}
