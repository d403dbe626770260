"""Named sets of options for a device or a website."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "quest": {"stereo": True, "layout": "sbs", "screen": "headset", "name_for": "quest", "max_size": "2048x2048"},
        "youtube-vr180": {"stereo": True, "projection": "vr180", "layout": "sbs", "name_for": "youtube"},
        "tv-3d": {"stereo": True, "layout": "sbs-half", "screen": "tv", "max_size": "1920x1080"},
        "blog": {"wiggle": True, "max_kb": 2000},
        "instagram": {"kenburns": True, "aspect": "4:5", "max_size": "1080x1350", "fps": 30, "seconds": 8},
        "story": {"kenburns": True, "aspect": "9:16", "max_size": "1080x1920", "fps": 30, "seconds": 8},
        "looking-glass": {"still": "quilt", "quilt_for": "portrait"},
    }
)
"""Preset name -> options by their Python names."""
