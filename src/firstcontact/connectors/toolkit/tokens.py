"""Bearer tokens: put onto requests, renewed once for all workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firstcontact.connectors.contract import AuthLapsed, Credentials

Renewal = Callable[[Mapping[str, str]], Mapping[str, str]]
"""From what is kept, what the vendor gives for it. Raises AuthLapsed where it refuses, TryAgain where it
cannot be asked now."""

EARLY = 60_000_000
"""A token is renewed a minute before it ends, so that none ends on its way."""


class Tokens:
    """The `http.Auth` of a connection whose requests bear an access token."""

    def __init__(
        self, credentials: Credentials, renewal: Renewal, now: Callable[[], int], scheme: str = "Bearer"
    ) -> None:
        """renewal: how a new access token is had. now: microseconds."""
        self._credentials = credentials
        self._renewal = renewal
        self._now = now
        self._scheme = scheme
        self._kept: Mapping[str, str] = {}

    def kept(self) -> Mapping[str, str]:
        """The credentials with an access token in them that has not ended (`instance_url` and the like are
        beside it). Raises AuthLapsed, TryAgain."""
        if not self._good(self._kept):
            self._kept = self._credentials.read()
        if not self._good(self._kept):
            self._kept = self._credentials.renew(self._kept, self._renewal)
        return self._kept

    def headers(self) -> Mapping[str, str]:
        """The header of the next request. Raises AuthLapsed, TryAgain."""
        return {"Authorization": f"{self._scheme} {self.kept()['access_token']}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """The token was refused: it is renewed, unless another worker has done so. Raises AuthLapsed."""
        before = self._kept
        if headers.get("Authorization") != f"{self._scheme} {before.get('access_token', '')}":
            return True
        self._kept = self._credentials.renew(before, self._renewal)
        if self._kept.get("access_token") == before.get("access_token"):
            raise AuthLapsed("the login was refused, and there is no newer one")
        return True

    def _good(self, kept: Mapping[str, str]) -> bool:
        if not kept.get("access_token"):
            return False
        ends = kept.get("expires_at", "")
        return not ends or self._now() + EARLY < int(ends)
