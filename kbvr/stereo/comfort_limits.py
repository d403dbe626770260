"""Limits of comfort: how much parallax a pair of views may have."""

from __future__ import annotations

MAX_PARALLAX_DEG = 1.0
"""Largest parallax in front of and behind the screen, as a visual angle: the "zone of comfort" (Shibata et al. 2011,
"The zone of comfort")."""

DEFAULT_BUDGET = 0.03
"""Parallax range from the nearest to the farthest thing, as a share of the picture's width."""

WIGGLE_BUDGET = 0.025
"""The same for wiggle loops: deep, but without visible tears."""

ANAGLYPH_BUDGET = 0.02
"""The same for anaglyphs: without ghosts at edges."""

MAX_SPREAD_SHARE = 0.2
"""A given baseline is refused if it spreads the depth over more than this share of the width."""
