"""Speaks CardDAV: PROPFIND, REPORT, GET and PUT, with the answers' troubles under their names."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urljoin, urlsplit

import msgspec

from firstcontact.connectors.carddav import xml
from firstcontact.connectors.contract import AuthLapsed, Credentials, Opening, TryAgain
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, LOOPBACK, Answer, Http, Lost
from firstcontact.identity.domains import registrable

TITLE = "The CardDAV server"
CARDS_AT_ONCE = 100
"""Cards asked for in one multiget."""
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_MOVED = frozenset({301, 302, 303, 307, 308})
_MOST_MOVES = 5
_LONGEST_NAME = 255
"""What file systems and databases of servers take."""
_TAGS = re.compile(r"<[^>]*>")


class Refused(Exception):
    """The server refuses a request, with this status, condition (RFC 6352 §6.3.2.1), href in it and words."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.condition, self.href = xml.precondition(answer.content)
        words = " ".join(_TAGS.sub(" ", answer.content[:2000].decode("utf-8", "replace")).split())[:200]
        self.words = self.condition or words
        super().__init__(f"{TITLE} answered {answer.status}{f': {self.words}' if self.words else ''}.")


class Cut(Exception):
    """The server gave only some of what matches (507 for the collection, RFC 6352 §8.6.2)."""

    def __init__(self) -> None:
        super().__init__(f"{TITLE} gave only some of the cards.")


class Fetched(msgspec.Struct, frozen=True):
    """A card as the server has it; etag "" where it names none."""

    name: str
    text: str
    etag: str


class Listing(msgspec.Struct, frozen=True):
    """What a sync-collection says: names of new and changed cards, of removed ones, the next token, and
    whether more waits behind it."""

    changed: tuple[str, ...]
    gone: tuple[str, ...]
    token: str
    cut: bool


class Basic:
    """HTTP Basic (RFC 7617): the user's name and password, or app password."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def headers(self) -> Mapping[str, str]:
        """The header of every request. Raises AuthLapsed."""
        kept = self._credentials.read()
        login = f"{kept.get('username', '')}:{kept.get('password', '')}"
        return {"Authorization": "Basic " + b64encode(login.encode()).decode()}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Whether somebody has given newer ones since. Raises AuthLapsed where not."""
        if headers.get("Authorization") == self.headers()["Authorization"]:
            raise AuthLapsed(f"{TITLE} does not accept the user name and password; connect again.")
        return True


