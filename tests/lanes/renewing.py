"""A worker in a process of its own that renews a login, for `test_credentials`."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Mapping
from pathlib import Path

from firstcontact.lanes.credentials import KeptCredentials
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import open_engine

LOGIN = {"login": "browser", "client_secret": "s3cret-of-the-app", "access_token": "first"}


def renew_at_once(where: str, ring: str, asked: str, answers: multiprocessing.Queue[str], go: object) -> None:
    """Renews when told to go; writes an `x` for each time that the vendor is asked."""

    def renew(_: Mapping[str, str]) -> Mapping[str, str]:
        with open(asked, "a") as file:
            file.write("x")
        time.sleep(0.3)
        return {"access_token": "second"}

    mine = KeptCredentials(open_ledger(open_engine(where)), Path(ring), "office")
    go.wait()  # type: ignore[attr-defined]
    answers.put(mine.renew(LOGIN, renew)["access_token"])
