"""A Guestbook in memory, answering HTTP as the real one would. It shares no code with the connector."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from firstcontact.testing.simulators.base import SimulatorKind, Switches

KEY = "a-key-for-trials"
AT_ONCE = 50
PAGE = 100
SECOND = 1_000_000


class GuestbookSimulator:
    """The contract's `Simulator`: an application, a desk, and the vendor's ways of saying no."""

    def __init__(self, now: Callable[[], int], switches: Switches) -> None:
        if unknown := set(switches.quirks) - set(QUIRKS):
            raise ValueError(
                f"Guestbook has no quirk {', '.join(sorted(unknown))}; it has {', '.join(QUIRKS)}"
            )
        self.now = now
        self.lag = int(switches.lag * SECOND)
        self.may_write = bool(switches.quirks.get("may_write", True))
        self.requests = 0
        self.guests: dict[str, dict[str, Any]] = {}
        self.made_at: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.notes: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.search_works = True
        self.desk = Desk(self)
        self._version = 0
        self._number = 0
        self._revoked = False
        self._exhausted_until = 0
        self.app = Starlette(
            routes=[
                Route("/", self._route(self._about), methods=["GET"]),
                Route("/search", self._route(self._search), methods=["POST"]),
                Route("/keys", self._route(self._keys), methods=["POST"]),
                Route("/changes", self._route(self._changes), methods=["GET"]),
                Route("/guests", self._route(self._guests), methods=["GET"]),
                Route("/guests", self._route(self._make_guest, writes=True), methods=["POST"]),
                Route("/guests/{id}", self._route(self._change_guest, writes=True), methods=["PATCH"]),
                Route("/notes", self._route(self._make_note, writes=True), methods=["POST"]),
                Route("/notes/{id}", self._route(self._delete_note, writes=True), methods=["DELETE"]),
            ]
        )

    def revoke(self) -> None:
        self._revoked = True

    def exhaust(self, seconds: float) -> None:
        self._exhausted_until = self.now() + int(seconds * SECOND)

    # --- what both the application and the desk do --------------------------------------------------

    def put(self, id: str, fields: Mapping[str, Any], *, by_hand: bool) -> dict[str, Any]:
        """Makes or changes a guest."""
        self._version += 1
        before = self.guests.get(id, {**BLANK, "id": id})
        by_hand = by_hand or before["edited_by_hand"]
        guest = {**before, **fields, "version": self._version, "edited_by_hand": by_hand}
        self.guests[id] = guest
        self.made_at.setdefault(id, self.now())
        return guest

    def remove(self, id: str) -> None:
        """A guest goes, and is on no note any more."""
        self._version += 1
        del self.guests[id]
        self.gone[id] = self._version
        for note in self.notes.values():
            note["guests"] = [guest for guest in note["guests"] if guest != id]

    def new_id(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"

    # --- the application ----------------------------------------------------------------------------

    def _route(
        self, answer: Callable[[dict[str, Any]], Response], *, writes: bool = False
    ) -> Callable[[Request], Any]:
        async def handle(request: Request) -> Response:
            self.requests += 1
            if self._revoked or request.headers.get("authorization") != f"Bearer {KEY}":
                raise HTTPException(401)
            if (left := self._exhausted_until - self.now()) > 0:
                raise HTTPException(429, headers={"Retry-After": str(left // SECOND + 1)})
            if writes and not self.may_write:
                return _refused(403, "this key may only read")
            body = await request.json() if await request.body() else {}
            return answer({**request.query_params, **body, **request.path_params})

        return handle

    def _about(self, _: dict[str, Any]) -> Response:
        return JSONResponse({"guests": len(self.guests), "login": "front desk", "may_write": self.may_write})

    def _search(self, given: dict[str, Any]) -> Response:
        if not self.search_works:
            return _refused(500, "the search is out of order")
        if len(given["for"]) > AT_ONCE:
            return _refused(400, f"more than {AT_ONCE} at once")
        until = self.now() - self.lag
        known = [guest for guest in list(self.guests.values()) if self.made_at[guest["id"]] <= until]
        results = []
        for text in given["for"]:
            ids = [guest["id"] for guest in known if _matches(guest, text.lower().split())]
            results.append({"ids": ids[:PAGE], "cut": len(ids) > PAGE})
        return JSONResponse(results)

    def _keys(self, given: dict[str, Any]) -> Response:
        return JSONResponse({key: self.keys[key] for key in given["keys"] if key in self.keys})

    def _changes(self, given: dict[str, Any]) -> Response:
        after = int(given["after"])
        gone = {id: at for id, at in self.gone.items() if after}
        at = {**{id: guest["version"] for id, guest in self.guests.items()}, **gone}
        ids = sorted((id for id in at if at[id] > after), key=lambda id: at[id])
        page = ids[:PAGE]
        return JSONResponse(
            {
                "guests": [self.guests[id] for id in page if id in self.guests],
                "gone": [id for id in page if id in gone],
                "next": at[page[-1]] if page else max(after, self._version),
                "more": len(ids) > PAGE,
            }
        )

    def _guests(self, given: dict[str, Any]) -> Response:
        ids = given["ids"].split(",")
        return JSONResponse([self.guests[id] for id in ids[:AT_ONCE] if id in self.guests])

    def _make_guest(self, given: dict[str, Any]) -> Response:
        if (id := self.keys.get(given["key"])) is None:
            id = self.new_id("g")
            self.put(id, _strict(given, BLANK), by_hand=False)
            self.keys[given["key"]] = id
        elif id not in self.guests:
            return _refused(410, "the guest that this key made is gone")
        return JSONResponse(self.guests[id], 201)

    def _change_guest(self, given: dict[str, Any]) -> Response:
        guest = self.guests.get(given["id"])
        if guest is None:
            return _refused(404, "no such guest")
        if given.pop("version") != guest["version"]:
            return _refused(409, "changed meanwhile")
        return JSONResponse(self.put(guest["id"], _strict(given, BLANK), by_hand=False))

    def _make_note(self, given: dict[str, Any]) -> Response:
        if missing := [id for id in given["guests"] if id not in self.guests]:
            return _refused(422, f"no guest {', '.join(missing)}")
        if (id := self.keys.get(given["key"])) is None:
            id = self.new_id("n")
            self.notes[id] = {**_strict(given, NOTE), "id": id}
            self.keys[given["key"]] = id
        return JSONResponse({"id": id}, 201)

    def _delete_note(self, given: dict[str, Any]) -> Response:
        self.notes.pop(given["id"], None)
        return Response(status_code=204)


class Desk:
    """People at work in Guestbook itself: the suite's `Hands`."""

    def __init__(self, book: GuestbookSimulator) -> None:
        self._book = book

    def add(self, kind: str, fields: Mapping[str, Any]) -> str:
        if kind != "contact":
            raise ValueError(f"Guestbook has no {kind}")
        id = self._book.new_id("g")
        self._book.put(id, _by_hand(fields), by_hand=False)
        return id

    def edit(self, kind: str, reference: str, fields: Mapping[str, Any]) -> None:
        assert reference in self._book.guests, f"there is no {kind} {reference}"
        self._book.put(reference, _by_hand(fields), by_hand=True)

    def delete(self, kind: str, reference: str) -> None:
        if kind == "activity":
            del self._book.notes[reference]
        else:
            self._book.remove(reference)

    def merge(self, loser: str, survivor: str) -> None:
        guests = self._book.guests
        both = {
            name: list(dict.fromkeys(guests[survivor][name] + guests[loser][name]))
            for name in ("emails", "phones")
        }
        self._book.put(survivor, both, by_hand=True)
        self._book.remove(loser)

    def dump(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        contacts = [
            {name: value or None for name, value in one.items()} for one in self._book.guests.values()
        ]
        nothing: dict[str, list[Mapping[str, Any]]] = {name: [] for name in EMPTY}
        return {
            **nothing,
            "contacts": [{**BARE_CONTACT, **one} for one in contacts],
            "activities": [
                {
                    **note,
                    "contacts": list(note["guests"]),
                    "leads": [],
                    "body": note["text"] or None,
                    "user": None,
                }
                for note in self._book.notes.values()
            ],
        }

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        self._book.search_works = False
        try:
            yield
        finally:
            self._book.search_works = True


BLANK: dict[str, Any] = {
    "id": "",
    "version": 0,
    "key": "",
    "first_name": "",
    "last_name": "",
    "shown_as": "",
    "emails": [],
    "phones": [],
    "edited_by_hand": False,
}
NOTE = frozenset({"key", "kind", "interactions", "at", "seconds", "direction", "subject", "text", "guests"})
BARE_CONTACT = {"title": None, "owner": None, "account": None, "lead_source": None, "placeholder": False}
EMPTY = (
    "users",
    "accounts",
    "leads",
    "opportunities",
    "contact_roles",
    "matters",
    "time_entries",
    "documents",
)
QUIRKS = {"may_write": "false: the key may only read"}


def _by_hand(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario's fields of a contact as Guestbook's; it has no place for the others."""
    given = {name: value for name, value in fields.items() if name in BLANK and name != "id"}
    return {**given, **({"shown_as": fields["name"]} if fields.get("name") else {})}


def _strict(given: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """What was sent, unless there is a field in it that Guestbook does not know."""
    if unknown := set(given) - set(known):
        raise HTTPException(400, f"unknown: {', '.join(sorted(unknown))}")
    return dict(given)


def _matches(guest: Mapping[str, Any], words: Sequence[str]) -> bool:
    """Whether one field contains every word: an address as written, a number by its digits."""
    fields = [email.lower() for email in guest["emails"]]
    fields += ["".join(letter for letter in phone if letter.isdigit()) for phone in guest["phones"]]
    return any(all(word in field for word in words) for field in fields)


def _refused(status: int, words: str) -> Response:
    return JSONResponse({"error": words}, status)


SIMULATOR = SimulatorKind(
    kind="guestbook",
    make=GuestbookSimulator,
    options=lambda address: {"address": address},
    credentials=lambda _: {"key": {"login": "key", "key": KEY}},
    quirks=QUIRKS,
)
