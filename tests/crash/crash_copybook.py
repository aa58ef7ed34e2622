"""A kind of CRM for the commands that are killed: an address book in a file beside the home, behind a login.

Files beside it are its habits: `refuse`, it gives no token; `lapsed`, it takes none; `old`, the next one ends
at once. Where it is, `AT` says, since the folder of everything is copied for each case.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firstcontact.connectors import kinds
from firstcontact.connectors.address_book.capabilities import CAPABILITIES
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import (
    Asked,
    AuthLapsed,
    CrmKind,
    Diagnosis,
    Login,
    Opening,
    TryAgain,
)
from firstcontact.connectors.toolkit.tokens import Tokens
from firstcontact.store.engine import open_engine

KEY = "copybook-k3y"
AT = Path()


class Copybook:
    """The connector: an address book, asked with a token."""

    def __init__(self, opening: Opening) -> None:
        self.connection = opening.connection
        self._at = AT
        self._opening = opening
        self._tokens = Tokens(opening.credentials, self._renew, opening.now)
        self._book: AddressBook | None = None

    def capabilities(self) -> Any:
        """The built-in address book's."""
        return CAPABILITIES

    @property
    def book(self) -> AddressBook:
        """What is behind it, without a login."""
        if self._book is None:
            self._book = AddressBook(open_engine(self._at / "copybook.db"), region="US")
        return self._book

    def examine(self) -> Sequence[Diagnosis]:
        """Whether the field is there."""
        self._tokens.kept()
        there = (self._at / "field").exists()
        return [Diagnosis(state="ok" if there else "error", about="field", sentence=f"There: {there}.")]

    def prepare(self) -> Sequence[str]:
        """Make the field."""
        if (self._at / "field").exists():
            return ()
        (self._at / "field").touch()
        return ("Made the field.",)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*arguments: Any) -> Any:
            if (self._at / "lapsed").exists() and name == "apply":
                raise AuthLapsed("The copybook takes no token.")
            self._tokens.kept()
            return getattr(self.book, name)(*arguments)

        return ask

    def _renew(self, kept: Mapping[str, str]) -> Mapping[str, str]:
        if (self._at / "refuse").exists():
            raise TryAgain("The copybook gives no token now.", 0.01)
        ends = self._opening.now() + 3_600_000_000
        if (self._at / "old").exists():
            (self._at / "old").unlink()
            ends = 1
        return {"access_token": f"for {kept['api_key']} of {os.urandom(4).hex()}", "expires_at": str(ends)}


KIND = CrmKind(
    capabilities=CAPABILITIES,
    open=Copybook,
    logins=(Login(name="key", meaning="a key", asks=(Asked(name="api_key", meaning="Key"),)),),
)


@contextmanager
def installed() -> Iterator[None]:
    """While it lasts, the program knows this kind as a plugin's, and the key is in the environment."""
    before = kinds.kind
    kinds.kind = lambda name: KIND if name == "copybook" else before(name)  # type: ignore[assignment]
    os.environ["FIRSTCONTACT_API_KEY"] = KEY
    yield
    kinds.kind = before
