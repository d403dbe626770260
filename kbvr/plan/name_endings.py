"""The ends of file names that tell players the layout of a stereo picture or video. Quick to import."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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
