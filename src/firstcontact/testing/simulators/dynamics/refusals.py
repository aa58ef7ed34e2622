"""Refusals: `{"error": {"code": "0x…", "message": …}}` with a status (apis A5, "Error shape")."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.testing.simulators.base import Refusing


class Refusal(Refusing):
    """A request is refused: status, Dataverse's code, and why."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})

    def body(self) -> dict[str, dict[str, str]]:
        """What the answer says."""
        return {"error": {"code": self.code, "message": str(self)}}


def bad(message: str, code: str = "0x80060888") -> Refusal:
    """400: the request says something that cannot be."""
    return Refusal(400, code, message)


def payload(table: str, why: str) -> Refusal:
    """400: a body has what the table's type does not."""
    return bad(f"Error identified in Payload provided by the user for Entity :'{table}', {why}", "0x80048d19")


def no_property(name: str, table: str) -> Refusal:
    """400: a query names a property that there is not."""
    return bad(f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'.")


def does_not_exist(table: str, id: str) -> Refusal:
    """404: no record with that id."""
    return Refusal(404, "0x80040217", f"Entity '{table}' With Id = {id} Does Not Exist")


def no_such_key(table: str) -> Refusal:
    """404: no record with those values of an alternate key."""
    why = f"A record with the specified key values does not exist in {table} entity"
    return Refusal(404, "0x80060891", why)


def no_segment(name: str) -> Refusal:
    """404: no such path."""
    return Refusal(404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def not_allowed(method: str, path: str) -> Refusal:
    """405: not by this method."""
    return Refusal(405, "0x8006088b", f"The http method '{method}' is not supported for '{path}'")


def exists_already(why: str = "A record with matching key values already exists.") -> Refusal:
    """412, DuplicateRecord: the id is taken, or creation alone was asked for."""
    return Refusal(412, "0x80040237", why)


def changed_meanwhile() -> Refusal:
    """412, ConcurrencyVersionMismatch: the record is another version than the one that was named."""
    why = "The version of the existing record doesn't match the RowVersion property provided."
    return Refusal(412, "0x80060882", why)


def lacks_privilege(name: str, user: str) -> Refusal:
    """403: the user's roles do not have it."""
    return Refusal(403, "0x80040220", f"Principal user (Id={user}, type=8) is missing {name} privilege")
