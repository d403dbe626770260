"""The stereo rig and the limits of comfortable viewing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from kbvr.options.declare import OptionGroup, option
from kbvr.stereo.comfort_limits import MAX_PARALLAX_DEG
from kbvr.stereo.screen import DEFAULT_IPD_M, SCREENS, screen_of

HEADSET = "headset (a player's virtual screen)"

Window = Literal["none", "floating"]


def _screen(text: str) -> str:
    screen_of(text)
    return text


class StereoOptions(OptionGroup, title="Stereo"):
    """The stereo rig and the limits of comfortable viewing."""

    budget_percent: float | None = option(
        None,
        "Range of parallax from the nearest to the farthest point, in percent of the width. A larger value gives more "
        "depth but strains the eyes.",
        between=(0, 15),
        excludes_minimum=True,
        unit="percent of the width",
        flag="--budget",
        metavar="PERCENT",
        default_text="3; 2.5 for --wiggle, 2 for --anaglyph",
        is_common=True,
    )
    baseline_mm: float | None = option(
        None,
        "Distance between the two cameras.",
        between=(0.1, 1e6),
        unit="millimetres",
        metavar="MM",
        default_text="chosen to fit --budget",
    )
    convergence_m: float | None = option(
        None,
        "Distance of what appears at the screen; nearer objects appear in front of it.",
        between=(0.01, 1e5),
        unit="metres",
        default_text="just behind the nearest object in the middle; the subject for --wiggle and --anaglyph",
    )
    screen: Annotated[str, AfterValidator(_screen)] = option(
        "tv",
        "The screen that the result is made for, which limits the parallax: "
        f"{', '.join(SCREENS).replace('headset', HEADSET)}, or width@distance in metres, like 1.2@2.5.",
        accepts=f"{', '.join(SCREENS)}, or width@distance in metres like 1.2@2.5",
        metavar="NAME|W@D",
        suggestions=tuple(SCREENS),
    )
    ipd_mm: float = option(
        DEFAULT_IPD_M * 1000, "Distance between the viewer's eyes.", between=(30, 90), unit="millimetres", metavar="MM"
    )
    max_parallax_deg: float = option(
        MAX_PARALLAX_DEG,
        "Maximum parallax in front of the screen and behind it, as an angle at the eyes.",
        between=(0.05, 5),
        unit="degrees",
        metavar="DEG",
    )
    window: Window = option(
        "none",
        "The stereo window. floating: narrow black bars bring the frame forward where it cuts off objects in front of "
        "the screen.",
    )
