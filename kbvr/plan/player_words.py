"""Words in the name of a photo that players would take for the layout of its outputs.

Players look for words such as `_180`, `_LR` or `_TB` in a file's name, many of them anywhere in it. beach_180.jpg is
the 180th photo, but beach_180_kbvr_LR.mp4 would be shown as half a sphere. So the names of outputs begin with the
photo's name in which such words are joined to the word before: beach180_kbvr_LR.mp4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbvr.plan.name_endings import NAME_ENDINGS, OTHER_ENDINGS, PLAYER_ENDINGS

SEPARATOR = r"[-_. ]"
"""What players accept between words."""

OF_KBVR_ALONE = frozenset(
    ("", "kbvr", "mono", "left", "right", "rows", "columns", "checkerboard", "anaglyph", "cross", "half", "h")
)
"""Words in endings that mean something to kbvr's player only, or only together with another one."""

SPHERES = frozenset(("360", "f180", "180f", "vr360", "360vr"))
"""Words for spheres: skybox.xyz/en/support (360, F180)."""


ORDINARY = frozenset(("hou", "lr", "ou", "rl", "tab", "tb"))
"""Words that count in lower case only after an underscore: "rouge ou noir" is French."""


def _words(ending: str) -> Iterator[str]:
    yield from re.split(SEPARATOR, ending.lower())


PLAYER_WORDS = (
    frozenset(
        word
        for ending in (
            *NAME_ENDINGS.values(),
            *(ending for endings in PLAYER_ENDINGS.values() for ending in endings.values()),
            *OTHER_ENDINGS,
        )
        for word in _words(ending)
        if word not in OF_KBVR_ALONE
    )
    | SPHERES
)
"""Words that mean a layout to players, in lower case."""

_WORD = re.compile(rf"(^|{SEPARATOR}+)([^-_. ]+)")


def player_words(stem: str) -> tuple[str, ...]:
    """Return the words of a name without its suffix that mean a layout to players, as they are written."""
    return tuple(word for before, word in _WORD.findall(stem) if _is_told(before, word))


def without_player_words(stem: str) -> str:
    """Return a name without its suffix in which no word means a layout to players.

    Each such word is joined to the word before; a name that begins with one begins with `photo`.
    """
    while player_words(stem):
        stem = _WORD.sub(lambda found: _joined(found[1], found[2], at=found.start()), stem)
    return stem


def _joined(before: str, word: str, *, at: int) -> str:
    if not _is_told(before, word):
        return before + word
    return word if at else f"photo{word}"


def _is_told(before: str, word: str) -> bool:
    return word.lower() in PLAYER_WORDS and (word not in ORDINARY or before in ("", "_"))
