"""Addresses, or numbers, of a contact over the fields that a CRM has for them.

Most CRMs have a few fields that hold one each, and a text field of ours takes what is left. A value is known
by its handles, however it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.toolkit.fields import with_new, without_handles
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.planning.write import ContactFields

Values = tuple[str, ...]


class Places:
    """What stands where, and what is to stand where.

    held: the values of each field that there is, the main one's first. several: the field of ours that holds
    more than one; "" where there is none. separator: what stands between them. length: how much a field
    takes, 0 for anything; measure: how long a CRM finds a text. region: where numbers are read. title: the
    CRM's name in sentences.
    """

    def __init__(
        self,
        held: Mapping[str, Sequence[str]],
        *,
        several: str,
        separator: str,
        length: Callable[[str], int],
        region: str,
        title: str,
        measure: Callable[[str], int] = len,
    ) -> None:
        self._before = {name: tuple(values) for name, values in held.items()}
        self._held = dict(self._before)
        self._several = several if several in held else ""
        self._named = several
        self._separator = separator
        self._length = length
        self._measure = measure
        self._region = region
        self._title = title

    def all(self) -> Values:
        """All values, each once, the main field's first."""
        return tuple(dict.fromkeys(value for values in self._held.values() for value in values))

    def take_off(self, values: Iterable[str]) -> None:
        """These stand nowhere any more."""
        gone = tuple(values)
        if gone:
            self._held = {
                name: without_handles(present, gone, self._region) for name, present in self._held.items()
            }

    def add(self, values: Iterable[str], places: Iterable[str]) -> None:
        """Those that are not there yet, each into the first of these fields that is empty and takes it, else
        into the one for several. Raises Rejected where there is no room."""
        present = self.all()
        new = with_new(present, values, self._region)[len(present) :]
        free = [name for name in places if name in self._held and not self._held[name]]
        further = list(self._held.get(self._several, ()))
        before = len(further)
        for value in new:
            place = next((name for name in free if self._fits(name, value)), "")
            if place:
                free.remove(place)
                self._held[place] = (value,)
            else:
                further.append(value)
        if len(further) == before:
            return
        if not self._several or not self._fits(self._several, self._separator.join(further)):
            words = f"{self._title} has no room for {', '.join(further[before:])}."
            raise Rejected(words, (self._named,))
        self._held[self._several] = tuple(further)

    def mark(self, values: Iterable[str], place: str) -> None:
        """The first of these that is there, and not in this field, stands in it too, if the field is empty:
        a number that is now known to be a mobile one. Out of the field for several it moves."""
        if self._held.get(place, ("",)):
            return
        for value in values:
            for name, present in self._held.items():
                rest = without_handles(present, (value,), self._region)
                same = tuple(one for one in present if one not in rest)
                if same and self._fits(place, same[0]):
                    self._held[place] = same[:1]
                    if name == self._several:
                        self._held[name] = rest
                    return

    def lead_with(self, value: str, main: str) -> None:
        """This one stands in the main field, and what stood there stands where it was. One that the field
        does not take stays, or is added, elsewhere. Raises Rejected where there is no room."""
        if not self._fits(main, value) or main not in self._held:
            self.add((value,), ())
            return
        former = self._held[main]
        if without_handles(former, (value,), self._region) != former:
            return
        for name, present in self._held.items():
            rest = without_handles(present, (value,), self._region)
            if rest != present:
                self._held[main] = tuple(one for one in present if one not in rest)[:1]
                if self._fits(name, self._separator.join((*former, *rest))):
                    self._held[name] = (*former, *rest)
                else:
                    self._held[name] = rest
                    self.add(former, ())
                return
        self._held[main] = (value,)
        self.add(former, ())

    def promote(self, main: str) -> None:
        """Where the main field is empty, the first of the values in the one for several stands in it."""
        further = self._held.get(self._several, ())
        if self._held.get(main, ("",)) or not further:
            return
        value = next((one for one in further if self._fits(main, one)), "")
        if value:
            self._held[main] = (value,)
            self._held[self._several] = tuple(one for one in further if one != value)

    def changes(self) -> dict[str, str | None]:
        """The fields that are otherwise than before, as text; None for one that is empty now."""
        return {
            name: self._separator.join(values) or None
            for name, values in self._held.items()
            if values != self._before[name]
        }

    def _fits(self, name: str, text: str) -> bool:
        room = self._length(name)
        return not room or self._measure(text) <= room


class Order(NamedTuple):
    """Into which fields what is new goes, the first empty one first. main: the field of the main address;
    mobile: the one for mobile numbers."""

    phones: tuple[str, ...]
    mobile: str
    emails: tuple[str, ...]
    main: str


def reached(fields: ContactFields, numbers: Places, addresses: Places, order: Order) -> dict[str, Any]:
    """What becomes of the fields with numbers and addresses by an update. Raises Rejected where there is no
    room."""
    numbers.take_off(fields.without_phones)
    mobiles = [clean(one) for one in fields.mobiles]
    numbers.mark(mobiles, order.mobile)
    numbers.add(mobiles, (order.mobile, *order.phones))
    numbers.add([clean(one) for one in fields.phones], order.phones)
    addresses.take_off(fields.without_emails)
    addresses.add([clean(one) for one in fields.emails], order.emails)
    if fields.main_email:
        addresses.lead_with(clean(fields.main_email), order.main)
    if fields.without_emails:
        addresses.promote(order.main)
    return {**numbers.changes(), **addresses.changes()}
