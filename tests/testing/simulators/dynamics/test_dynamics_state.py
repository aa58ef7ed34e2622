"""What the environment holds: rows, how they are found, and transactions that leave nothing behind."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.testing.simulators.dynamics.columns import make_ours
from firstcontact.testing.simulators.dynamics.quirks import Quirks
from firstcontact.testing.simulators.dynamics.refusals import Refusal
from firstcontact.testing.simulators.dynamics.state import State

IDS = ("a", "b", "c")
ROWS = st.fixed_dictionaries(
    {
        "lastname": st.sampled_from(["Ng", "ng ", "Roe", None]),
        "fc_key": st.sampled_from(["k1", "K1", "k2", None]),
    }
)
CHANGES = st.lists(st.tuples(st.sampled_from(IDS), st.none() | ROWS), max_size=12)


def carry_out(state: State, changes: list[Any]) -> None:
    """Puts rows, as far as their keys allow."""
    for id, row in changes:
        if row is None and state.get("contact", id) is None:
            continue
        with suppress(Refusal):
            state.put("contact", id, row and {"contactid": id, **row})


def held(state: State) -> Any:
    """Rows, and what each value and key finds, beside what a search through all rows finds."""
    rows = {id: {**row, "versionnumber": 0} for id, row in state.rows["contact"].items()}
    key = state.keys["contact"]["fc_keykey"]
    for name in ("Ng", "roe"):
        found = {row["contactid"] for row in state.with_value("contact", "lastname", name)}
        assert found == {
            id for id, row in rows.items() if state.folded(row["lastname"]) == state.folded(name)
        }
    for value in ("k1", "k2"):
        one = state.by_key("contact", key, {"fc_key": value})
        bearing = [id for id, row in rows.items() if state.folded(row["fc_key"]) == value]
        assert [one["contactid"]] == bearing if one is not None else bearing == []
    return rows, [id for _, id, _ in state.deleted["contact"]]


def fail(state: State, changes: list[Any]) -> None:
    """A transaction that comes to nothing."""
    with state.transaction():
        carry_out(state, changes)
        held(state)
        raise ZeroDivisionError


@given(CHANGES, CHANGES)
def test_a_transaction_that_fails_leaves_nothing(before: list[Any], changes: list[Any]) -> None:
    """Whatever was written in it, rows, indexes, keys and deletions are as they were."""
    state = State(lambda: 0, Quirks(), 0.0)
    make_ours(state)
    carry_out(state, before)
    was = held(state)
    with pytest.raises(ZeroDivisionError):
        fail(state, changes)
    assert held(state) == was
    carry_out(state, changes)
    held(state)
