"""Measure guessed colours, and compare coloured photos with grey ones blind.

Figures are of colour photos that kbvr-color was not trained on, made grey. The sheets of `--sheets` show such photos
and old ones, grey and coloured, in random order (a, b from the left). Write the better one first in `votes.csv`: `ab`
or `ba`, `a=b` for equal ones; `--count` then tells how often colours were preferred.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from bench.blind import counted, numbered, stacked
from bench.machine import this_machine
from export.colour_photos import MIN_COLOUR, OLD_SOURCES, colour_of, index_of, is_held_out
from kbvr.colorize import ColourNetwork, colorized, colour_network
from kbvr.errors import InputError
from kbvr.imaging.lab import chroma_of, coloured, luminance_of
from kbvr.imaging.resize import averaged, within_px
from kbvr.photo.photo import load_photo, photo_from_array

SIDE_PX = 512
"""Long side of a photo on a sheet."""

ROWS = 3
"""Photos on a sheet."""

Picture = UInt8[np.ndarray, "H W 3"]


@dataclass(frozen=True)
class Figures:
    """How near guessed colours are to the true ones: mean distances in a and b of CIELAB."""

    error: float
    error_of_grey: float
    chroma: float
    """Mean chroma of the guess."""


def grey_of(rgb: Picture) -> Picture:
    """Return a photo without its colours; the luminance of every pixel stays."""
    luminance = luminance_of(rgb)
    return coloured(luminance, np.zeros((*luminance.shape, 2), np.float32))


def photos_in(folder: Path) -> tuple[list[Picture], list[Picture]]:
    """Return the colour photos of a folder that kbvr-color was not trained on, and its old photos, made grey.

    Raises:
        InputError: if there are none of either kind.
    """
    sources = index_of(folder)
    colourful, old = [], []
    for path in sorted(folder.glob("*.jpg")):
        is_old = OLD_SOURCES in sources.get(path.stem, ("", ""))[0].lower()
        if not is_old and not is_held_out(path.name):
            continue
        photo = load_photo(path)
        rgb = averaged(photo.rgb, within_px(photo.size_px, SIDE_PX))
        if is_old:
            old.append(grey_of(rgb))
        elif colour_of(rgb) >= MIN_COLOUR:
            colourful.append(rgb)
    if not colourful and not old:
        raise InputError(f"expected a folder with colour photos that were held out, or old photos, got {folder}")
    return colourful, old


def coloured_by(network: ColourNetwork, grey: Picture) -> Picture:
    """Return a grey photo with the colours that a network guesses."""
    return colorized(photo_from_array(grey), network).rgb


def figures_of(rgb: Picture, network: ColourNetwork) -> Figures:
    """Compare the guessed colours of a photo with its own."""
    true, guess = chroma_of(rgb), chroma_of(coloured_by(network, grey_of(rgb)))
    error, error_of_grey, chroma = (float(np.linalg.norm(ab, axis=-1).mean()) for ab in (guess - true, true, guess))
    return Figures(error, error_of_grey, chroma)


def report(name: str, figures: Sequence[Figures]) -> str:
    """Return the means over all photos as a table."""
    error, grey, chroma = (
        float(np.mean([getattr(one, what) for one in figures])) for what in ("error", "error_of_grey", "chroma")
    )
    better = sum(one.error < one.error_of_grey for one in figures)
    return "\n".join(
        (
            f"| {len(figures)} photos | {name} | grey |",
            "|---|--:|--:|",
            f"| mean error of the chroma | {error:.2f} | {grey:.2f} |",
            f"| mean chroma, as a share of the true one | {chroma / grey:.0%} | 0% |",
            f"| photos with the smaller error | {better} | {len(figures) - better} |",
        )
    )


def alternating(first: Sequence[Picture], second: Sequence[Picture]) -> Iterator[Picture]:
    """Yield pictures of both in turn, then what is left of the longer."""
    for index in range(max(len(first), len(second))):
        yield from (pictures[index] for pictures in (first, second) if index < len(pictures))


def write_sheets(greys: Sequence[Picture], network: ColourNetwork, folder: Path, *, seed: int) -> None:
    """Write sheets of grey photos beside the coloured ones, the key to them (`key.json`), and an empty `votes.csv`."""
    rng = np.random.default_rng(seed)
    key, rows = [], []
    folder.mkdir(parents=True, exist_ok=True)
    for number, grey in enumerate(greys):
        pictures = {"grey": grey, network.name: coloured_by(network, grey)}
        names = [str(name) for name in rng.permutation(list(pictures))]
        rows.append(numbered(number, [pictures[name] for name in names]))
        key.append({"names": names})
    for first in range(0, len(rows), ROWS):
        sheet = stacked(rows[first : first + ROWS])
        cv2.imwrite(str(folder / f"sheet-{first // ROWS:02}.png"), np.ascontiguousarray(sheet[..., ::-1]))
    (folder / "key.json").write_text(json.dumps(key, indent=1), "utf-8")
    (folder / "votes.csv").write_text("".join(f"{number},\n" for number in range(len(key))), "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures, write the sheets, or count the votes; return 0, or 2 if the photos cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m bench.colours", description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="folder of .jpg files, with their sources in INDEX.csv")
    parser.add_argument("--network", default="auto", help="a name or a file (default: the best installed)")
    parser.add_argument("--sheets", type=Path, help="folder of the sheets, which are written or counted")
    parser.add_argument("--pairs", type=int, default=60, help="number of pairs on the sheets")
    parser.add_argument("--count", action="store_true", help="count the votes in the folder of the sheets")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.photos is None and not (options.count and options.sheets):
        parser.error("expected --photos, or --sheets with --count")
    try:
        network = colour_network(options.network)
        if options.count:
            print(counted(options.sheets, network.name))
            return 0
        colourful, old = photos_in(options.photos)
        if options.sheets:
            chosen = list(alternating([grey_of(rgb) for rgb in colourful], old))[: options.pairs]
            write_sheets(chosen, network, options.sheets, seed=options.seed)
            return 0
        print(f"{this_machine()}\n{report(network.name, [figures_of(rgb, network) for rgb in colourful])}")
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
