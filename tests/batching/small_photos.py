"""Tiny photos, and tasks for them with a cheap output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kbvr.batching.source import Source
from kbvr.batching.task import Task
from kbvr.options.export_options import ExportOptions

OPTIONS = ExportOptions(depth_map="png", depth_quality="fast")


def photo(path: Path, seed: int = 0) -> Path:
    """Write a photo of 96x64."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(small).resize((96, 64), Image.Resampling.BICUBIC).save(path)
    return path


def task(path: Path, out: Path, **fields: Any) -> Task:
    """Return the task of a photo."""
    given = {"stem": path.stem, "options": OPTIONS, "options_hash": "1"} | fields
    return Task(Source(str(path)), str(out), **given)
