"""Custom fields of ours in a CRM: which are there, and making those that are not; and what may be read there,
as `doctor` says it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import msgspec

from firstcontact.connectors.contract import Diagnosis, Rejected, TryAgain
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost

_KNOWN_FOR = 600_000_000


class CustomField(msgspec.Struct, frozen=True):
    """A custom field of contacts as the firm has it."""

    id: str
    name: str
    type: str
    required: bool = False


class OwnFields:
    """The firm's custom fields of contacts, remembered for ten minutes; for long while ours are all there.
    Safe to use from several threads. Its methods raise what `read` and `make` do.

    wanted: types of ours by name. read: all that there are. make: makes one, by name and type.
    """

    def __init__(
        self,
        wanted: Mapping[str, str],
        read: Callable[[], list[CustomField]],
        make: Callable[[str, str], object],
        now: Callable[[], int],
    ) -> None:
        self.wanted = wanted
        self._read = read
        self._make = make
        self._now = now
        self._lock = threading.Lock()
        self._known: tuple[int, dict[str, CustomField]] | None = None

    def ours(self) -> dict[str, CustomField]:
        """Those of ours that are there with the right type, by name."""
        with self._lock:
            known = self._known
            if known is None or (len(known[1]) < len(self.wanted) and self._now() >= known[0] + _KNOWN_FOR):
                found = {
                    field.name: field for field in self._read() if self.wanted.get(field.name) == field.type
                }
                known = self._known = (self._now(), found)
            return known[1]

    def forget(self) -> None:
        """They have changed: they are read again when next needed."""
        with self._lock:
            self._known = None

    def all(self) -> list[CustomField]:
        """Every custom field of contacts, asked for now."""
        return self._read()

    def make(self, name: str) -> None:
        """Make one of ours."""
        self._make(name, self.wanted[name])
        self.forget()


def examined(
    there: Iterable[CustomField], wanted: Mapping[str, str], needed: str, title: str
) -> Iterator[Diagnosis]:
    """One diagnosis for each field of ours. needed: that without which no contact is made."""
    named = {field.name: field for field in there}
    for name, type in wanted.items():
        about, field = f"custom field {name!r}", named.get(name)
        if field is not None and field.type == type:
            yield Diagnosis(state="ok", about=about, sentence="It is there.")
            continue
        sentence = "It is not there" + ("; without it no contact is made." if name == needed else ".")
        remedy = "firstcontact doctor --fix makes it."
        if field is not None:
            sentence = f"It is a {field.type}, and has to be a {type}."
            remedy = f"Rename or delete it in {title}; firstcontact doctor --fix makes another."
        yield Diagnosis(
            state="error" if name == needed else "warning", about=about, sentence=sentence, remedy=remedy
        )


def prepared(fields: OwnFields, refused: type[Exception]) -> list[str]:
    """Makes our fields that are missing; a sentence for each. refused: what the CRM's no is raised as.
    Raises TryAgain, AuthLapsed, Rejected."""
    try:
        there = {(field.name, field.type) for field in fields.all()}
        made: list[str] = []
        for name, type in fields.wanted.items():
            if (name, type) not in there:
                fields.make(name)
                made.append(f"Made the custom field {name!r} of contacts.")
    except refused as no:
        raise Rejected(str(no)) from no
    except Lost as lost:
        raise TryAgain(f"{lost} Look again what is there.", AFTER_TROUBLE) from lost
    finally:
        fields.forget()
    return made


def permitted(
    needed: Mapping[str, str],
    optional: Collection[str],
    ask: Callable[[str], object],
    refused: type[Exception],
    remedy: Callable[[str], str],
) -> Iterator[Diagnosis]:
    """What may be read is tried, one diagnosis each; what may be written shows with the first write.

    needed: what is read, and what follows where it may not be. optional: where less works without. ask: reads
    a little of it. refused: what the CRM's no is raised as.
    """
    for resource, follows in needed.items():
        about = f"permission for {resource}"
        try:
            ask(resource)
        except refused as no:
            yield Diagnosis(
                state="warning" if resource in optional else "error",
                about=about,
                sentence=f"{no}; so {follows}.",
                remedy=remedy(resource),
            )
        else:
            yield Diagnosis(state="ok", about=about, sentence=f"{resource} can be read.")
