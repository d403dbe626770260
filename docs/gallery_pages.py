"""What docs/gallery.toml lists, and what it makes of docs/gallery.md and docs/depth.md; needs no network."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LIST = ROOT / "docs" / "gallery.toml"
PICTURES = ROOT / "docs" / "pictures"
PHOTOS = (ROOT / "docs" / "photos", ROOT / "examples")
FOLDERS = {"gallery": "gallery", "fails": "fails", "compared": "depth"}
"""The lists -> the folders in docs/pictures/ that their strips are in."""

ALT = {
    "gallery": "the photo, its depth, and what kbvr puts behind near things",
    "fails": "the photo and its depth",
    "compared": "the photo, the depth before, and the depth now",
}
CREATIVE_COMMONS = "https://creativecommons.org"


@dataclass(frozen=True)
class Strip:
    """A strip of pictures and what the page says of it."""

    kind: str
    """Which list it is in: `gallery`, `fails` or `compared`."""

    photo: Path
    title: str
    says: str
    """What is to be seen in it; empty where the pictures speak for themselves."""

    @property
    def path(self) -> Path:
        """Return where the strip is."""
        return PICTURES / FOLDERS[self.kind] / f"{self.photo.stem}.jpg"

    @property
    def markdown(self) -> str:
        """Return what the page has of it."""
        picture = self.path.relative_to(ROOT / "docs").as_posix()
        said = f"**{self.title}.** {self.says}".strip()
        return f"{said}\n\n![{self.title}: {ALT[self.kind]}]({picture})\n"


def strips(kind: str) -> tuple[Strip, ...]:
    """Return a list's strips in its order."""
    return tuple(
        Strip(kind, photo_called(one["photo"]), one["title"], one.get("says", "").strip()) for one in listed()[kind]
    )


def listed() -> Mapping[str, Any]:
    """Return all lists as they are written."""
    return tomllib.loads(LIST.read_text("utf-8"))


def credited() -> Mapping[str, Mapping[str, str]]:
    """Return author, licence, source and changes of each photo in docs/photos/, by its name."""
    return listed()["photos"]


def photo_called(name: str) -> Path:
    """Return the file of a photo.

    Raises:
        FileNotFoundError: if neither folder has it.
    """
    for folder in PHOTOS:
        if (path := folder / f"{name}.jpg").is_file():
            return path
    raise FileNotFoundError(f"expected a photo {name}.jpg in docs/photos/ or examples/, as {LIST.name} lists it")


def credits_table() -> str:
    """Return the table of who took the photos."""
    lines = ["| file | author | licence | source | changes |", "|---|---|---|---|---|"]
    for name, photo in sorted(credited().items()):
        cells = (f"`{name}.jpg`", photo["author"], licence(photo["licence"]), photo["source"], photo["changes"])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def licence(name: str) -> str:
    """Return a licence's name with a link to its text."""
    if name == "CC0":
        return f"[CC0]({CREATIVE_COMMONS}/publicdomain/zero/1.0/)"
    if name.startswith("CC BY "):
        return f"[{name}]({CREATIVE_COMMONS}/licenses/by/{name.removeprefix('CC BY ')}/)"
    return {"MIT": "[MIT](https://opensource.org/license/mit)", "public domain": "public domain"}[name]


def write_into(page: Path, part: str, text: str) -> None:
    """Put a text between the marks `<!-- part -->` and `<!-- to here -->` of a page."""
    begins, ends = marks(part)
    before, rest = page.read_text("utf-8").split(begins)
    page.write_text(before + begins + text + ends + rest.split(ends, 1)[1], "utf-8")


def part_of(page: Path, part: str) -> str:
    """Return what stands between the marks of a page."""
    begins, ends = marks(part)
    return page.read_text("utf-8").split(begins)[1].split(ends)[0]


def marks(part: str) -> tuple[str, str]:
    """Return the lines before and behind a part."""
    return f"<!-- {part}: from gallery.toml -->\n", "<!-- to here -->"


def text_of(part: str) -> str:
    """Return what the list makes of a part: `credits`, or a list of strips."""
    if part == "credits":
        return credits_table()
    return "\n".join(strip.markdown for strip in strips(part))


def remove_strips_not_in(kind: str) -> None:
    """Delete the strips of photos that the list names no more."""
    wanted = {strip.path for strip in strips(kind)}
    for path in (PICTURES / FOLDERS[kind]).glob("*.jpg"):
        if path not in wanted:
            path.unlink()
