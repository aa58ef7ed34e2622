"""Every call of the CRM is told, and none is changed by it."""

from __future__ import annotations

from typing import Any

import pytest
from watched_firm import Firm

from firstcontact.connectors.contract import (
    AuthLapsed,
    Crm,
    Exists,
    MovedTo,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.operating.watch import SILENT, Watch, timed
from firstcontact.operating.watched_crm import WatchedCrm, answer_of
from firstcontact.planning.write import Receipt

METHODS = {
    name for name in dir(Crm) if not name.startswith("_") and callable(getattr(Crm, name))
} - {"capabilities"}  # fmt: skip


class _Remembering:
    """A watch that remembers calls and stages."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str, int]] = []
        self.stages: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(SILENT, name)

    def call(self, connection: str, method: str, answer: str, seconds: float, items: int) -> None:
        assert 0 <= seconds < 10
        self.calls.append((connection, method, answer, items))

    def stage(self, connection: str, stage: str, items: int, seconds: float, cpu: float) -> None:
        assert connection == "clio"
        assert seconds >= cpu - 0.01
        self.stages.append((stage, items))


class _Answering:
    """A CRM that gives one answer, or raises it, whatever it is asked."""

    connection = "clio"

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        def method(*_: Any) -> Any:
            if isinstance(self._answer, Exception):
                raise self._answer
            return self._answer

        return method


def _ask(crm: Crm, method: str) -> Any:
    arguments: dict[str, tuple[Any, ...]] = {
        "users": (),
        "size": (),
        "accounts": (["a.example"], ["+14155550123"]),
        "changed_since": ("",),
    }
    return getattr(crm, method)(*arguments.get(method, (["one", "two"],)))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_each_method_is_told_and_its_answer_handed_on(method: str) -> None:
    """A method's answer is the CRM's own object, and the call is told with how much was asked."""
    watch = _Remembering()
    answer: list[Any] = []
    assert _ask(WatchedCrm(_Answering(answer), watch), method) is answer
    items = {"users": 0, "size": 0, "changed_since": 0}.get(method, 2)
    assert watch.calls == [("clio", method, "ok", items)]


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize(
    ("error", "named"),
    [
        (TryAgain("later"), "try_again"),
        (AuthLapsed("gone"), "auth_lapsed"),
        (Unclear("?", "key"), "unclear"),
        (RuntimeError("bug"), "failed"),
    ],
)
def test_what_a_method_raises_is_told_and_goes_on(method: str, error: Exception, named: str) -> None:
    """An error is the CRM's own object too, and told by its name; one outside the contract is `failed`."""
    watch = _Remembering()
    with pytest.raises(type(error)) as raised:
        _ask(WatchedCrm(_Answering(error), watch), method)
    assert raised.value is error
    assert [(call[1], call[2]) for call in watch.calls] == [(method, named)]


@pytest.mark.parametrize(
    ("outcomes", "named"),
    [
        ([Receipt("a", "1", created=True, at=1)], "ok"),
        ([], "ok"),
        ([Receipt("a", "1", created=True, at=1), Rejected("no")], "rejected"),
        ([Rejected("no"), TryAgain("later")], "try_again"),
        ([TryAgain("later"), Unclear("?", "b")], "unclear"),
        ([Exists("there", "contact", "1")], "exists"),
        ([MovedTo("there", "contact", "1")], "moved"),
    ],
)
def test_a_call_of_many_writes_is_told_by_its_worst_answer(outcomes: list[Any], named: str) -> None:
    """`apply` is one call, however many writes it carries, and counts by the most serious answer."""
    watch = _Remembering()
    assert WatchedCrm(_Answering(outcomes), watch).apply([]) is outcomes
    assert [call[2] for call in watch.calls] == [named]


def test_it_is_a_crm(firm: Firm) -> None:
    """What is watched satisfies the contract's protocol, and has the CRM's name and capabilities."""
    book = firm.opened.address_book
    crm = WatchedCrm(book, SILENT)
    assert isinstance(crm, Crm)
    assert crm.connection == book.connection
    assert crm.capabilities() == book.capabilities()
    assert answer_of(None) == "ok"


def test_a_batch_is_timed_also_where_it_fails() -> None:
    """A stage is told with its items, and an error goes on after it was told."""
    watch = _Remembering()
    looking: Watch = watch
    with timed(looking, "clio", "decide") as batch:
        batch.items = 5
    with pytest.raises(ValueError), timed(looking, "clio", "understand"):
        raise ValueError
    assert watch.stages == [("decide", 5), ("understand", 0)]
