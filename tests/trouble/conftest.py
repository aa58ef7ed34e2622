"""Firms at simulated CRMs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from trouble_firm import KINDS, Firm, firm_at

MakeFirm = Callable[..., Firm]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of CRM."""
    return str(request.param)


@pytest.fixture
def make_firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeFirm]:
    """Makes a firm at a kind of CRM: `make_firm("clio", lag=300)`."""
    with ExitStack() as stack:

        def make(kind: str, **more: Any) -> Firm:
            return stack.enter_context(firm_at(kind, tmp_path, monkeypatch, **more))

        yield make


@pytest.fixture
def firm(make_firm: MakeFirm, kind: str) -> Firm:
    """A firm at a CRM as it is documented."""
    return make_firm(kind)
