"""The lists of docs/gallery.toml and docs/kinds.toml, and the parts of the pages made from them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LISTS = (ROOT / "docs" / "gallery.toml", ROOT / "docs" / "kinds.toml")
PICTURES = ROOT / "docs" / "pictures"
PHOTOS = (ROOT / "docs" / "photos", ROOT / "examples")
FOLDERS = {"gallery": "gallery", "fails": "fails", "compared": "depth", "kinds": "kinds", "old": "old"}
"""List -> folder of its strips in docs/pictures/."""

ALT = {
    "gallery": "the photo, its depth, and what kbvr fills in behind near things",
    "fails": "the photo and its depth",
    "compared": "the photo, the depth before, and the depth now",
    "kinds": "the photo, the left and the right eye at the end of a swing, and the end of a Ken Burns move",
    "old": "the scan, the same repaired and with colours, its depth, and the end of a Ken Burns move",
}
CREATIVE_COMMONS = "https://creativecommons.org"


@dataclass(frozen=True)
class Strip:
    """A strip of pictures and its caption."""

    kind: str
    """The list that it is in: one of `FOLDERS`."""

    photo: Path
    title: str
    caption: str
    """Empty if the pictures speak for themselves."""

    heading: str = ""
    """Heading of its section; empty if the list has no sections."""

    @property
    def path(self) -> Path:
        """Return the strip's file."""
        return PICTURES / FOLDERS[self.kind] / f"{self.photo.stem}.jpg"

    @property
    def markdown(self) -> str:
        """Return the strip as the page shows it."""
        picture = self.path.relative_to(ROOT / "docs").as_posix()
        caption = f"**{self.title}.** {self.caption}".strip()
        return f"{caption}\n\n![{self.title}: {ALT[self.kind]}]({picture})\n"


def strips(kind: str) -> tuple[Strip, ...]:
    """Return the strips of a list, in its order."""
    return tuple(
        Strip(
            kind,
            photo_named(entry["photo"]),
            entry["title"],
            entry.get("caption", "").strip(),
            entry.get("heading", ""),
        )
        for entry in listed()[kind]
    )


def listed() -> Mapping[str, Any]:
    """Return the content of all lists."""
    return {name: part for path in LISTS for name, part in tomllib.loads(path.read_text("utf-8")).items()}


def credited() -> Mapping[str, Mapping[str, str]]:
    """Return author, licence, source and changes of each photo in docs/photos/, by name."""
    return listed()["photos"]


def photo_named(name: str) -> Path:
    """Return the file of a photo.

    Raises:
        FileNotFoundError: if it is in neither folder.
    """
    for folder in PHOTOS:
        if (path := folder / f"{name}.jpg").is_file():
            return path
    raise FileNotFoundError(f"expected a photo {name}.jpg in docs/photos/ or examples/, as the lists name it")


def credits_table() -> str:
    """Return the table of photographers."""
    lines = ["| file | author | licence | source | changes |", "|---|---|---|---|---|"]
    for name, photo in sorted(credited().items()):
        cells = (f"`{name}.jpg`", photo["author"], licence(photo["licence"]), photo["source"], photo["changes"])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def licence(name: str) -> str:
    """Return the name of a licence, linked to its text."""
    if name == "CC0":
        return f"[CC0]({CREATIVE_COMMONS}/publicdomain/zero/1.0/)"
    if name.startswith(("CC BY ", "CC BY-SA ")):
        terms, version = name.removeprefix("CC ").lower().split()
        return f"[{name}]({CREATIVE_COMMONS}/licenses/{terms}/{version}/)"
    return {"MIT": "[MIT](https://opensource.org/license/mit)", "public domain": "public domain"}[name]


def write_into(page: Path, part: str, text: str) -> None:
    """Replace the part of a page between its markers."""
    begins, ends = markers(part)
    before, rest = page.read_text("utf-8").split(begins)
    page.write_text(before + begins + text + ends + rest.split(ends, 1)[1], "utf-8")


def part_of(page: Path, part: str) -> str:
    """Return the part of a page between its markers."""
    begins, ends = markers(part)
    return page.read_text("utf-8").split(begins)[1].split(ends)[0]


def markers(part: str) -> tuple[str, str]:
    """Return the lines that begin and end a part."""
    source = "kinds.toml" if part == "kinds" else "gallery.toml"
    return f"<!-- {part}: from {source} -->\n", "<!-- to here -->"


def text_of(part: str) -> str:
    """Return a part as the lists define it: `credits`, or a list of strips in their sections."""
    if part == "credits":
        return credits_table()
    sections = groupby(strips(part), key=lambda strip: strip.heading)
    return "\n".join(
        line
        for heading, members in sections
        for line in ([f"## {heading}\n"] if heading else []) + [strip.markdown for strip in members]
    )


def remove_strips_not_in(kind: str) -> None:
    """Delete the strips of photos that are no longer in the list."""
    listed_paths = {strip.path for strip in strips(kind)}
    for path in (PICTURES / FOLDERS[kind]).glob("*.jpg"):
        if path not in listed_paths:
            path.unlink()
