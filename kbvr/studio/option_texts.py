"""Options as texts by their Python names, as projects and the API hold them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from kbvr.errors import OptionsError
from kbvr.options.export_options import GROUPS, ExportOptions
from kbvr.options.outputs import AT_REST, LOOPS, ONE_EYED, OutputOptions
from kbvr.studio.request_error import RequestError

FILE_OPTIONS, NETWORK_OPTIONS = (
    ("depth", "depth_kind", "rgbd", "pair", "keyframes"),
    ("depth_model", "fill", "segmentation", "colorize"),
)
NETWORK_NAME = r"(?!.*\.onnx$)[a-z0-9][a-z0-9._-]*"
"""Options that name files, and those that name networks or their files; what names of networks look like."""

FILE_CHOICES = {"path": ("keyframes",), "still": ("vr360",)}
"""Option -> choices that need an option that names a file, or a photo that cannot be opened here."""

MAX_OPTIONS, MAX_TEXT = 200, 4000

VIDEO_ONLY = (
    *("path", "seconds", "ease", "loop", "steps", "from_crop", "to_crop", "shift_px", "zoom", "keyframes", "fps"),
)
"""Options that move the camera of a video, which the other outputs refuse."""

TWO_EYED = ("baseline_mm", "convergence_m", "window")
"""Options of two cameras, which outputs with one refuse."""

PREVIEWS = ("wiggle", "kenburns", "stereo", "anaglyph", "still")
"""Outputs that a page can play."""


def option_texts(given: Any) -> dict[str, str]:
    """Return options as a page has sent them, after a look at their form only.

    Raises:
        RequestError: if they are no texts by name.
        OptionsError: if one names a file.
    """
    is_valid = isinstance(given, dict) and len(given) <= MAX_OPTIONS
    if not is_valid or not all(isinstance(text, str) and len(text) <= MAX_TEXT for text in given.values()):
        raise RequestError(HTTPStatus.BAD_REQUEST, "The options are not texts by name.")
    refuse_files(given)
    return dict(given)


def refuse_files(texts: Mapping[str, str]) -> None:
    """Refuse options that name a file: pages and projects from elsewhere must not choose what is read here.

    Raises:
        OptionsError: if there is one.
    """
    for name, text in texts.items():
        if name in FILE_OPTIONS or (name in NETWORK_OPTIONS and not re.fullmatch(NETWORK_NAME, text)):
            raise OptionsError(f"{{{name}}} cannot name a file here")


def parsed(texts: Mapping[str, str]) -> ExportOptions:
    """Return the options that texts stand for.

    Raises:
        InputError: if one cannot be used.
    """
    values: dict[str, Any] = dict(texts)
    return ExportOptions(**values)


def without_defaults(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that differ from what is used without them, in order of their names.

    Each is checked by itself only: which of them fit together depends on the output that they are used for.

    Raises:
        InputError: if one does not exist, or has a value that it does not accept.
    """
    kept: dict[str, str] = {}
    known = {name for group in GROUPS for name in group.model_fields}
    parsed({name: text for name, text in texts.items() if name not in known})  # raises for the first one
    for group in GROUPS:
        own: dict[str, Any] = {name: texts[name] for name in group.model_fields if name in texts}
        chosen = group(**own)
        kept |= {name: own[name] for name in own if getattr(chosen, name) != group.model_fields[name].default}
    return dict(sorted(kept.items()))


def for_output(output: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the options that make only this output, without those that other outputs use.

    Args:
        output: wiggle, kenburns, stereo, anaglyph or still.
        texts: a project's options.
    """
    others = {*OutputOptions.model_fields}
    if output in (*LOOPS, *AT_REST):
        others |= {*VIDEO_ONLY}
    if output in ONE_EYED:
        others |= {*TWO_EYED}
    if output != "stereo":
        others |= {"projection", "layout", "container", "codec"}
    kept = {name: text for name, text in texts.items() if name not in others}
    return kept | {output: texts.get("still", "sbs") if output == "still" else "yes"}


def previewed_by(name: str) -> tuple[str, ...]:
    """Return those of PREVIEWS that an option may change; all of them if nothing else is known."""
    if name in ("views", "period_s"):
        return LOOPS
    if name in ("glasses", "anaglyph_colours"):
        return ("anaglyph",)
    if name not in (*VIDEO_ONLY, *TWO_EYED):
        return PREVIEWS
    return tuple(output for output in PREVIEWS if name in for_output(output, {name: ""}))
