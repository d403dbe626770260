"""Every kind of output, as small and quick as it can be made, and what a call for it looks like."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 48, 32

FILM = ["--seconds", "0.4", "--fps", "10", "--threads", "1"]
LOOP = ["--views", "2", "--period-s", "0.4", "--threads", "1"]

KINDS: Mapping[str, list[str]] = {
    "stereo": ["--stereo", *FILM],
    "two videos": ["--stereo", "--layout", "left-right", *FILM],
    "webm": ["--kenburns", "--codec", "vp9", *FILM],
    "mkv": ["--kenburns", "--container", "mkv", *FILM],
    "vr180 video": ["--stereo", "--projection", "vr180", "--vr180-px", "64", *FILM],
    "wiggle": ["--wiggle", *LOOP],
    "anaglyph": ["--anaglyph", *LOOP],
    "stills": ["--still", "sbs,left-right,anaglyph,mpo,jps,vr180"],
    "png stills": ["--still", "rows,sbs", "--picture", "png"],
    "webp still": ["--still", "sbs", "--picture", "webp"],
    "quilt": ["--still", "quilt", "--max-size", "48x48"],
    "autostereogram": ["--still", "autostereogram"],
    "rgbd": ["--still", "rgbd"],
    "flat": ["--still", "flat"],
    "depth maps": ["--depth-map", "png,npy,npz,exr,color"],
    "glb": ["--gltf"],
    "page": ["--html"],
    "embed": ["--embed"],
    "ply": ["--ply"],
    "obj": ["--obj"],
    "usdz": ["--usdz"],
    "splats": ["--splats"],
    "comfort": ["--still", "sbs", "--comfort", "{out}/comfort.json"],
}
"""Name -> flags of `kbvr export`; {out} is the folder."""

GIVEN = ["--depth-kind", "disparity", "--fill", "spread", "--fov", "55", "--device", "cpu", "--triangles", "2000"]
"""No network is needed for any, so that thousands can be made."""


def given_files(folder: Path) -> tuple[Path, Path]:
    """Write a photo and its depth: a floor with a thing on it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    thing = (x > 16) & (x < 30) & (y > 8)
    rgb = np.stack([x * 5, y * 7, np.where(thing, 220, 40)], axis=-1).astype(np.uint8)
    photo, depth = folder / "p.png", folder / "depth.npy"
    Image.fromarray(rgb).save(photo)
    np.save(depth, np.where(thing, 1.0, 0.1 + 0.01 * y).astype(np.float32))
    return photo, depth


def call_for(kind: str, given: Path, out: Path, *, overwrite: bool = True) -> list[str]:
    """Return the arguments of a call that writes a kind into a folder."""
    flags = [flag.replace("{out}", str(out)) for flag in KINDS[kind]]
    more = ["--overwrite"] if overwrite else []
    source = [str(given / "p.png"), "--depth", str(given / "depth.npy")]
    return ["export", *source, "-o", str(out), "-q", *GIVEN, *flags, *more]
