"""YAML read strictly, remembering the line of every value, so that an error can name its place.

Beside what the safe loader refuses, a key written twice and a value that contains itself are errors; a
time stays the text that was written. Nothing but null, truth values, numbers, text, lists and maps
comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

Place = tuple[str | int, ...]
"""Keys and list positions from the top of the file down to one value."""


class YamlError(Exception):
    """The text is no YAML that we take; `line` counts from 1, 0 where it is not known."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.line = line


class YamlText(msgspec.Struct, frozen=True):
    """A YAML document: its value, the line (from 1) on which each part of it begins, and numbers as they were
    written, for a phone number that nobody put in quotes keeps its plus and its zeros."""

    value: Any
    lines: Mapping[Place, int]
    numbers: Mapping[Place, str] = {}

    def line(self, place: Place) -> int:
        """The line of `place`, or of the nearest part of the file around it."""
        for length in range(len(place), -1, -1):
            line = self.lines.get(place[:length])
            if line is not None:
                return line
        return 0


_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_SCALARS = {
    "tag:yaml.org,2002:" + name
    for name in ("null", "bool", "int", "float", "str", "timestamp")
}  # fmt: skip
_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


def read_yaml(text: str) -> YamlText:
    """The one document in `text`. Raises YamlError, with the line."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        numbers: dict[Place, str] = {}
        value = None if node is None else _value(loader, node, (), lines, (), numbers)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(f"not YAML: {error.problem}", mark.line + 1 if mark else 0) from None
    except yaml.YAMLError as error:
        raise YamlError(f"not YAML: {error}") from None
    finally:
        loader.dispose()
    return YamlText(value, lines, numbers)


def _value(
    loader: yaml.SafeLoader,
    node: yaml.Node,
    place: Place,
    lines: dict[Place, int],
    around: tuple[yaml.Node, ...],
    numbers: dict[Place, str],
) -> Any:
    line = node.start_mark.line + 1
    if any(node is outer for outer in around):
        raise YamlError("a value that contains itself", line)
    lines.setdefault(place, line)
    inner = (*around, node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*place, i), lines, inner, numbers) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, place, lines, inner, numbers)
    if node.tag not in _SCALARS:
        raise YamlError(f"a value of type {node.tag}, which has no place here", line)
    if node.tag == _TIMESTAMP:
        return node.value
    if node.tag in _NUMBERS:
        numbers[place] = node.value
    try:
        return loader.construct_object(node)
    except (ValueError, yaml.YAMLError):
        raise YamlError(f"`{node.value}` cannot be read as {node.tag.rpartition(':')[2]}", line) from None


def _mapping(
    loader: yaml.SafeLoader,
    node: yaml.MappingNode,
    place: Place,
    lines: dict[Place, int],
    inner: tuple[yaml.Node, ...],
    numbers: dict[Place, str],
) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise YamlError("a key that is a list or a map", line)
        key = str(key_node.value)
        if key in mapping:
            raise YamlError(f"the key `{key}` is written twice", line)
        lines[(*place, key)] = line
        mapping[key] = _value(loader, value_node, (*place, key), lines, inner, numbers)
    return mapping
