"""Measure the repair of old prints: on photos with damage drawn over them, and on intact ones.

PSNR inside the damage is that of the damaged and of the repaired print, compared with the print before the damage.
`touched` is the share of intact pixels that a repair changes. `depth` is the correlation of the inverse depth of a
damaged print, and of one on textured paper, with that of the intact print; `repaired` is what `--repair` makes of them.
Photos are every 20th of a folder, without old ones; kbvr-damage is trained on others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from bench.damage import Damaged, as_print, damaged, scanned, with_paper_texture
from bench.machine import this_machine
from export.teachers import load_rgb
from export.train_damage import photos_for
from kbvr.depth.estimate import estimate_depth
from kbvr.photo.photo import photo_from_array
from kbvr.repair import for_depth, repaired
from kbvr.repair.border import picture_in_scan

TOUCHED_BAR, DEPTH_BAR = 0.005, 0.02

Rgb = UInt8[np.ndarray, "H W 3"]


@dataclass
class Figures:
    """What was measured, a number for each photo."""

    before_db: list[float] = field(default_factory=list)
    after_db: list[float] = field(default_factory=list)
    filled_db: list[float] = field(default_factory=list)
    """The same of the damage that was found, before and after."""

    found_before_db: list[float] = field(default_factory=list)
    found: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Kind of damage -> found pixels and all pixels."""

    touched_damaged: list[float] = field(default_factory=list)
    touched_photo: list[float] = field(default_factory=list)
    touched_print: list[float] = field(default_factory=list)
    turned_deg: list[float] = field(default_factory=list)
    """Errors of found turns."""

    corner_px: list[float] = field(default_factory=list)
    """Largest distances of a found picture's corners from the true ones."""

    missed_borders: int = 0
    cropped_photos: int = 0
    depth_damaged: list[float] = field(default_factory=list)
    depth_repaired: list[float] = field(default_factory=list)
    depth_textured: list[float] = field(default_factory=list)
    depth_smoothed: list[float] = field(default_factory=list)


def photos_in(folder: Path, every: int) -> Iterator[tuple[int, Rgb]]:
    """Yield the number and the pixels of every so many of the photos that kbvr-damage was not trained on."""
    for index, path in enumerate(photos_for(folder)[1]):
        if index % every == 0:
            yield index, load_rgb(path)


def measure(photos: Iterator[tuple[int, Rgb]], *, depths: int) -> Figures:
    """Measure on photos, the depth on the first `depths` of them."""
    figures = Figures()
    for number, (index, rgb) in enumerate(photos):
        rng = np.random.default_rng(index)
        print_ = as_print(rgb, rng)
        done, scan, textured = damaged(print_, rng), scanned(print_, rng), with_paper_texture(print_, rng)
        _damage(figures, done)
        figures.touched_photo.append(_touched(rgb))
        figures.touched_print.append(_touched(print_))
        figures.cropped_photos += picture_in_scan(rgb) is not None
        crop = picture_in_scan(scan.rgb)
        if crop is None:
            figures.missed_borders += 1
        else:
            figures.turned_deg.append(abs(crop.turned_deg - scan.angle_deg))
            corners = (scan.corners + 0.5) @ crop.scan_to_picture[:, :2].T + crop.scan_to_picture[:, 2]
            width, height = crop.size_px
            true = np.array([[0, 0], [width, 0], [width, height], [0, height]])
            figures.corner_px.append(float(np.linalg.norm(corners - true, axis=1).max()))
        if number < depths:
            _depth(figures, done, textured)
    return figures


def _damage(figures: Figures, done: Damaged) -> None:
    rgb = repaired(photo_from_array(done.rgb)).rgb
    if rgb.shape != done.rgb.shape:  # its border was taken for that of a print
        figures.touched_damaged.append(1.0)
        return
    changed = (rgb != done.rgb).any(axis=2)
    figures.before_db.append(_psnr(done.rgb, done.intact, done.mask))
    figures.after_db.append(_psnr(rgb, done.intact, done.mask))
    found = changed & done.mask
    if found.any():
        figures.found_before_db.append(_psnr(done.rgb, done.intact, found))
        figures.filled_db.append(_psnr(rgb, done.intact, found))
    figures.touched_damaged.append(float((changed & ~_near(done.drawn)).sum() / (~done.drawn).sum()))
    for kind, mask in done.kinds.items():
        if mask.any():
            figures.found.setdefault(kind, []).append((int((changed & mask).sum()), int(mask.sum())))


