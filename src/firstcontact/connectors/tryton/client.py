"""Tryton's JSON-RPC, version 8.2: methods called on a database, with a session that is renewed once for all.

Every call is a POST to `/<database>/rpc/` with exactly `id`, `method` and `params`; then Tryton answers its
own refusals with 200 and an `error`. One call is one transaction: what is refused has not happened.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from firstcontact.connectors.contract import (
    AuthLapsed,
    ConnectorError,
    Credentials,
    Pace,
    Rejected,
    TryAgain,
)
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Answer, Http, Lost
from firstcontact.connectors.toolkit.tokens import Tokens

TITLE = "Tryton"
CONTEXT: Mapping[str, Any] = {"language": "en"}
"""Of every call: refusals come in one language."""
WITH_INACTIVE: Mapping[str, Any] = {**CONTEXT, "active_test": False}
"""Of calls that see deactivated records too."""

_WARNINGS = 3
"""How many warnings of one run are taken as read."""
_NO_JSON = f"What answered is not {TITLE}."
_QUOTED_FIELD = re.compile(r'for field "([^"]+)"')
_BARE_NAME = re.compile(r"'(\w+)'")
_TRANSIENT = ("database is locked", "could not serialize", "deadlock detected", "could not obtain lock")


class Refused(ConnectorError):
    """Tryton refused a call with a sentence for people (`UserError`, `UserWarning`), or failed within it; in
    both cases its transaction was rolled back. Never leaves the connector.

    fields: names or labels of the fields it names. missing: the model or field is not there at all. warning:
    the name under which a person would say that they have read it; "" where it is no warning.
    """

    def __init__(
        self, sentence: str, fields: tuple[str, ...] = (), *, missing: bool = False, warning: str = ""
    ) -> None:
        super().__init__(sentence)
        self.fields = fields
        self.missing = missing
        self.warning = warning

    def rejected(self) -> Rejected:
        """As the outcome of a write."""
        return Rejected(str(self), self.fields)


class Client:
    """Calls to one database. Safe to use from several threads."""

    def __init__(
        self, address: str, database: str, credentials: Credentials, pace: Pace, now: Callable[[], int]
    ) -> None:
        """address: `https://tryton.example/`, as far as before the database's name."""
        base = address.rstrip("/") + "/"
        self._database = database
        self._path = f"{quote(database, safe='')}/rpc/"
        self._plain = Http(TITLE, base, pace=pace)
        self._tokens = Tokens(credentials, self._log_in, now, scheme="Session")
        self._http = Http(TITLE, base, auth=self._tokens, pace=pace)

    def read(self, method: str, *given: Any, context: Mapping[str, Any] = CONTEXT) -> Any:
        """Call a method that changes nothing. Raises Refused, TryAgain, AuthLapsed."""
        request = _request(f"model.{method}", *given, context)
        answer = self._http.read("POST", self._path, json=request)
        try:
            return self._result(answer)
        except ValueError:
            raise TryAgain(_NO_JSON, AFTER_TROUBLE) from None

    def write(self, method: str, *given: Any, context: Mapping[str, Any] = CONTEXT) -> Any:
        """Call a method that changes something. Raises Refused, TryAgain, AuthLapsed; toolkit.http.Lost where
        it may have happened."""
        return self._call(f"model.{method}", *given, context)

    def run(
        self,
        wizard: str,
        state: str,
        given: Mapping[str, Any],
        to: str,
        context: Mapping[str, Any] = CONTEXT,
    ) -> None:
        """Run a wizard (`party.replace`) with what its first page asks, as far as the state `to`; the few
        warnings that it shows are taken as read. Raises what `write` raises."""
        session, *_ = self._call(f"wizard.{wizard}.create", context)
        for left in reversed(range(_WARNINGS + 1)):
            try:
                self._call(f"wizard.{wizard}.execute", session, {state: given}, to, context)
                break
            except Refused as refused:
                if not refused.warning or not left:
                    raise
                self.write("res.user.warning.skip", refused.warning, False)
        with suppress(ConnectorError, Lost):  # only Tryton's own note of the run would be left
            self._call(f"wizard.{wizard}.delete", session, context)

    def _call(self, method: str, *given: Any) -> Any:
        answer = self._http.write("POST", self._path, json=_request(method, *given))
        try:
            return self._result(answer)
        except ValueError:
            raise Lost(_NO_JSON) from None

    def user(self) -> int:
        """Id of the user that the session is of. Raises TryAgain, AuthLapsed."""
        return int(self._tokens.kept()["user_id"])

    def server(self) -> tuple[str, Mapping[str, str]]:
        """The series (`8.2`), and the headers it came with. Raises TryAgain, AuthLapsed."""
        answer = self._plain.read("POST", "rpc/", json=_request("common.server.version"))
        try:
            return str(self._result(answer)), answer.headers
        except (ValueError, Refused):
            raise TryAgain(_NO_JSON, AFTER_TROUBLE) from None

    def _log_in(self, kept: Mapping[str, str]) -> Mapping[str, str]:
        name = kept.get("user", "")
        request = _request("common.db.login", name, {"password": kept.get("password", "")}, "en")
        try:
            user, token, *_ = self._result(self._plain.read("POST", self._path, json=request))
        except (Refused, ValueError, TypeError) as error:
            raise TryAgain(f"Nobody can log in to {TITLE} at present.", AFTER_TROUBLE) from error
        shown = b64encode(f"{name}:{user}:{token}".encode()).decode()
        return {"access_token": shown, "user_id": str(user)}

    def _result(self, answer: Answer) -> Any:
        """What a call gave. Raises ValueError where the answer is not Tryton's, and what `read` raises."""
        if answer.status == 404:
            raise AuthLapsed(f"{TITLE} has no database {self._database!r}; look at the connection's options.")
        if not answer.ok:
            raise Refused(f"{TITLE} refused the call ({answer.status}).", missing=answer.status == 403)
        said = answer.json()
        if not isinstance(said, dict) or not said.keys() & {"result", "error"}:
            raise ValueError(_NO_JSON)
        if "error" in said:
            raise _trouble(said["error"])
        return said["result"]


def _request(method: str, *params: Any) -> Mapping[str, Any]:
    return {"id": 1, "method": method, "params": params}


def _trouble(error: Any) -> ConnectorError:
    """What an `error` says: a pair of a name and what belongs to it, or of a Python error and its trace."""
    name, said = (*error, "", "")[:2] if isinstance(error, list) else (str(error), "")
    words = [str(part) for part in said if isinstance(part, str) and part] if isinstance(said, list) else []
    if name == "UserError":
        sentence = " ".join(words)
        return Refused(sentence, tuple(_QUOTED_FIELD.findall(sentence)))
    if name == "UserWarning":  # its first word names the warning
        return Refused(" ".join(words[1:]), warning=words[0] if words else "")
    if name == "ConcurrencyException":
        return TryAgain("Somebody else was changing this record in Tryton.", AFTER_TROUBLE)
    if name == "LoginException":
        return AuthLapsed(f"{TITLE} asks for more than a password; connect as a user with a password alone.")
    if any(sign in str(name) for sign in _TRANSIENT):
        return TryAgain(f"{TITLE}'s database is busy.", AFTER_TROUBLE)
    bare = _BARE_NAME.fullmatch(str(name))
    fields = (bare.group(1),) if bare else ()
    return Refused(f"{TITLE} failed: {name}", fields, missing=str(name).startswith("'"))
