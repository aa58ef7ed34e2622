"""The `criteria` of a search: `((Last_Name:equals:Ng)and(Company:starts_with:Ac))` (apis A4, "Lookup")."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from firstcontact.testing.simulators.zoho import times
from firstcontact.testing.simulators.zoho.errors import ZohoError
from firstcontact.testing.simulators.zoho.schema import Field, Module
from firstcontact.testing.simulators.zoho.state import Values

MOST = 10
MOST_IN = 100
_TEXTS = ("text", "textarea", "email", "phone", "website", "duration")
_EXACT = ("equals", "not_equal", "in")
_ORDER = ("greater_than", "greater_equal", "less_than", "less_equal", "between")
OPERATORS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_TEXTS, (*_EXACT, "starts_with")),
    "picklist": _EXACT,
    "boolean": ("equals", "not_equal"),
    **dict.fromkeys(("lookup", "ownerlookup"), _EXACT),
    **dict.fromkeys(("integer", "bigint", "double", "currency", "date", "datetime"), (*_EXACT, *_ORDER)),
}
"""By type, of the specification's table."""
_ALIKE = re.compile(r"[{}\[\]^:\-/!?*_@ ]+")
Test = Callable[[Values], bool]


class Comparison(msgspec.Struct, frozen=True):
    """One condition: `values` are what stands behind the operator."""

    field: str
    operator: str
    values: tuple[str, ...]


class Joined(msgspec.Struct, frozen=True):
    """Several, by `and` or `or`."""

    word: str
    parts: tuple[Comparison | Joined, ...]


def test_of(module: Module, text: str, alone: str) -> Test:
    """What the criteria demands of a record. alone: what `equals` is where it is the only condition
    (`contains` or `exact`). Raises ZohoError INVALID_QUERY, LIMIT_REACHED."""
    reader = _Reader(text)
    tree = reader.whole()
    if reader.count > MOST:
        raise _invalid("too many criteria", limit=MOST)
    return _test(module, tree, exact=reader.count == 1 and alone == "exact")


def alike(text: str) -> str:
    """A text as the search compares it: punctuation is as good as space (the specification)."""
    return _ALIKE.sub(" ", text.casefold()).strip()


def _invalid(reason: str, **details: Any) -> ZohoError:
    return ZohoError(400, "INVALID_QUERY", "Invalid query formed", {"reason": reason, **details})


class _Reader:
    """Recursive descent over the text; `count` is how many conditions there are."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self.count = 0

    def whole(self) -> Comparison | Joined:
        tree = self._group()
        self._skip()
        if self._place < len(self._text):
            raise _invalid("something follows the last bracket")
        return tree

    def _group(self) -> Comparison | Joined:
        self._need("(")
        self._skip()
        if not self._text.startswith("(", self._place):
            return self._comparison()
        parts, word = [self._group()], ""
        while not self._text.startswith(")", self._place):
            joined = self._word()
            if word and joined != word:
                raise _invalid("and with or needs brackets of its own")
            word = joined
            parts.append(self._group())
            self._skip()
        self._need(")")
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _word(self) -> str:
        self._skip()
        for word in ("and", "or"):
            if self._text[self._place : self._place + len(word)].lower() == word:
                self._place += len(word)
                return word
        raise _invalid("and or or is missing")

    def _comparison(self) -> Comparison:
        self.count += 1
        inner: list[str] = [""]
        while True:
            if self._place >= len(self._text):
                raise _invalid("a bracket is not closed")
            letter = self._text[self._place]
            self._place += 1
            if letter == ")":
                break
            if letter == "(":
                raise _invalid("a bracket in a value needs a backslash")
            if letter == "\\" and self._place < len(self._text):
                inner[-1] += self._text[self._place]
                self._place += 1
            elif letter == ",":
                inner.append("")
            else:
                inner[-1] += letter
        field, _, rest = inner[0].partition(":")
        operator, colon, first = rest.partition(":")
        if not colon:
            raise _invalid("a condition is field:operator:value")
        return Comparison(field.strip(), operator.strip(), (first, *inner[1:]))

    def _skip(self) -> None:
        while self._place < len(self._text) and self._text[self._place] == " ":
            self._place += 1

    def _need(self, sign: str) -> None:
        self._skip()
        if not self._text.startswith(sign, self._place):
            raise _invalid(f"{sign} is missing")
        self._place += 1


def _test(module: Module, tree: Comparison | Joined, exact: bool) -> Test:
    if isinstance(tree, Comparison):
        return _compared(module, tree, exact)
    tests = [_test(module, part, exact) for part in tree.parts]
    whole = all if tree.word == "and" else any
    return lambda values: whole(test(values) for test in tests)


def _compared(module: Module, one: Comparison, exact: bool) -> Test:
    field = module.fields.get(one.field)
    if field is None or field.type not in OPERATORS:
        raise _invalid(f"{one.field} cannot be searched")
    if one.operator not in OPERATORS[field.type]:
        raise _invalid(f"{field.type} fields are not compared so", operator=one.operator)
    most = {"in": MOST_IN, "between": 2}.get(one.operator, 1)
    if len(one.values) > most:
        raise _invalid("a comma in a value needs a backslash, or there are too many values")
    if field.type in _TEXTS:
        return _text(field, one, exact)
    wanted = [_kept(field, text.strip()) for text in one.values]
    return _plain(field, one.operator, wanted)


def _text(field: Field, one: Comparison, exact: bool) -> Test:
    """`equals` behaves like contains, but for a condition that is alone where the quirk says so (apis A4)."""
    wanted = [alike(text) for text in one.values]

    def test(values: Values) -> bool:
        known = alike(str(values.get(field.name) or ""))
        if one.operator == "starts_with":
            return known.startswith(wanted[0])
        if one.operator == "in":
            return known in wanted
        found = known == wanted[0] if exact or one.operator == "not_equal" else wanted[0] in known
        return found != (one.operator == "not_equal")

    return test


def _kept(field: Field, text: str) -> Any:
    try:
        if field.type == "datetime":
            return times.microseconds(text)
        if field.type == "date":
            return times.day(text)
        if field.type == "boolean":
            return {"true": True, "false": False}[text]
        if field.type in ("integer", "bigint", "double", "currency") and field.name != "id":
            return float(text)
    except (KeyError, ValueError):
        raise _invalid("the value is of another type", expected_data_type=field.type) from None
    return text


def _plain(field: Field, operator: str, wanted: list[Any]) -> Test:
    def test(values: Values) -> bool:
        found = values.get(field.name, False if field.type == "boolean" else None)
        if operator in ("equals", "in", "not_equal"):
            return (found in wanted) == (operator != "not_equal")
        if found is None:
            return False
        if operator == "between":
            return bool(wanted[0] <= found <= wanted[-1])
        compared: bool = {
            "greater_than": found > wanted[0],
            "greater_equal": found >= wanted[0],
            "less_than": found < wanted[0],
            "less_equal": found <= wanted[0],
        }[operator]
        return compared

    return test
