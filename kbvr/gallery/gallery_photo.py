"""What a gallery knows of a photo."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GalleryFile:
    """An output that a photo's page links to."""

    path: str
    """Path relative to the folder of the gallery, with slashes, not encoded."""

    label: str
    """What it is, for people: "Stereo video"; "" for its file name alone."""

    size_bytes: int


@dataclass(frozen=True)
class GalleryPhoto:
    """A photo in a gallery. Texts are shown as they are; they need not be safe."""

    key: str
    """Letters and digits (ASCII), different for every photo; names its files and is part of links to it."""

    name: str
    """That of its file, without the suffix; stands for a title where there is neither title nor short caption."""

    size_px: tuple[int, int]
    """(width, height), for the shape of its place; (0, 0) if it is not known."""

    folder: str = ""
    """The collection: the path of its folder with slashes, "" for none."""

    date: str = ""
    """When the photo was taken: ISO 8601, a year or more; "" if it is not known."""

    title: str = ""
    caption: str = ""
    """A description; without a title, a short one stands for it."""

    author: str = ""
    copyright: str = ""
    credit: str = ""
    """Who provided the photo, or where it is kept."""

    wiggle: str = ""
    """Path of its loop (MP4, WebP, AVIF or GIF), as in `GalleryFile.path`; "" if there is none."""

    has_scene: bool = False
    """Whether `write_photo_files` was given a scene."""

    files: tuple[GalleryFile, ...] = ()
