"""A photo to export: where it is, and where its outputs go."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from kbvr.batching.remote.url import name_of
from kbvr.plan.player_words import without_player_words

KEY_DIGITS = 32


def is_remote(address: str) -> bool:
    """Return whether an address is a URL rather than a path of this machine."""
    return "://" in address


@dataclass(frozen=True)
class Source:
    """A photo to export."""

    address: str
    """An absolute path or a URL. It identifies the photo: the same address is the same photo in every run."""

    folder: str = ""
    """The folder of its outputs below the output folder, with /; empty for the output folder itself."""

    size_bytes: int = 0
    stamp: str = ""
    """Differs whenever the file has been written since: its modification time, or what a server says instead."""

    access: str = field(default="", repr=False)
    """Its URL with what grants access to it, to be used but never stored or shown; empty if the address is enough."""

    @property
    def key(self) -> str:
        """A name for the photo that fits into file names; it depends on the address only."""
        return hashlib.sha256(os.fsencode(self.address)).hexdigest()[:KEY_DIGITS]

    @property
    def name(self) -> str:
        """The file name."""
        if is_remote(self.address):
            return name_of(self.address)
        return os.path.basename(self.address)  # noqa: PTH119  a text

    @property
    def stem(self) -> str:
        """The beginning of its outputs' names: the file name without its suffix and without words for players."""
        return without_player_words(os.path.splitext(self.name)[0])  # noqa: PTH122  a text
