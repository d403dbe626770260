"""The photos of `bench.people`: people.toml lists them by kind, with boxes around their subjects."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from bench.machine import ROOT
from bench.seen_flaws import Box
from kbvr.photo.photo import Photo, load_photo

LIST = Path(__file__).with_name("people.toml")
FOLDERS = (ROOT / "docs" / "photos", ROOT / "examples")


@dataclass(frozen=True)
class Listed:
    """A photo of the list."""

    name: str
    """The name of a file in one of FOLDERS, without .jpg."""

    kind: str
    subjects: tuple[Box, ...]
    """Boxes around whole subjects, heads included, marked by hand; empty if nothing must stay in the frame."""

    def photo(self) -> Photo:
        """Return the photo at its own size."""
        for folder in FOLDERS:
            path = folder / f"{self.name}.jpg"
            if path.is_file():
                return load_photo(path)
        raise FileNotFoundError(f"expected {self.name}.jpg in docs/photos or examples")


def listed(path: Path = LIST) -> list[Listed]:
    """Return all photos of the list, in its order: kind by kind."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["photo"]
    return [
        Listed(
            entry["name"],
            entry["kind"],
            tuple((left / 100, top / 100, right / 100, bottom / 100) for left, top, right, bottom in entry["subjects"]),
        )
        for entry in entries
    ]
