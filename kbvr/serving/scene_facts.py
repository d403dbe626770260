"""What a scene file says about its photo, read from its head."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from kbvr.serving.site import opened

HEAD = struct.Struct("<4sIII4s")
MAX_JSON_BYTES = 2**22
MAX_SIDE_PX = 10**5


@dataclass(frozen=True)
class SceneFacts:
    """The photo of a scene."""

    title: str
    size_px: tuple[int, int]
    subject_px: tuple[float, float, float, float] | None
    """Left, top, right and bottom of what the first view must contain; None if nothing stands out."""


def scene_facts(path: Path) -> SceneFacts | None:
    """Return what a GLB says about its photo (glTF 2.0, section 4.4); None if kbvr did not write it so."""
    try:
        with opened(path) as file:
            magic, _, _, length, kind = HEAD.unpack(file.read(HEAD.size))
            if magic != b"glTF" or kind != b"JSON" or length > MAX_JSON_BYTES:
                return None
            document = json.loads(file.read(length))
        extras = document["scenes"][document.get("scene", 0)]["extras"]["kbvr"]
        width, height = (int(side) for side in _numbers(extras["size_px"], 2))
        box = extras.get("subject_box_px")
        subject = None if box is None else _numbers(box, 4)
        title = extras.get("photo", "")
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError, struct.error):
        return None
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX and isinstance(title, str)):
        return None
    return SceneFacts(
        title, (width, height), None if subject is None else (subject[0], subject[1], subject[2], subject[3])
    )


def waiting_element(facts: SceneFacts | None, picture_address: str) -> str:
    """Return the element for a scene, with a picture of it that is shown until the scene has arrived."""
    alt, size = "", ""
    if facts:
        alt = f' alt="{escape(facts.title)}"' if facts.title else ""
        size = f' width="{facts.size_px[0]}" height="{facts.size_px[1]}"'
        size += f' data-subject="{" ".join(map(str, facts.subject_px))}"' if facts.subject_px else ""
    poster = f'<img slot="poster" src="{picture_address}"{alt or " alt"}{size}>'
    return f"<kbvr-photo{alt} droppable>{poster}</kbvr-photo>"


def _numbers(values: Any, count: int) -> list[float]:
    """Return numbers as they are in JSON.

    Raises:
        ValueError: if they are not so many finite numbers.
    """
    numbers = [float(value) for value in values]
    if len(numbers) != count or not all(abs(number) <= MAX_SIDE_PX for number in numbers):
        raise ValueError
    return numbers
