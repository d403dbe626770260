"""The ends of file names that tell players the layout of a stereo picture or video. Quick to import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from kbvr.photo.pair_layout import PairLayout

NAME_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "mono": "_kbvr_mono",
        "left": "_kbvr_left",
        "right": "_kbvr_right",
        "sbs": "_kbvr_LR",
        "sbs-half": "_kbvr_LR_HSBS",
        "tb": "_kbvr_TB",
        "tb-half": "_kbvr_TB_HOU",
        "cross": "_kbvr_RL",
        "rows": "_kbvr_rows",
        "columns": "_kbvr_columns",
        "checkerboard": "_kbvr_checkerboard",
        "anaglyph": "_kbvr_anaglyph",
        "180-sbs": "_kbvr_180_LR",
        "180-tb": "_kbvr_180_TB",
        "180-mono": "_kbvr_180",
    }
)
"""Packing of a stereo video, with 180- for VR180 -> ending. Players detect the layout from it: SKYBOX and others know
LR (left and right side by side), TB (top and bottom), HSBS and HOU (squeezed to half)."""

PLAYER_ENDINGS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "any": {},
        "quest": {"sbs-half": "_kbvr_half_LR", "tb-half": "_kbvr_half_TB"},
        "skybox": {"sbs": "_kbvr_SBS", "sbs-half": "_kbvr_HSBS", "tb": "_kbvr_OU", "tb-half": "_kbvr_HOU"},
        "deovr": {"sbs": "_kbvr_SBS", "sbs-half": "_kbvr_half_SBS", "tb-half": "_kbvr_half_TB"},
        "youtube": {layout: f"_kbvr_{layout}" for layout in NAME_ENDINGS},
        "plain": {layout: f"_kbvr_{layout}" for layout in NAME_ENDINGS},
    }
)
"""Name of `kbvr.options.video.Player` -> its endings that differ from NAME_ENDINGS.

quest: LR, TB, RL (developers.meta.com, "VR Media Overview"). skybox: SBS, HSBS, OU, HOU, 180
(skybox.xyz/en/support/add-suffix-to-filename-to-recognize-the-correct-format; VR180 would mean a fisheye there).
deovr: SBS, TB, 180, as most players use. youtube: goes by the metadata in the file, not by its name.
"""

OTHER_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "_3dh": "sbs",
        "_3dv": "tb",
        "_TAB": "tb",
        "_HTAB": "tb-half",
        "_half_OU": "tb-half",
        "_half_TAB": "tb-half",
        "_H_SBS": "sbs-half",
        "_H_OU": "tb-half",
        "_VR180": "180-mono",
        "_180VR": "180-mono",
        "_180x180": "180-mono",
        **{
            f"{start}_{end}": layout
            for start in ("_180", "_VR180", "_180x180")
            for end, layout in (("SBS", "180-sbs"), ("3dh", "180-sbs"), ("OU", "180-tb"), ("3dv", "180-tb"))
        },
        **{
            f"{start}_{end}": f"180-{layout}"
            for start in ("_VR180", "_180x180")
            for end, layout in (("LR", "sbs"), ("TB", "tb"))
        },
        **{
            f"_{start}_180": layout
            for start, layout in (("LR", "180-sbs"), ("SBS", "180-sbs"), ("TB", "180-tb"), ("OU", "180-tb"))
        },
    }
)
"""Ending in files of other programs -> packing, as the player and `kbvr view` read it.

3dh and 3dv stand for views beside and above each other (developers.meta.com, "VR Media Overview"). Where the packing of
a half sphere is not named, it is told from the shape of the picture.
"""

PAIRS: Mapping[str, PairLayout] = MappingProxyType(
    {"sbs": "sbs", "sbs-half": "sbs-half", "tb": "tb", "tb-half": "tb-half", "cross": "cross"}
)
"""Packing -> the layout of a pair that is read. Views of half spheres and mixed rows are not."""


SPHERE = re.compile(r"(^|_)(vr)?(180|360)(x180)?(vr)?_")
"""What is before the layout in the names of pictures of whole and half spheres."""


def pair_layout_named(stem: str) -> PairLayout | None:
    """Return the layout of a stereo pair that a photo's name without its suffix means, None for other names."""
    return None if is_stereo_sphere_named(stem) else PAIRS.get(layout_at_end(stem.lower()) or "")


def is_stereo_sphere_named(stem: str) -> bool:
    """Return whether a photo's name without its suffix means both views of a whole or half sphere."""
    layout = layout_at_end(stem.lower()) or ""
    if layout in ("180-sbs", "180-tb"):
        return True
    name, ends = plain(stem), (plain(ending) for ending, one in _endings() if one == layout)
    ending = next((ending for ending in ends if name.endswith(ending)), "")
    return layout in PAIRS and SPHERE.search(name.removesuffix(ending) + "_") is not None


def layout_at_end(stem: str) -> str | None:
    """Return the packing that the end of a name means, in lower case and without its suffix, or None."""
    return next((layout for ending, layout in _endings() if stem.endswith(ending)), None)


def plain(name: str) -> str:
    """Return a name in lower case with underscores for points, dashes and spaces."""
    return re.sub(r"[-. ]", "_", name.lower())


@cache
def _endings() -> tuple[tuple[str, str], ...]:
    """Return the ends of names in lower case, with and without `_kbvr`, and their layouts; the longest first."""
    tables = (*PLAYER_ENDINGS.values(), NAME_ENDINGS)
    full = {ending.lower(): layout for table in tables for layout, ending in table.items()}
    full |= {ending.lower(): layout for ending, layout in OTHER_ENDINGS.items()}
    full |= {plain(ending): layout for ending, layout in full.items()}
    both = full | {ending.replace("_kbvr", ""): layout for ending, layout in full.items()}
    return tuple(sorted(both.items(), key=lambda item: len(item[0]), reverse=True))
