"""People's own program: a DAV client that shares no code with the connector."""

from __future__ import annotations

import http.client
import re
import uuid
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from firstcontact.connectors.carddav.kind import KIND
from firstcontact.connectors.contract import Opening
from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.radicale import Server
from firstcontact.testing.simulators.base import Kept, Unpaced

AT = 1_772_452_800_000_000
"""2026-03-02 12:00 UTC."""


class Place:
    """A login with an address book, and the ways to it."""

    def __init__(self, server: Server, login: tuple[str, str], address: str) -> None:
        self.server = server
        self.login = login
        self.address = address
        self.credentials = Kept({"login": "password", "username": login[0], "password": login[1]})
        self.clock = VirtualClock(AT)

    def opening(self, address: str = "", **options: Any) -> Opening:
        return Opening(
            connection="books",
            options={"address": address or self.address, "address_book": "", **options},
            credentials=self.credentials,
            pace=Unpaced(),
            region="US",
            now=self.clock.now,
        )

    def crm(self, address: str = "", **options: Any) -> Any:
        return KIND.open(self.opening(address, **options))


class People:
    """Somebody with another program on the same address book; it shares no code with the connector."""

    version = "3.0"

    def __init__(self, place: Place) -> None:
        self.place = place

    def request(
        self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.place.server.port, timeout=60)
        permission = b64encode(":".join(self.place.login).encode()).decode()
        sent = {"Authorization": f"Basic {permission}", **(headers or {})}
        connection.request(method, path, body.encode(), sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), text

    def path(self, name: str = "") -> str:
        return urlsplit(self.place.address).path + quote(name)

    def put(self, name: str, card: str, etag: str = "") -> None:
        condition = {"If-Match": etag} if etag else {}
        headers = {"Content-Type": "text/vcard; charset=utf-8", **condition}
        status, _, text = self.request("PUT", self.path(name), card, headers)
        assert status in (201, 204), (status, text, card)

    def get(self, name: str) -> tuple[str, str]:
        """A card and its ETag."""
        status, headers, text = self.request("GET", self.path(name))
        assert status == 200, (name, status)
        return text, headers["ETag"]

    def names(self) -> list[str]:
        status, _, text = self.request("PROPFIND", self.path(), headers={"Depth": "1"})
        assert status == 207, status
        hrefs = [unquote(href) for href in re.findall(r"<(?:\w+:)?href>([^<]*\.vcf)</", text)]
        return sorted({href.rpartition("/")[2] for href in hrefs})

    def change(self, name: str, lines: Sequence[str], without: str = "") -> None:
        """Put lines onto a card, in place of those of a property."""
        text, etag = self.get(name)
        kept = [line for line in unfolded(text) if not without or not line.upper().startswith(without)]
        self.put(name, "\r\n".join([*kept[:-1], *lines, kept[-1], ""]), etag)

    # --- `Hands` -----------------------------------------------------------------------------------------

    def add(self, kind: str, fields: Mapping[str, Any]) -> str:
        assert kind == "contact", f"an address book has no {kind}"
        uid = str(uuid.uuid4()).upper()
        first, last = (written(fields.get(name, "")) for name in ("first_name", "last_name"))
        lines = ["BEGIN:VCARD", f"VERSION:{self.version}", f"UID:{uid}"]
        lines += [f"N:{last};{first};;;", f"FN:{f'{first} {last}'.strip() or 'Nobody'}"]
        lines += [f"item{n}.EMAIL:{written(one)}" for n, one in enumerate(fields.get("emails", ()), 1)]
        lines += [f"TEL;TYPE=CELL:{written(one)}" for one in fields.get("phones", ())]
        lines += [f"TITLE:{written(fields['title'])}"] if "title" in fields else []
        lines += ["NOTE:Met at the fair\\, twice", "X-PROGRAM-OWN;X-P=1:kept", "END:VCARD", ""]
        self.put(f"{uid}.vcf", "\r\n".join(lines))
        return f"{uid}.vcf"

    def edit(self, _kind: str, reference: str, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            if name == "last_name":
                first = re.findall(r"^N:[^;]*;([^;]*)", self.get(reference)[0], re.MULTILINE)
                self.change(reference, [f"N:{written(value)};{first[0]};;;"], without="N:")
                continue
            assert name == "title", name
            self.change(reference, [f"TITLE:{written(value)}"], without="TITLE")

    def delete(self, _kind: str, reference: str) -> None:
        status, _, _ = self.request("DELETE", self.path(reference))
        assert status in (200, 204), status

    def merge(self, loser: str, survivor: str) -> None:
        moved = [line for line in unfolded(self.get(loser)[0]) if re.match(r"(\w+\.)?(EMAIL|TEL)", line)]
        self.change(survivor, moved)
        self.delete("contact", loser)

    def dump(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        cards = {name: self.get(name)[0] for name in self.names()}
        contacts = [{"id": name, "lead_source": None, "card": text} for name, text in cards.items()]
        empty = ("leads", "accounts", "opportunities", "contact_roles", "matters", "activities")
        return {"contacts": contacts, **dict.fromkeys((*empty, "time_entries", "documents"), ())}

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """The address book's folder is away."""
        here = self.place.server.place(self.place.address)
        away = here.with_name("away")
        here.rename(away)
        yield
        away.rename(here)


def unfolded(text: str) -> list[str]:
    return re.sub(r"\r?\n[ \t]", "", text).strip().splitlines()


def written(text: str) -> str:
    for char in "\\,;":
        text = text.replace(char, "\\" + char)
    return text
