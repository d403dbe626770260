"""The estimated depth of a project's photo as a file, so that opening it again needs no network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.read_placed import load_placed_depth
from kbvr.formats.depth.depth_map import png_of_depth
from kbvr.photo.photo import Photo
from kbvr.photo.png_texts import read_png_texts
from kbvr.system.atomic_file import atomic_write

NETWORK = "network"


def write_stored_depth(path: Path, depth: DepthMap) -> None:
    """Write a depth as `kbvr export --depth-map png` does.

    Raises:
        OutputError: if it cannot be written.
    """
    content = png_of_depth(depth, texts={NETWORK: depth.network} if depth.network else {})
    with atomic_write(path, overwrite=True) as temporary:
        temporary.write_bytes(content)


def read_stored_depth(path: Path, photo: Photo) -> DepthMap:
    """Return a stored depth at the size of the photo. The errors are those of `load_placed_depth`."""
    depth = load_placed_depth(path, photo)
    return replace(depth, network=read_png_texts(path, "a depth map").get(NETWORK, ""))
