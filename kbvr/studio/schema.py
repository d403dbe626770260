"""The options as a page draws them, from their declarations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from kbvr.options.declare import Declared
from kbvr.options.export_options import GROUPS
from kbvr.options.outputs import OUTPUTS
from kbvr.options.presets import PRESETS
from kbvr.options.texts import text_of
from kbvr.photo.picture_file import MAX_PIXELS
from kbvr.studio.labels import automatic_of, choice_label_of, help_of, label_of
from kbvr.studio.option_texts import FILE_CHOICES, FILE_OPTIONS, previewed_by
from kbvr.studio.photo_kinds import KINDS, NO_PHOTO, RAW, RAW_SUFFIXES, SUFFIXES

HIDDEN = ("overwrite", "max_memory", "threads", *FILE_OPTIONS)
"""Options that the studio decides, and those that name files."""


@cache
def schema(upload_bytes: int) -> dict[str, Any]:
    """Return all options, presets and limits as JSON values."""
    return {
        "groups": [
            {
                "title": group.heading(),
                "options": [_option(declared) for declared in group.declared() if declared.name not in HIDDEN],
            }
            for group in GROUPS
        ],
        "presets": {
            name: {option: text_of(option, value) for option, value in preset.items()}
            for name, preset in PRESETS.items()
        },
        "outputs": list(OUTPUTS),
        "limits": {
            "upload_bytes": upload_bytes,
            "pixels": MAX_PIXELS,
            "suffixes": list(SUFFIXES),
            "kinds": KINDS,
            "raw_suffixes": list(RAW_SUFFIXES),
            "no_photo": NO_PHOTO,
            "raw": RAW,
        },
    }


def _option(declared: Declared) -> dict[str, Any]:
    limits = {
        kind: getattr(one, kind) for one in declared.field.metadata for kind in ("ge", "gt", "le") if hasattr(one, kind)
    }
    default, hidden = declared.default, FILE_CHOICES.get(declared.name, ())
    choices = [text for text in declared.suggestions if text not in hidden]
    return {
        "name": declared.name,
        "label": label_of(declared.name),
        "help": help_of(declared.name, _without(declared.help, hidden)),
        "kind": _kind(declared),
        "choices": choices,
        "choice_labels": [choice_label_of(declared.name, choice) for choice in choices],
        "accepts": declared.accepts,
        "minimum": limits.get("ge", limits.get("gt")),
        "maximum": limits.get("le"),
        "exclusive_minimum": "gt" in limits,
        "unit": declared.extra.get("unit", ""),
        "default": None if default is None else text_of(declared.name, default),
        "default_text": automatic_of(declared.name, declared.extra.get("default_text", "")),
        "is_common": declared.is_common,
        "used_by": list(declared.used_by),
        "previewed_by": list(previewed_by(declared.name)),
    }


def _without(text: str, choices: Sequence[str]) -> str:
    """Return the help of an option without what it says of some choices, as in `swing: from side to side;`."""
    return re.sub(rf" ({'|'.join(choices)}): [^;]*;", "", text) if choices else text


def _kind(declared: Declared) -> str:
    """Return switch, choice, number, integer, text, file or list."""
    if declared.is_switch:
        return "switch"
    if declared.is_list:
        return "list" if declared.suggestions else "text"
    if declared.choices:
        return "choice"
    if declared.python_type.startswith("float"):
        return "number"
    if declared.python_type.startswith("int"):
        return "integer"
    return "file" if declared.takes_path and not declared.suggestions else "text"
