"""Finding the address book: RFC 6764 (well-known), RFC 6352 §7 (home set), and what it says it can do."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

import msgspec

from firstcontact.connectors.carddav import xml
from firstcontact.connectors.carddav.client import TITLE, Dav, Refused, is_same_site
from firstcontact.connectors.contract import TryAgain

_WAIT = 300.0
"""Seconds until asking again is worth it, where a person has to change something."""
_USUAL = frozenset({"contacts", "default", "card"})
"""Names under which Nextcloud, Fastmail and iCloud keep everybody's first address book."""
_PROPS = (
    "<D:resourcetype/>",
    "<D:displayname/>",
    "<D:current-user-principal/>",
    "<D:current-user-privilege-set/>",
    "<D:supported-report-set/>",
    "<C:addressbook-home-set/>",
    "<C:supported-address-data/>",
)


class NoAddressBook(TryAgain):
    """There is no address book at this address, or none of this name: a person has to say which."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, _WAIT)


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """An address book and what it says of itself.

    url: absolute, with a slash at the end. versions: of vCard; reports: local names of those it answers;
    privileges: local names of what we may do. Each is empty where the server does not tell.
    """

    url: str
    title: str = ""
    versions: tuple[str, ...] = ()
    reports: frozenset[str] = frozenset()
    privileges: frozenset[str] = frozenset()

    @property
    def version(self) -> str:
        """In which new cards are written: every server takes 3.0 (RFC 6352 §3), unless it says otherwise."""
        return "4.0" if self.versions and "3.0" not in self.versions and "4.0" in self.versions else "3.0"

    def offers(self, report: str) -> bool:
        """Whether it answers a report, as far as it tells."""
        return not self.reports or report in self.reports


def discover(dav: Dav, wanted: str) -> Book:
    """The address book: the address itself where that is one, else the login's.

    wanted: the shown or the path's name of one of several; "" for the usual one. Raises NoAddressBook,
    TryAgain, AuthLapsed.
    """
    ways = [dav.address]
    if urlsplit(dav.address).path in ("", "/"):
        # An address that was given with a path is that one or none: another address book is another CRM.
        ways = [urljoin(dav.address, "/.well-known/carddav"), urljoin(dav.address, "/")]
    answered = False
    for address in ways:
        try:
            url, members = dav.propfind(address, "0", _PROPS)
            answered = True
            found = _by_way_of(dav, [(url, member) for member in members], wanted)
        except Refused:
            continue
        if found and _near(dav, found.url):
            return found
    if not answered:
        raise NoAddressBook(f"{TITLE} has no CardDAV at {dav.address}; check the address.")
    raise NoAddressBook(f"{TITLE} names no address book at {dav.address}; give the address book's own.")


def _by_way_of(dav: Dav, seen: Sequence[tuple[str, xml.Member]], wanted: str) -> Book | None:
    for url, member in seen:
        if _is_book(member):
            return _book(url, member)
    homes = _hrefs(seen, f"{xml.CARD}addressbook-home-set")
    if not homes:
        principals: list[tuple[str, xml.Member]] = []
        for principal in _hrefs(seen, f"{xml.DAV}current-user-principal"):
            url, members = dav.propfind(_near(dav, principal), "0", _PROPS)
            principals += [(url, member) for member in members]
        homes = _hrefs(principals, f"{xml.CARD}addressbook-home-set")
    books: list[Book] = []
    for home in homes:
        url, members = dav.propfind(_near(dav, home), "1", _PROPS)
        books += [_book(url, member) for member in members if _is_book(member)]
    return _chosen(books, wanted) if homes else None


def _chosen(books: Sequence[Book], wanted: str) -> Book:
    if not books:
        raise NoAddressBook("This login has no address book; make one on the server.")
    if not wanted:
        return min(books, key=_usualness)
    for book in books:
        if wanted in (book.title, xml.path_of(book.url).rpartition("/")[2], book.url, xml.path_of(book.url)):
            return book
    names = ", ".join(repr(book.title or book.url) for book in books)
    raise NoAddressBook(f"There is no address book {wanted!r}; there are {names}.")


def _usualness(book: Book) -> tuple[bool, str]:
    """What servers make by themselves comes first, then by path, so that it stays the same."""
    path = xml.path_of(book.url)
    return path.rpartition("/")[2].lower() not in _USUAL, path


def _near(dav: Dav, url: str) -> str:
    """An address that the server names, where our password may go there. Raises NoAddressBook."""
    if not is_same_site(dav.address, url):
        raise NoAddressBook(f"{TITLE} keeps its address books on another server; connect to {url}.")
    return url


def _hrefs(seen: Sequence[tuple[str, xml.Member]], prop: str) -> list[str]:
    """The addresses in a property, absolute."""
    return [
        urljoin(url, href.text.strip())
        for url, member in seen
        if prop in member.props
        for href in member.props[prop].iter(f"{xml.DAV}href")
        if href.text
    ]


def _is_book(member: xml.Member) -> bool:
    kind = member.props.get(f"{xml.DAV}resourcetype")
    return kind is not None and kind.find(f"{xml.CARD}addressbook") is not None


def _book(url: str, member: xml.Member) -> Book:
    there = urljoin(url, member.href) if member.href else url
    data = member.props.get(f"{xml.CARD}supported-address-data")
    return Book(
        url=there.rstrip("/") + "/",
        title=member.text(f"{xml.DAV}displayname").strip(),
        versions=tuple(
            one.get("version", "3.0") for one in data if "vcard" in one.get("content-type", "vcard")
        )
        if data is not None
        else (),
        reports=_inner(member.props.get(f"{xml.DAV}supported-report-set"), f"{xml.DAV}report"),
        privileges=_inner(member.props.get(f"{xml.DAV}current-user-privilege-set"), f"{xml.DAV}privilege"),
    )


def _inner(element: Element | None, tag: str) -> frozenset[str]:
    """Local names of what stands in each `tag`."""
    if element is None:
        return frozenset()
    return frozenset(inner.tag.rpartition("}")[2] for each in element.iter(tag) for inner in each)