def _near(mask: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Return a mask with the soft edge of the damage, which changes less than is seen."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


def _touched(rgb: Rgb) -> float:
    """Return the share of an intact picture that a repair changes."""
    done = repaired(photo_from_array(rgb)).rgb
    return 1.0 if done.shape != rgb.shape else float((done != rgb).any(axis=2).mean())


def _depth(figures: Figures, done: Damaged, textured: Rgb) -> None:
    clean = _inverse_depth(done.intact)
    whole = repaired(photo_from_array(done.rgb)).rgb
    if whole.shape == done.intact.shape:
        figures.depth_damaged.append(_correlation(_inverse_depth(done.rgb), clean))
        figures.depth_repaired.append(_correlation(_inverse_depth(whole, for_repair=True), clean))
    figures.depth_textured.append(_correlation(_inverse_depth(textured), clean))
    figures.depth_smoothed.append(_correlation(_inverse_depth(textured, for_repair=True), clean))


def _inverse_depth(rgb: Rgb, *, for_repair: bool = False) -> np.ndarray:
    photo = photo_from_array(rgb)
    return estimate_depth(for_depth(photo) if for_repair else photo, model="kbvr-depth").inverse_depth


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _psnr(rgb: Rgb, true: Rgb, where: Bool[np.ndarray, "H W"]) -> float:
    if not where.any():
        return float("nan")
    error = (rgb[where].astype(np.float64) - true[where]) ** 2
    return float(10 * np.log10(255**2 / max(error.mean(), 1e-3)))


def report(figures: Figures) -> str:
    """Return the figures as a table."""

    def row(name: str, values: Sequence[float], form: str = "{:.2f}") -> str:
        middle, worst = (form.format(v) for v in (np.nanmean(values), np.nanmax(values))) if values else ("-", "-")
        return f"| {name} | {middle} | {worst} |"

    lines = ["| | mean | largest |", "|---|--:|--:|"]
    lines += [
        row("PSNR inside the damage, damaged print, dB", figures.before_db),
        row("PSNR inside the damage, repaired, dB", figures.after_db),
        row("PSNR inside the damage that was found, damaged print, dB", figures.found_before_db),
        row("PSNR inside the damage that was found, repaired, dB", figures.filled_db),
        row("intact pixels touched, damaged prints", figures.touched_damaged, "{:.2%}"),
        row("intact pixels touched, intact prints", figures.touched_print, "{:.2%}"),
        row("intact pixels touched, photos", figures.touched_photo, "{:.2%}"),
        row("error of the turn, degrees", figures.turned_deg),
        row("error of the worst corner, px", figures.corner_px, "{:.1f}"),
    ]
    for kind, counts in figures.found.items():
        found, whole = np.array(counts).sum(axis=0)
        lines.append(f"| damage found: {kind} | {found / whole:.0%} | |")
    borders = figures.missed_borders + len(figures.corner_px)
    lines.append(f"| borders found | {len(figures.corner_px)} of {borders} | |")
    lines.append(f"| photos without a border that were cropped | {figures.cropped_photos} of {borders} | |")
    for name, values in (
        ("damaged", figures.depth_damaged),
        ("damaged, repaired", figures.depth_repaired),
        ("textured paper", figures.depth_textured),
        ("textured paper, repaired", figures.depth_smoothed),
    ):
        if values:
            lines.append(f"| depth: correlation with the intact print, {name} | {np.mean(values):.3f} | |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.repair", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of .jpg files")
    parser.add_argument("--every", type=int, default=1, help="use every so many of them (default: 1)")
    parser.add_argument("--depths", type=int, default=24, help="number of photos whose depth is estimated")
    options = parser.parse_args(arguments)
    figures = measure(photos_in(options.photos, options.every), depths=options.depths)
    print(f"{this_machine()}\n{len(figures.touched_photo)} photos\n{report(figures)}")
    good = max(np.mean(v) for v in (figures.touched_damaged, figures.touched_photo, figures.touched_print))
    loss = 1 - np.mean(figures.depth_repaired) if figures.depth_repaired else 0.0
    sys.exit(0 if good <= TOUCHED_BAR and loss <= DEPTH_BAR else 1)


if __name__ == "__main__":
    main()
