"""Communications and calendar entries, with their external properties (apis A2, "Log a call")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from firstcontact.testing.simulators.clio.contacts import name_of
from firstcontact.testing.simulators.clio.errors import bad, invalid
from firstcontact.testing.simulators.clio.practice import matter_view
from firstcontact.testing.simulators.clio.quantities import activity_plain
from firstcontact.testing.simulators.clio.resource import (
    Asked,
    Filter,
    Resource,
    Test,
    by_id,
    by_text,
    flag,
    merged_parts,
    number,
    reference,
    stored,
)
from firstcontact.testing.simulators.clio.selecting import View
from firstcontact.testing.simulators.clio.setup import calendar_view, user_view
from firstcontact.testing.simulators.clio.state import (
    Record,
    State,
    day_of,
    read_date,
    read_time,
    written_time,
)

MOST_PROPERTIES = 5
Person = tuple[str, int]
"""`User` or `Contact`, and the id."""

# --- external properties -------------------------------------------------------------------------------


def merged_properties(
    state: State, before: Sequence[Record], given: Sequence[Mapping[str, Any]]
) -> list[Record]:
    """The properties after a list of changes: five at most (apis A2). Raises ClioError 422."""
    limit = state.quirks.external_value_limit

    def values(one: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: one[name] for name in ("name", "value") if name in one}
        if one.get("id") is None and not (kept.get("name") or "").strip():
            raise invalid("external_properties.name can't be blank")
        if limit and len(kept.get("value") or "") > limit:
            raise invalid(f"external_properties.value is too long (maximum is {limit} characters)")
        return kept

    parts = merged_parts(state, "external_properties", before, given, values)
    if len(parts) > MOST_PROPERTIES:
        raise invalid(f"external_properties: there is a limit of {MOST_PROPERTIES}")
    return parts


def property_views(record: Record) -> list[View]:
    """The properties of a record."""
    return [{**part.base(), **part.values} for part in record.values["external_properties"]]


def _property_name(_state: State, text: str) -> Test:
    return lambda record: any(part.values["name"] == text for part in record.values["external_properties"])


def has_property(name: str, value: str) -> Test:
    """Records with this pair (apis A2, "Log a call": how one finds what one wrote)."""
    return lambda record: any(
        (part.values["name"], part.values.get("value")) == (name, value)
        for part in record.values["external_properties"]
    )


PROPERTY_FILTERS: Mapping[str, Filter] = {"external_property_name": _property_name}

# --- communications ------------------------------------------------------------------------------------


def communication_view(state: State, record: Record, asked: Asked) -> View:
    """A call or a letter: text messages are logged as calls, there is no kind for them (apis A2)."""
    values = record.values
    user, matter = state.get("users", values["user"]), state.get("matters", values["matter"])
    return {
        **record.base(),
        **{name: values[name] for name in ("subject", "body", "type", "date")},
        "received_at": written_time(values["received_at"]),
        **_entries(state, "communication", record, asked),
        "user": user and user_view(state, user, asked),
        "matter": matter and (lambda: matter_view(state, matter, asked)),
        "senders": _participants(state, values["senders"]),
        "receivers": _participants(state, values["receivers"]),
        "external_properties": property_views(record),
        "documents": lambda: [
            {**one.base(), "type": "Document", "name": one.values["name"]}
            for one in state.all("documents")
            if one.values["communication_id"] == record.id
        ],
    }


def _entries(state: State, name: str, record: Record, asked: Asked) -> dict[str, Any]:
    def entries() -> list[Record]:
        return [one for one in state.all("activities") if one.values[name] == record.id]

    return {
        "time_entries_count": lambda: len(entries()),
        "time_entries": lambda: [activity_plain(one, asked) for one in entries()],
    }


def _participants(state: State, people: Sequence[Person]) -> list[View]:
    """Who took part: contacts are answered as what they are, `Person` or `Company`."""
    found: list[View] = []
    for type, id in people:
        record = state.get("users" if type == "User" else "contacts", id)
        if record is None:
            continue
        name = record.values["name"] if type == "User" else name_of(record)
        kind = "User" if type == "User" else record.values["type"]
        found.append({**record.base(), "type": kind, "name": name, "identifier": name, "enabled": True})
    return found


def save_communication(state: State, record: Record | None, data: dict[str, Any], asked: Asked) -> Record:
    """Makes or changes one. Raises ClioError 422."""
    empty: dict[str, Any] = {"senders": [], "receivers": [], "matter": None, "external_properties": []}
    values = {**empty, "user": asked.user.id, **(record.values if record else {})}
    values.update({name: data[name] for name in ("subject", "body", "type") if name in data})
    _not_blank(state, values, ("subject", "body"))
    if "matter" in data:
        values["matter"] = reference(state, "matters", data["matter"], "matter")
    for side in ("senders", "receivers"):
        if side in data:
            values[side] = merged_people(state, values[side], data[side] or ())
    given = data.get("external_properties") or ()
    values["external_properties"] = merged_properties(state, values["external_properties"], given)
    _set_time(values, data, state.clock())
    saved = stored(state, record, "communications", values)
    state.index(saved, _communication_texts(state, saved))
    return saved


def _not_blank(state: State, values: Mapping[str, Any], names: Sequence[str]) -> None:
    if state.quirks.blank_text == "taken":
        return
    for name in names:
        if not (values.get(name) or "").strip():
            raise invalid(f"data.{name} can't be blank")


def _set_time(values: dict[str, Any], data: Mapping[str, Any], now: int) -> None:
    """`received_at` says when, `date` the day alone (apis A2, "Log a call")."""
    if data.get("received_at"):
        values["received_at"] = read_time(data["received_at"])
        values["date"] = data.get("date") or day_of(values["received_at"])
    elif data.get("date"):
        values["date"] = data["date"]
        values["received_at"] = read_time(f"{read_date(data['date'])}T00:00:00Z")
    elif "received_at" not in values:
        values.update(received_at=now, date=day_of(now))


def merged_people(state: State, before: Sequence[Person], given: Sequence[Mapping[str, Any]]) -> list[Person]:
    """Who takes part after a list of changes. Raises ClioError 422."""
    people = list(before)
    for one in given:
        kind = {"User": "users", "Contact": "contacts"}.get(one.get("type") or "")
        if kind is None or one.get("id") is None:
            raise invalid("a participant needs an id and a type")
        person = (one["type"], one["id"])
        if one.get("_deleted"):
            people = [other for other in people if other != person]
        else:
            reference(state, kind, one, one["type"])
            people = [*people, *([person] if person not in people else [])]
    return people


def _communication_texts(_state: State, record: Record) -> Iterator[str]:
    yield record.values["subject"] or ""
    yield record.values["body"] or ""


def _with(kind: str) -> Filter:
    def build(_state: State, text: str) -> Test:
        person = (kind, number(text))
        return lambda record: person in record.values["senders"] or person in record.values["receivers"]

    return build


def _received(compare: Callable[[str, str], bool]) -> Filter:
    def build(_state: State, text: str) -> Test:
        day = day_of(read_time(text))
        return lambda record: compare(record.values["date"], day)

    return build


def _on_date(_state: State, text: str) -> Test:
    day = str(read_date(text))
    return lambda record: bool(record.values["date"] == day)


def _with_entries(state: State, text: str) -> Test:
    wanted = flag(text)
    have = {one.values["communication"] for one in state.all("activities")}
    return lambda record: (record.id in have) == wanted


COMMUNICATIONS = Resource(
    kind="communications",
    type="Communication",
    view=communication_view,
    save=save_communication,
    texts=_communication_texts,
    filters={
        **PROPERTY_FILTERS,
        "contact_id": _with("Contact"),
        "user_id": _with("User"),
        "matter_id": by_id("matter"),
        "type": by_text("type", ("EmailCommunication", "PhoneCommunication")),
        "date": _on_date,
        "received_at": _received(lambda date, day: date == day),
        "received_since": _received(lambda date, day: date >= day),
        "received_before": _received(lambda date, day: date <= day),
        "having_time_entries": _with_entries,
    },
    others=frozenset({"external_property_value"}),
    orders={
        "date": lambda record: record.values["date"],
        "received_at": lambda record: record.values["received_at"],
        "matter": lambda record: record.values["matter"] or 0,
    },
)

# --- calendar entries ----------------------------------------------------------------------------------


def entry_view(state: State, record: Record, asked: Asked) -> View:
    """A calendar entry. Its id is a text in the specification, unlike all others (apis A2, "Calendar")."""
    values = record.values
    matter = state.get("matters", values["matter"])
    calendar = state.get("calendars", values["calendar_owner"])
    return {
        **record.base(),
        "id": str(record.id),
        **{name: values.get(name) for name in ("summary", "description", "location")},
        "all_day": bool(values.get("all_day")),
        "start_at": written_time(values["start_at"]),
        "end_at": written_time(values["end_at"]),
        "calendar_owner_id": values["calendar_owner"],
        **_entries(state, "calendar_entry", record, asked),
        "matter": matter and (lambda: matter_view(state, matter, asked)),
        "calendar_owner": calendar and calendar_view(state, calendar, asked),
        "attendees": _attendees(state, values["attendees"]),
        "external_properties": property_views(record),
    }


def _attendees(state: State, people: Sequence[Person]) -> list[View]:
    found: list[View] = []
    for type, id in people:
        record = state.get("contacts" if type == "Contact" else "calendars", id)
        if record is not None:
            name = name_of(record) if type == "Contact" else record.values["name"]
            found.append({**record.base(), "type": type, "name": name, "enabled": True, "email": None})
    return found


def save_entry(state: State, record: Record | None, data: dict[str, Any], _asked: Asked) -> Record:
    """Makes or changes one; who invites whom is told by `attendees` (apis A2, "Calendar"). Raises ClioError
    422."""
    empty: dict[str, Any] = {"attendees": [], "matter": None, "external_properties": []}
    values = {**empty, **(record.values if record else {})}
    plain = ("summary", "description", "location", "all_day")
    values.update({name: data[name] for name in plain if name in data})
    _not_blank(state, values, ("summary",))
    values.update({name: read_time(data[name]) for name in ("start_at", "end_at") if data.get(name)})
    if values["end_at"] < values["start_at"]:
        raise invalid("data.end_at must not be before data.start_at")
    for name, kind in (("matter", "matters"), ("calendar_owner", "calendars")):
        if name in data:
            values[name] = reference(state, kind, data[name], name)
    for one in data.get("attendees") or ():
        values["attendees"] = _attending(state, values["attendees"], one)
    given = data.get("external_properties") or ()
    values["external_properties"] = merged_properties(state, values["external_properties"], given)
    saved = stored(state, record, "calendar_entries", values)
    state.index(saved, _entry_texts(state, saved))
    return saved


def _attending(state: State, before: Sequence[Person], one: Mapping[str, Any]) -> list[Person]:
    kind = {"Contact": "contacts", "Calendar": "calendars"}.get(one.get("type") or "")
    if kind is None or one.get("id") is None:
        raise invalid("an attendee needs an id and a type")
    person = (one["type"], one["id"])
    others = [other for other in before if other != person]
    if one.get("_destroy"):
        return others
    reference(state, kind, one, one["type"])
    return [*before, *([person] if person not in before else [])]


def _entry_texts(_state: State, record: Record) -> Iterator[str]:
    yield record.values["summary"] or ""
    yield record.values.get("description") or ""


def _ends_from(_state: State, text: str) -> Test:
    moment = read_time(text)
    return lambda record: bool(record.values["end_at"] >= moment)


def _begins_by(_state: State, text: str) -> Test:
    moment = read_time(text)
    return lambda record: bool(record.values["start_at"] <= moment)


CALENDAR_ENTRIES = Resource(
    kind="calendar_entries",
    type="CalendarEntry",
    view=entry_view,
    save=save_entry,
    texts=_entry_texts,
    filters={
        **PROPERTY_FILTERS,
        "calendar_id": by_id("calendar_owner"),
        "matter_id": by_id("matter"),
        "from": _ends_from,
        "to": _begins_by,
    },
    others=frozenset({"external_property_value"}),
)


def need_name(params: Mapping[str, Sequence[str]]) -> None:
    """Asking for a property's value needs its name as well. Raises ClioError 400."""
    if "external_property_value" in params and "external_property_name" not in params:
        raise bad("external_property_value needs external_property_name")
