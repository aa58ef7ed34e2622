"""The only module that names concrete classes: which database, which CRM, which reader for which file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import msgspec
from sqlalchemy import Engine

from firstcontact.boundaries import Boundary, crossing
from firstcontact.config import busy_seconds, key_file, password_of, titles_of
from firstcontact.connectors import kinds
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.tables import HISTORY as ADDRESS_BOOK
from firstcontact.connectors.contract import (
    Credentials,
    Crm,
    CrmKind,
    Delivery,
    Opening,
    Option,
    Reading,
    ReadingContext,
)
from firstcontact.connectors.files.detect import detect, first_bytes
from firstcontact.connectors.files.problems import FileProblem, cannot_read
from firstcontact.connectors.files.unknown import unknown_format
from firstcontact.flow.clock import DAY, MINUTE, Clock, SystemClock
from firstcontact.flow.installation import Installation, Item, Reader
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.read_only import ReadOnly, make_read_only
from firstcontact.homes import claim, copy_to_files
from firstcontact.interactions.nul import without_nul
from firstcontact.lanes import credentials as logins
from firstcontact.lanes.credentials import KeptCredentials
from firstcontact.lanes.pacing import Pacing, paced
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.erased import SEALED_AS, Erased
from firstcontact.ledger.history import HISTORY as LEDGER
from firstcontact.ledger.history import open_ledger
from firstcontact.operating.memory import one_arena
from firstcontact.operating.watch import SILENT, Watch
from firstcontact.operating.watched_crm import WatchedCrm
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.setting import Problem, SettingsProblem, unknown_key
from firstcontact.settings_text import ADDRESS_BOOK as OWN_KIND
from firstcontact.settings_text import Connection, Home, StoreAt, read_book
from firstcontact.store.engine import BUSY_SECONDS, open_engine
from firstcontact.store.migrations import Side
from firstcontact.store.problems import StoreProblem, problem_of

LEDGER_FILE = "ledger.db"
ADDRESS_BOOK_FILE = "address_book.db"
RECURRENCE_BACK = 5 * 366 * DAY
RECURRENCE_AHEAD = 366 * DAY
"""How far back and ahead of now a series of meetings is read out."""

POLL_EVERY = MINUTE
"""A CRM is asked no more often than this what changed in it."""

_NUL = (b"\0", b"\\u0000")
"""How a NUL character stands in mails and calendars, and in JSON."""

CONTACT_FORMATS = ("contacts-csv", "vcard")
"""Files that hold records for the address book instead of interactions."""


class Opened(msgspec.Struct, frozen=True):
    """An installation and the parts that the command line asks directly. connector: the CRM as its connector
    made it, with nothing in front. own: the built-in address book, None where another CRM is connected."""

    installation: Installation
    ledger: Ledger
    connector: Crm
    own: AddressBook | None

    @property
    def address_book(self) -> AddressBook:
        """The built-in address book, for what only that can. Raises FlowProblem where it is not in use."""
        if self.own is None:
            crm = self.installation.crm
            raise FlowProblem(
                f"The contacts are in {crm.capabilities().title} (connection {crm.connection}): this works "
                "with the built-in address book only."
            )
        return self.own


def open_installation(
    home: Home, *, folder: Path | None = None, clock: Clock | None = None, watch: Watch = SILENT
) -> Opened:
    """The installation of a home folder. Without a CRM connection in the settings it works with the built-in
    address book. folder: where copies of its databases are, for a trial: no other CRM is written to then.

    Raises StoreProblem, SettingsProblem, FlowProblem.
    """
    connection = the_connection(home)
    of_ledger, of_book = sides(folder or home.folder, StoreAt() if folder else home.store)
    ledger = open_ledger(of_ledger.engine)
    ledger.erased = Erased(key_file(home.folder))
    claim(home.folder, ledger.engine, shared=bool(home.store.url) and folder is None)
    clock = clock or SystemClock()
    own = address_book(of_book.engine, home.book) if connection is None else None
    crm: Crm
    connector: Crm
    read_only = connection is not None and (connection.read_only or folder is not None)
    if connection is not None:
        # A trial's copy of the ledger is thrown away; the login and the limits are still everybody's.
        shared = ledger if folder is None else open_ledger(sides(home.folder, home.store)[0].engine)
        connector = open_crm(home, connection, shared, clock, watch)
        crm = WatchedCrm(connector, watch)
        crm = ReadOnly(crm) if read_only else crm
    else:
        assert own is not None
        connector = own
        crm = paced(WatchedCrm(own, watch), ledger, own, watch)
    installation = Installation(
        book=home.book.with_crm_users(connection.users) if connection is not None else home.book,
        ledger=ledger,
        crm=crm,
        clock=clock,
        reader=_reader(home.book, clock),
        watch=watch,
        indexed=connection is not None,
        poll_every=POLL_EVERY if connection is not None else 0,
        titles=titles_of(home.folder),
        read_settings=lambda text: read_book(tomllib.loads(text)),
    )
    installation.keep_settings(home.text)
    if read_only:
        make_read_only(ledger, crm.connection, clock.now())
    return Opened(installation, ledger, connector, own)


def open_to_work(home: Home, watch: Watch) -> Opened:
    """As `open_installation`, for workers: on a machine that has not got the key of the login, nothing is
    begun. Raises KeyProblem, OSError, too."""
    one_arena()
    opened = open_installation(home, watch=watch)
    for sealed in (opened.connector.connection, SEALED_AS):
        logins.check(opened.ledger, key_file(home.folder), sealed)
    return opened


# --- CRM connections -----------------------------------------------------------------------------


def the_connection(home: Home) -> Connection | None:
    """The connection that the installation works with, None for the built-in address book.

    Raises FlowProblem where there are several, or one of a kind that no connection can be opened to.
    """
    named = [each for each in home.connections.values() if each.kind not in ("", OWN_KIND)]
    if len(named) > 1:
        names = ", ".join(f"[connection.{each.name}]" for each in named)
        raise FlowProblem(
            f"{home.path} names several CRM connections: {names}. This version works with one at a time; "
            "take the others away, or give each a home of its own (--home)."
        )
    for each in named:
        kind_of(home, each)
    return named[0] if named else None


def kind_of(home: Home, connection: Connection) -> CrmKind:
    """The kind of a connection. Raises SettingsProblem, with its line, where there is no connector for it."""
    try:
        return kinds.kind(connection.kind)
    except (kinds.UnknownKind, kinds.NotConnected) as error:
        place = ("connection", connection.name, "kind")
        raise SettingsProblem(
            home.place((Problem(sentence=str(error), key=f"connection.{connection.name}", place=place),))
        ) from None


def options_of(home: Home, connection: Connection) -> dict[str, str | int | bool]:
    """The options of a connection, checked against those of its kind and with defaults. Raises
    SettingsProblem, with the line of each problem."""
    known = kind_of(home, connection).options
    chosen: dict[str, str | int | bool] = {name: option.default for name, option in known.items()}
    problems: list[Problem] = []
    place = ("connection", connection.name, "options")
    for name, value in connection.options.items():
        sentence = _option_problem(known, name, value)
        if sentence:
            problems.append(Problem(sentence=sentence, key=name, place=(*place, name)))
        elif isinstance(value, str | int | bool):
            chosen[name] = value
    for name, option in known.items():
        if option.required and not connection.options.get(name):
            sentence = f"the option `{name}` is missing: {option.meaning}"
            problems.append(Problem(sentence=sentence, key=name, place=place[:2]))
    if problems:
        raise SettingsProblem(home.place(tuple(problems)))
    return chosen


def _option_problem(known: Mapping[str, Option], name: str, value: object) -> str:
    """What is wrong with the option, "" where nothing is."""
    if name not in known:
        return unknown_key(name, known, "option")
    option = known[name]
    if type(value) is not type(option.default):
        is_to_be = {str: "a text", int: "a number", bool: "true or false"}[type(option.default)]
        return f"`{name}` is {is_to_be}: {option.meaning}"
    if option.choices and value not in option.choices:
        return f"`{name}` is one of {', '.join(option.choices)}"
    return ""


def open_crm(
    home: Home,
    connection: Connection,
    ledger: Ledger,
    clock: Clock,
    watch: Watch = SILENT,
    login: Credentials | None = None,
) -> Crm:
    """The connector of a connection, given its login and its limits; no request is made. login: one that is
    tried, instead of what is kept. Raises SettingsProblem."""
    kind = kind_of(home, connection)
    return kind.open(
        Opening(
            connection=connection.name,
            options=options_of(home, connection),
            credentials=login or credentials_of(home, connection.name, ledger),
            pace=Pacing(ledger, connection.name, kind.capabilities, watch),
            region=home.book.team.region,
            now=clock.now,
        )
    )


def credentials_of(home: Home, connection: str, ledger: Ledger) -> KeptCredentials:
    """What the connection logs in with."""
    return KeptCredentials(ledger, key_file(home.folder), connection)


def sides(home: Path, at: StoreAt, password: Callable[[], str] | None = None) -> tuple[Side, Side]:
    """The databases of ledger and address book at this place, not opened yet.

    password: for PostgreSQL, if not from the file that `at` names. Raises StoreProblem.
    """
    wait = busy_seconds()
    wait = BUSY_SECONDS if wait is None else wait
    if at.url:
        password = password or password_of(home, at)
        ledger, book = (
            open_engine(at.url, busy_seconds=wait, schema=history.schema, password=password)
            for history in (LEDGER, ADDRESS_BOOK)
        )
    else:
        where = home / at.folder
        if not where.is_dir():
            raise StoreProblem("unreachable", str(where), "there is no such folder")
        ledger, book = (
            open_engine(where / name, busy_seconds=wait) for name in (LEDGER_FILE, ADDRESS_BOOK_FILE)
        )
    return Side(LEDGER, ledger), Side(ADDRESS_BOOK, book)


def copy_databases(home: Home, to: Path) -> None:
    """Copies of the home's databases in files, as they are at one moment, for a trial.

    Raises StoreProblem.
    """
    import sqlite3

    both = sides(home.folder, home.store)
    if home.store.url:
        copy_to_files(both, {"ledger": to / LEDGER_FILE, "address_book": to / ADDRESS_BOOK_FILE})
        return
    for name in (LEDGER_FILE, ADDRESS_BOOK_FILE):
        path = home.folder / home.store.folder / name
        if not path.exists():
            continue
        try:
            with (
                crossing(Boundary.COPY_FOR_TRIAL),
                closing(sqlite3.connect(path)) as source,
                closing(sqlite3.connect(to / name)) as target,
            ):
                source.backup(target)
        except sqlite3.Error as error:
            problem = problem_of(error, str(path))
            raise problem or StoreProblem("damaged", str(path), str(error)) from error


def address_book(where: Engine | Path, settings: SettingsBook) -> AddressBook:
    """The built-in address book, whose users are the team. Raises StoreProblem."""
    from firstcontact.connectors.address_book.people import People

    engine = open_engine(where) if isinstance(where, Path) else where
    book = AddressBook(engine, region=settings.team.region)
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
        reading = chosen(delivery) if chosen else read_telephony(delivery, about)
        return without_nul(reading) if any(each in delivery.raw for each in _NUL) else reading

    return read


def _reader(settings: SettingsBook, clock: Clock) -> Reader:
    """The reader of stored deliveries, whenever they are understood."""
    return lambda delivery: reader(settings, clock.now())(delivery)


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
    try:
        head = first_bytes(path)
    except OSError as error:
        raise cannot_read(path, error) from None
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
    """The deliveries of one file after a cursor, in a format that `format_of` gave. Raises FileProblem."""
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
        case _:
            return telephony_deliveries(path, format, cursor, captured_from)


class FoundFile(msgspec.Struct, frozen=True):
    """A file or Maildir to import.

    format: "" where it is of none that is known; then, as where it cannot be read, `problem` says why.
    named: a person named this very file, not a folder around it. readable: the system gives it to us.
    """

    path: Path
    format: str
    problem: str = ""
    named: bool = True
    readable: bool = True


def files_under(path: Path) -> Iterator[FoundFile]:
    """The path itself where it is a file or a Maildir; else everything inside the folder, by name.

    Hidden files are left out; folders that are only linked from inside a folder are not entered, so that no
    link leads in circles. Never raises for what is in the way.
    """
    yield from _files_under(path, True)


def _files_under(path: Path, named: bool) -> Iterator[FoundFile]:
    try:
        path.stat()
        if not path.is_dir() or detect(path):
            format = format_of(path)
            problem = "" if format else unknown_format(path)
            yield FoundFile(path, format, problem, named)
            return
        if path.is_symlink() and not named:
            yield FoundFile(path, "", f"{path}: this is a link to another folder; name it to read it.", named)
            return
        inside = sorted(path.iterdir())
    except FileProblem as problem:
        yield FoundFile(path, "", str(problem), named, readable=False)
        return
    except OSError as error:
        yield FoundFile(path, "", str(_no_access(path, error)), named, readable=False)
        return
    for each in inside:
        if not each.name.startswith("."):
            yield from _files_under(each, False)


def _no_access(path: Path, error: OSError) -> FileProblem:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return FileProblem(f"{path}: this is a link to a file that is not there.")
    return cannot_read(path, error)
