"""Repair scans of old prints: their border, their faded tones, and what age did to their surface."""

from kbvr.repair.contrast import with_contrast
from kbvr.repair.depth_view import for_depth
from kbvr.repair.repair import repaired

__all__ = ["for_depth", "repaired", "with_contrast"]
