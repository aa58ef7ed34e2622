"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared measuring data: FIRSTCONTACT_SHARED, else `../shared` beside the checkout."""
    named = os.environ.get("FIRSTCONTACT_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data at {folder}; set FIRSTCONTACT_SHARED to measure against it")
    return folder