class Dav:
    """Requests to one server. Every method may raise TryAgain, AuthLapsed."""

    def __init__(self, opening: Opening) -> None:
        self._skew: int | None = None
        self._now = opening.now
        self.address = _address(str(opening.options["address"]))
        headers = {"User-Agent": "FirstContact", "Accept": "*/*"}
        self._http = Http(
            TITLE,
            self.address,
            auth=Basic(opening.credentials),
            pace=opening.pace,
            headers=headers,
            watch=self._watch,
        )

    @property
    def skew(self) -> int | None:
        """Microseconds by which the server's clock was ahead of ours in its last answer; None before any."""
        return self._skew

    def _watch(self, answer: Answer) -> None:
        told = clocks.skew(answer.headers, self._now())
        self._skew = self._skew if told is None else told

    # --- reading ------------------------------------------------------------------------------------------

    def propfind(self, url: str, depth: str, props: Iterable[str]) -> tuple[str, tuple[xml.Member, ...]]:
        """The members' properties, and the address that answered: moves are followed, but never to somebody
        else's server. Raises Refused."""
        body = xml.propfind(props)
        for _ in range(_MOST_MOVES):
            answer = self._http.read("PROPFIND", url, content=body, headers={**_XML, "Depth": depth})
            if answer.status not in _MOVED:
                return url, self._multistatus(answer).members
            url = _moved(url, answer)
        raise TryAgain(f"{TITLE} sends us from one address to the next.", AFTER_TROUBLE)

    def query(self, collection: str, filters: Sequence[str]) -> tuple[Fetched, ...]:
        """Cards that any of the filters lets through. Raises Refused, Cut."""
        members = self._report(collection, "1", xml.query(filters)).members
        if any(member.status == 507 for member in members):
            raise Cut
        named = [member for member in members if member.name and member.status == 200]
        bare = [member.name for member in named if f"{xml.CARD}address-data" not in member.props]
        got = {member.name: _fetched(member) for member in named}
        got.update(self.fetch(collection, bare) if bare else {})
        return tuple(one for one in got.values() if one is not None)

    def fetch(self, collection: str, names: Sequence[str]) -> dict[str, Fetched | None]:
        """Each name's card, None for one that is not there. Complete, or it raises. Raises Refused."""
        got: dict[str, Fetched | None] = {}
        for start in range(0, len(names), CARDS_AT_ONCE):
            got.update(self._multiget(collection, names[start : start + CARDS_AT_ONCE]))
        return got

    def _multiget(self, collection: str, names: Sequence[str]) -> dict[str, Fetched | None]:
        path = urlsplit(collection).path
        got: dict[str, Fetched | None] = {}
        try:
            body = xml.multiget(path + xml.segment(name) for name in names)
            for member in self._report(collection, "0", body).members:
                if member.status == 404 or f"{xml.CARD}address-data" in member.props:
                    got[member.name] = _fetched(member) if member.status == 200 else None
        except Refused as refused:
            if refused.status in (403, 404) and refused.condition != "supported-report":
                raise
            # A server without multiget is asked card by card.
        return {name: got[name] if name in got else self.get(collection, name) for name in names}

    def get(self, collection: str, name: str) -> Fetched | None:
        """One card; None where it is not there. Raises Refused."""
        if not is_name(name):
            return None
        answer = self._http.read("GET", collection + xml.segment(name))
        if answer.status in (404, 410):
            return None
        if answer.status != 200:
            raise Refused(answer)
        return Fetched(name, answer.content.decode("utf-8", "replace"), answer.headers.get("ETag", ""))

    def etags(self, collection: str) -> dict[str, str]:
        """Every card's ETag, else the time when it was changed. Raises Refused."""
        asked = ("<D:getetag/>", "<D:getlastmodified/>", "<D:resourcetype/>")
        _, members = self.propfind(collection, "1", asked)
        if any(member.status == 507 for member in members):
            raise TryAgain(f"{TITLE} cannot list the whole address book.", AFTER_TROUBLE)
        own = xml.path_of(collection)
        return {
            member.name: member.text(f"{xml.DAV}getetag") or member.text(f"{xml.DAV}getlastmodified")
            for member in members
            if member.name and member.status == 200 and xml.path_of(member.href) != own
            if not _is_collection(member)
        }

    def changes(self, collection: str, token: str) -> Listing:
        """What changed since the token (RFC 6578). Raises Refused."""
        status = self._report(collection, "0", xml.sync_collection(token))
        if not status.token:
            raise TryAgain(f"{TITLE} tells changes without a token.", AFTER_TROUBLE)
        own = xml.path_of(collection)
        members = [each for each in status.members if xml.path_of(each.href) != own and each.name]
        return Listing(
            changed=tuple(dict.fromkeys(each.name for each in members if each.status == 200)),
            gone=tuple(dict.fromkeys(each.name for each in members if each.status in (404, 410))),
            token=status.token,
            cut=any(each.status == 507 for each in status.members),
        )

    def _report(self, collection: str, depth: str, body: bytes) -> xml.Multistatus:
        answer = self._http.read("REPORT", collection, content=body, headers={**_XML, "Depth": depth})
        return self._multistatus(answer)

    def _multistatus(self, answer: Answer) -> xml.Multistatus:
        if answer.status != 207 and not answer.ok:
            raise Refused(answer)
        try:
            return xml.read_multistatus(answer.content)
        except xml.Malformed as error:
            raise TryAgain(f"{TITLE} answered {answer.status}, but {error}.", AFTER_TROUBLE) from None

    # --- writing ------------------------------------------------------------------------------------------

    def put(self, collection: str, name: str, text: str, condition: Mapping[str, str]) -> Answer:
        """Send a card under a condition (`If-Match`, `If-None-Match`). Its status is 2xx or 412.
        Raises Refused, TryAgain, AuthLapsed, Lost."""
        headers = {"Content-Type": "text/vcard; charset=utf-8", **condition}
        answer = self._http.write(
            "PUT", collection + xml.segment(name), content=text.encode("utf-8"), headers=headers
        )
        if answer.status in (200, 201, 204) and _is_page(answer):
            raise Lost(f"{TITLE} answered {answer.status} with a page of something else.")
        if not answer.ok and answer.status != 412:
            raise Refused(answer)
        return answer

    def delete(self, collection: str, name: str, etag: str) -> bool:
        """Take a card away; False where it is another one by now (412). One that is not there is no error.
        Raises Refused, TryAgain, AuthLapsed, Lost."""
        answer = self._http.write("DELETE", collection + xml.segment(name), headers={"If-Match": etag})
        if answer.ok and _is_page(answer):
            raise Lost(f"{TITLE} answered {answer.status} with a page of something else.")
        if not answer.ok and answer.status not in (404, 410, 412):
            raise Refused(answer)
        return answer.status != 412


def is_name(name: str) -> bool:
    """Whether this can be the name of a card: text that stays within its address book."""
    if name in ("", ".", "..") or len(name) > _LONGEST_NAME or "/" in name:
        return False
    return name.isascii() or name.encode("utf-8", "replace").decode() == name


def _fetched(member: xml.Member) -> Fetched | None:
    text = member.text(f"{xml.CARD}address-data")
    return Fetched(member.name, text, member.text(f"{xml.DAV}getetag")) if text else None


def _is_collection(member: xml.Member) -> bool:
    kind = member.props.get(f"{xml.DAV}resourcetype")
    return kind is not None and kind.find(f"{xml.DAV}collection") is not None


def _is_page(answer: Answer) -> bool:
    """A proxy's page in place of the server's answer."""
    kind = answer.headers.get("Content-Type", "").lower()
    return "html" in kind and b"<html" in answer.content[:500].lower()


def _address(given: str) -> str:
    given = given.strip()
    return given if "://" in given else f"https://{given}"


def _moved(url: str, answer: Answer) -> str:
    """Where the server sends us. The password goes only to the same site, and never from TLS to plain."""
    there = urljoin(url, answer.headers.get("Location", ""))
    if not answer.headers.get("Location") or not is_same_site(url, there):
        raise TryAgain(f"{TITLE} sends us to another server; connect to that one.", AFTER_TROUBLE)
    return there


def is_same_site(here: str, there: str) -> bool:
    """Whether a login for the one address may be sent to the other: the same host, or hosts of one registered
    domain; never without TLS where there was TLS."""
    a, b = urlsplit(here), urlsplit(there)
    if b.scheme not in ("http", "https") or (a.scheme == "https" and b.scheme != "https"):
        return False
    one, other = (a.hostname or "").lower(), (b.hostname or "").lower()
    if one == other:
        return a.port == b.port or b.scheme == "https" or other in LOOPBACK
    return bool(registrable(one)) and registrable(one) == registrable(other)
