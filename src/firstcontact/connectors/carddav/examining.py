"""What `doctor` asks of an address book before the first write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from firstcontact.connectors.carddav.client import TITLE, Dav, Refused
from firstcontact.connectors.carddav.discovery import Book, NoAddressBook
from firstcontact.connectors.carddav.search import Search
from firstcontact.connectors.contract import Diagnosis
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import is_private

_WRITES = frozenset({"all", "write", "write-content", "bind"})


def examine(dav: Dav, find_book: Callable[[], Book], search: Search) -> Sequence[Diagnosis]:
    """One diagnosis each. Writes nothing. Raises TryAgain, AuthLapsed."""
    try:
        book = find_book()
    except NoAddressBook as missing:
        remedy = "Set `address` to the server's or the address book's own, `address_book` to its name."
        return [Diagnosis(state="error", about="address book", sentence=str(missing), remedy=remedy)]
    return list(_diagnoses(dav, book, search))


def _diagnoses(dav: Dav, book: Book, search: Search) -> Iterator[Diagnosis]:
    called = f"Contacts go into {book.title!r} at {book.url}."
    yield Diagnosis(state="ok", about="address book", sentence=called)
    yield _privacy(book)
    yield _permission(book)
    yield _versions(book)
    yield _changes(book)
    yield _searching(search, book)
    yield clocks.examined(TITLE, dav.skew)
    yield Diagnosis(
        state="ok",
        about="log",
        sentence="An address book has no place for a log: interactions stay in the engagement log here.",
    )


def _privacy(book: Book) -> Diagnosis:
    if is_private(book.url):
        return Diagnosis(state="ok", about="encryption", sentence="Nobody on the way can read the password.")
    said = "The password goes over the network unencrypted."
    return Diagnosis(state="warning", about="encryption", sentence=said, remedy="Use an https address.")


def _permission(book: Book) -> Diagnosis:
    about = "permission to create and change contacts"
    if not book.privileges:
        said = f"{TITLE} does not tell what we may do."
        return Diagnosis(state="warning", about=about, sentence=said)
    if book.privileges & _WRITES:
        return Diagnosis(state="ok", about=about, sentence="We may create and change contacts.")
    said = f"We may only look ({', '.join(sorted(book.privileges))})."
    remedy = "Let this login write to the address book, or name another one."
    return Diagnosis(state="error", about=about, sentence=said, remedy=remedy)


def _versions(book: Book) -> Diagnosis:
    if book.versions and not {"3.0", "4.0"} & set(book.versions):
        said = f"{TITLE} takes vCard {', '.join(book.versions)} alone; we write 3.0 and 4.0."
        return Diagnosis(state="error", about="vCard versions", sentence=said)
    said = f"New contacts are written as vCard {book.version}."
    return Diagnosis(state="ok", about="vCard versions", sentence=said)


def _changes(book: Book) -> Diagnosis:
    if book.offers("sync-collection"):
        return Diagnosis(state="ok", about="changes", sentence=f"{TITLE} tells what changed.")
    said = f"{TITLE} does not tell what changed (no sync-collection): every card's ETag is compared."
    return Diagnosis(state="warning", about="changes", sentence=said)


def _searching(search: Search, book: Book) -> Diagnosis:
    about = "search"
    try:
        doubts = [doubt for doubt in (search.doubt(book, "email"), search.doubt(book, "phone")) if doubt]
    except Refused as refused:
        doubts = [str(refused)]
    if not doubts:
        return Diagnosis(state="ok", about=about, sentence="The server's search finds what it was asked for.")
    remedy = "Nobody is created while it is not known who is there; ask the server's operator."
    return Diagnosis(state="error", about=about, sentence=" ".join(doubts), remedy=remedy)
