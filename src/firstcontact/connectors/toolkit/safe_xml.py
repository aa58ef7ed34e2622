"""XML that a server answered, read by the standard library's parser, document types and entities refused: no
server of ours needs them, and a hostile one could fill the memory with them."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat


class Malformed(ValueError):
    """No XML of the kind that was asked for: a proxy's page, a cut answer, or something with entities."""


def parse(content: bytes) -> Element:
    """The root element, names as `{namespace}name`. Raises Malformed."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, given: builder.start(_clark(name), given)
    parser.EndElementHandler = lambda name: builder.end(_clark(name))
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError) as error:
        raise Malformed(f"the answer is no XML: {error}") from None
    root: Element = builder.close()
    return root


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name


def _refuse(*_: object) -> None:
    raise Malformed("the answer declares a document type")
