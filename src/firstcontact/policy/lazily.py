"""A value worked out when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
Self = TypeVar("Self", bound="lazy[Any]")


class lazy(Generic[T]):
    """`functools.cached_property` without its lock, which Python 3.11 takes at every first access.

    A case belongs to one thread, and `decide` asks for a dozen of these per participant.
    """

    def __init__(self, work: Callable[[Any], T]) -> None:
        self._work = work
        self._name = work.__name__
        self.__doc__ = work.__doc__

    @overload
    def __get__(self: Self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> Any:
        """The value, kept in the instance's own dictionary, where the next access finds it first."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._work(instance)
        return value
