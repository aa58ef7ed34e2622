"""The only module that names concrete classes: which database, which CRM, which reader for which file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from firstcontact.config import Home
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import Delivery, Reading, ReadingContext
from firstcontact.connectors.files.detect import detect, first_bytes
from firstcontact.connectors.files.problems import FileProblem
from firstcontact.flow.clock import DAY, Clock, SystemClock
from firstcontact.flow.installation import Installation, Item, Reader
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.history import open_ledger
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import open_engine

LEDGER_FILE = "ledger.db"
ADDRESS_BOOK_FILE = "address_book.db"
RECURRENCE_BACK = 5 * 366 * DAY
RECURRENCE_AHEAD = 366 * DAY
"""How far back and ahead of now a series of meetings is read out."""

CONTACT_FORMATS = ("contacts-csv", "vcard")
"""Files that hold records for the address book instead of interactions."""


class Opened(msgspec.Struct, frozen=True):
    """An installation and the parts that the command line asks directly."""

    installation: Installation
    ledger: Ledger
    address_book: AddressBook


def open_installation(home: Home, *, folder: Path | None = None, clock: Clock | None = None) -> Opened:
    """The installation of a home folder; `folder`: where its databases are, if not there.

    Raises StoreProblem.
    """
    where = folder or home.folder
    ledger = open_ledger(open_engine(where / LEDGER_FILE))
    book = address_book(where / ADDRESS_BOOK_FILE, home.book)
    installation = Installation(book=home.book, ledger=ledger, crm=book, clock=clock or SystemClock())
    return Opened(installation, ledger, book)


def address_book(file: Path, settings: SettingsBook) -> AddressBook:
    """The built-in address book, whose users are the team. Raises StoreProblem."""
    from firstcontact.connectors.address_book.people import People

    book = AddressBook(open_engine(file), region=settings.team.region)
    people = People(book)
    have = {user.id for user in book.users()}
    for user in settings.team.users:
        if user.id not in have:
            email = user.emails[0] if user.emails else ""
            people.add("user", {"id": user.id, "name": user.name, "email": email, "active": True})
    return book


def context(settings: SettingsBook) -> ReadingContext:
    """What readers may know besides the bytes."""
    return ReadingContext(region=settings.team.region, timezone=settings.team.timezone)


def reader(settings: SettingsBook, now: int) -> Reader:
    """The reader for any delivery that came from a file, by its source."""
    from firstcontact.connectors.files.telephony import read_telephony

    about = context(settings)
    readers: dict[str, Callable[[Delivery], Reading]] = {
        "mbox": _read_mail,
        "eml": _read_mail,
        "maildir": _read_mail,
        "ics": lambda delivery: _read_calendar(delivery, about, now),
    }

    def read(delivery: Delivery) -> Reading:
        chosen = readers.get(delivery.source)
        return chosen(delivery) if chosen else read_telephony(delivery, about)

    return read


def _read_mail(delivery: Delivery) -> Reading:
    from firstcontact.formats.mail import read_mail

    found, rejected = read_mail(
        delivery.raw, source=delivery.source, place=delivery.place, captured_from=delivery.captured_from
    )
    return Reading(tuple(found), tuple(rejected))


def _read_calendar(delivery: Delivery, about: ReadingContext, now: int) -> Reading:
    from firstcontact.formats.calendar import read_calendar

    found, rejected = read_calendar(
        delivery.raw,
        region=about.region,
        timezone=about.timezone,
        window=(now - RECURRENCE_BACK, now + RECURRENCE_AHEAD),
        source=delivery.source,
    )
    if delivery.captured_from:
        found = tuple(
            msgspec.structs.replace(each, captured_from=(delivery.captured_from,)) for each in found
        )
    placed = tuple(
        msgspec.structs.replace(each, place=f"{delivery.place}: {each.place}") for each in rejected
    )
    return Reading(tuple(found), placed)


def format_of(path: Path) -> str:
    """The format of a file or Maildir by its beginning and name, "" where none fits. Raises FileProblem."""
    from firstcontact.connectors.files.calendar import looks_like_calendar
    from firstcontact.connectors.files.contacts import looks_like_contacts, looks_like_vcard
    from firstcontact.connectors.files.telephony import detect_telephony

    if path.is_dir():
        return detect(path)
    mail = detect(path)
    head = first_bytes(path)
    name = path.name.lower().removesuffix(".gz")
    if looks_like_calendar(head):
        return "ics"
    if looks_like_vcard(head):
        return "vcard"
    if mail:
        return mail
    telephony = detect_telephony(head, name)
    if telephony:
        return telephony
    return "contacts-csv" if looks_like_contacts(head, name) else ""


def file_items(path: Path, format: str, cursor: str, captured_from: str) -> Iterator[Item]:
    """The deliveries of one file after a cursor. Raises FileProblem."""
    from firstcontact.connectors.files.calendar import ics_deliveries
    from firstcontact.connectors.files.mail import eml_deliveries, maildir_deliveries, mbox_deliveries
    from firstcontact.connectors.files.telephony import telephony_deliveries

    match format:
        case "mbox":
            return mbox_deliveries(path, cursor, captured_from)
        case "eml":
            return eml_deliveries(path, cursor, captured_from)
        case "maildir":
            return maildir_deliveries(path, cursor, captured_from)
        case "ics":
            return ics_deliveries(path, cursor, captured_from)
        case "":
            raise FileProblem(
                f"{path}: this is no mailbox, calendar, call log or contact list that can be read. Formats: "
                "docs/reference/formats.md"
            )
        case _:
            return telephony_deliveries(path, format, cursor, captured_from)


def files_under(path: Path) -> Iterator[Path]:
    """The path itself where it is a file or a Maildir; else everything inside the folder, by name.

    Hidden files are left out. Raises FileProblem where there is nothing of that name.
    """
    if not path.exists():
        raise FileProblem(f"{path}: there is no such file or folder.")
    if not path.is_dir() or detect(path):
        yield path
        return
    for inside in sorted(path.iterdir()):
        if not inside.name.startswith("."):
            yield from files_under(inside)
