"""Read the values in an XMP packet by their names, wherever they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_PACKET_BYTES = 100_000_000
"""A packet can hold a depth map and the original picture as text."""


def parsed(packet: bytes) -> Element:
    """Return the root of an XMP packet.

    Raises:
        ValueError: if it is too large or not XML, or has a document type or entities.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(packet) > MAX_PACKET_BYTES:
        raise ValueError(f"{len(packet) / 1e6:.0f} MB of XMP")
    try:
        root: Element = fromstring(packet.strip(b"\0 \n\r\t"), forbid_dtd=True)
    except (DefusedXmlException, ParseError, LookupError) as error:
        raise ValueError(f"unreadable XMP: {error}") from error
    return root


def properties(element: Element, namespace: str) -> dict[str, str]:
    """Return the simple values of an element that are in a namespace, by their local names.

    XMP stores them as attributes or as elements, of the element itself or of a description in it.
    """
    prefix = f"{{{namespace}}}"
    found: dict[str, str] = {}
    for inner in _with_descriptions(element):
        pairs = [*inner.attrib.items(), *((child.tag, child.text or "") for child in inner if len(child) == 0)]
        for name, value in pairs:
            if name.startswith(prefix):
                found.setdefault(name[len(prefix) :], value.strip())
    return found


def all_properties(root: Element, namespace: str) -> dict[str, str]:
    """Return the simple values of all elements that are in a namespace; the first of each name counts."""
    found: dict[str, str] = {}
    for element in root.iter():
        for name, value in properties(element, namespace).items():
            found.setdefault(name, value)
    return found


def _with_descriptions(element: Element) -> Iterator[Element]:
    yield element
    for child in element:
        if child.tag.endswith("}Description"):
            yield child
