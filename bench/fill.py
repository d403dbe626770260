"""Compare methods that fill what a photo hides, where the truth is known.

A strip along every occlusion boundary, 5 to 80 pixels wide, is removed on the far side. The near side is masked, with
the pixels that may contain some of its colour, as if the near things were wider. All methods see the same pixels,
except in "hole only", where OpenCV also sees the near side, as in normal use. PSNR and SSIM are those of
`bench.metrics`, inside the strip. The error of inverse depth is relative to copying the nearest far-side pixel.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from bench.machine import this_machine
from bench.metrics import psnr_db, ssim
from export.sides import MIXED_PX, NEAR, side_map
from kbvr.depth.estimate import estimate_depth
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.errors import InputError
from kbvr.imaging.nearest_seed import nearest_seed
from kbvr.inpaint.choose import filler_named, network_filler
from kbvr.inpaint.filler import Filler
from kbvr.inpaint.patches import patches
from kbvr.inpaint.push_pull import spread
from kbvr.photo.photo import load_photo

WIDTHS_PX = (5, 10, 20, 40, 80)
HELD_OUT_EVERY = 100
"""The trainers hold out every 100th photo, in the order of their names."""

LEAST_HOLE_PX = 200


@dataclass(frozen=True, eq=False)
class Question:
    """A picture with depth, with a strip to fill."""

    name: str
    width_px: int
    rgb: UInt8[np.ndarray, "H W 3"]
    inverse_depth: Float32[np.ndarray, "H W"]
    hole: Bool[np.ndarray, "H W"]
    source: Bool[np.ndarray, "H W"]
    near: Bool[np.ndarray, "H W"]
    """The near side, which the fill must not continue."""


@dataclass(frozen=True)
class Method:
    """A filler, and what it may see."""

    filler: Filler
    sees_near: bool = False
    """Whether the near side is a source too, as for inpainting that knows only the hole."""


@dataclass(frozen=True)
class Answer:
    """The figures of one method on one question."""

    psnr_db: float
    ssim: float
    depth_error_share: float
    """Mean absolute error of inverse depth in the hole, relative to the nearest background's; NaN if that is 0."""


def questions_of(
    name: str, rgb: UInt8[np.ndarray, "H W 3"], inverse_depth: Float32[np.ndarray, "H W"]
) -> list[Question]:
    """Return a question for every width with enough pixels in the picture."""
    sides = side_map(inverse_depth)
    questions = []
    for width_px in WIDTHS_PX:
        hole = (sides > MIXED_PX) & (sides <= MIXED_PX + width_px)
        source = (sides > MIXED_PX + width_px) & (sides != NEAR)
        if hole.sum() >= LEAST_HOLE_PX and source.mean() > 0.1:
            questions.append(Question(name, width_px, rgb, inverse_depth, hole, source, sides == NEAR))
    return questions


def opencv_filler(method: int) -> Filler:
    """Return OpenCV's inpainting as a filler; inverse depth is that of the nearest source."""

    def inpaint(
        rgb: UInt8[np.ndarray, "H W 3"],
        inverse_depth: Float32[np.ndarray, "H W"],
        *,
        hole: Bool[np.ndarray, "H W"],
        source: Bool[np.ndarray, "H W"],
    ) -> tuple[UInt8[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]]:
        unknown = (~source).astype(np.uint8)
        filled = cv2.inpaint(np.where(source[..., None], rgb, 0).astype(np.uint8), unknown, 3, method)
        return np.where(hole[..., None], filled, rgb).astype(np.uint8), copied_depth(inverse_depth, source)

    return inpaint


def copied_depth(
    inverse_depth: Float32[np.ndarray, "H W"], source: Bool[np.ndarray, "H W"]
) -> Float32[np.ndarray, "H W"]:
    """Return inverse depth, with every other pixel taking that of its nearest source."""
    return np.asarray(inverse_depth.ravel()[nearest_seed(source)[1]], np.float32).reshape(inverse_depth.shape)


def answer_to(question: Question, method: Method) -> Answer:
    """Fill and measure. Pixels that the filler may not see are grey."""
    source = question.source | question.near if method.sees_near else question.source
    rgb = np.where(source[..., None], question.rgb, 127).astype(np.uint8)
    depth = np.where(source, question.inverse_depth, 0).astype(np.float32)
    filled, filled_depth = method.filler(rgb, depth, hole=question.hole, source=source)
    copied = copied_depth(question.inverse_depth, question.source)
    error, copied_error = (
        float(np.abs(guess - question.inverse_depth)[question.hole].mean()) for guess in (filled_depth, copied)
    )
    whole = np.where(question.hole[..., None], filled, question.rgb).astype(np.uint8)
    return Answer(
        psnr_db=psnr_db(whole, question.rgb, question.hole),
        ssim=ssim(whole, question.rgb, question.hole),
        depth_error_share=error / copied_error if copied_error > 0 else float("nan"),
    )


def load_questions(folder: Path, every: int) -> list[Question]:
    """Return the questions of every n-th photo of a folder.

    Raises:
        InputError: if there is no photo.
    """
    files = sorted(folder.glob("*.jpg"))[::every]
    if not files:
        raise InputError(f"--photos: expected a folder of .jpg files, got {folder}")
    photos = [load_photo(file) for file in files]
    return [
        question
        for file, photo in zip(files, photos, strict=True)
        for question in questions_of(file.stem, photo.rgb, estimate_depth(photo, model=BUILT_IN_NETWORK).inverse_depth)
    ]


def medians(answers: Sequence[Answer]) -> Answer:
    """Return the median of each figure."""
    return Answer(*np.nanmedian([list(asdict(answer).values()) for answer in answers], axis=0).tolist())


def report(questions: Sequence[Question], answers: dict[str, list[Answer]]) -> str:
    """Return a Markdown table: medians over all questions, the first method's median gain, and PSNR by width."""
    best, first = next(iter(answers.items()))
    ours = [answer.psnr_db for answer in first]
    heads = " | ".join(f"{width} px" for width in WIDTHS_PX)
    lines = [
        f"| {f'median of {len(questions)}':25} | PSNR dB |  SSIM | depth error | {best} gains dB | {heads} |",
        f"|{'-' * 27}|--------:|------:|------------:|{'-' * (len(best) + 10)}:|" + "-----:|" * len(WIDTHS_PX),
    ]
    for name, rows in answers.items():
        middle = medians(rows)
        gain = float(np.median([own - row.psnr_db for own, row in zip(ours, rows, strict=True)]))
        by_width = [
            np.median(
                [row.psnr_db for row, question in zip(rows, questions, strict=True) if question.width_px == width]
            )
            for width in WIDTHS_PX
        ]
        cells = " | ".join(f"{value:.1f}" for value in by_width)
        lines.append(
            f"| {name:25} | {middle.psnr_db:7.2f} | {middle.ssim:5.3f} | {middle.depth_error_share:11.2f} "
            f"| {gain:{len(best) + 9}.2f} | {cells} |"
        )
    return "\n".join(lines)


def methods_of(networks: Sequence[Path]) -> dict[str, Method]:
    """Return the methods by name."""
    telea, navier_stokes = opencv_filler(cv2.INPAINT_TELEA), opencv_filler(cv2.INPAINT_NS)
    return {
        "patches": Method(patches),
        "kbvr-fill": Method(filler_named("kbvr-fill")),
        **{file.name[:25]: Method(network_filler(file)) for file in networks},
        "spread": Method(spread),
        "OpenCV Telea": Method(telea),
        "OpenCV NS": Method(navier_stokes),
        "OpenCV Telea, hole only": Method(telea, sees_near=True),
        "OpenCV NS, hole only": Method(navier_stokes, sees_near=True),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 2 if the photos or the network cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m bench.fill", description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of .jpg files")
    parser.add_argument(
        "--every", type=int, default=HELD_OUT_EVERY, help="take every n-th photo (default: those not used in training)"
    )
    parser.add_argument(
        "--network",
        type=Path,
        action="append",
        default=[],
        help="another ONNX file, as for --fill; can be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    machine = this_machine()
    try:
        methods = methods_of(options.network)
        questions = load_questions(options.photos, options.every)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    answers = {name: [answer_to(question, method) for question in questions] for name, method in methods.items()}
    if options.json:
        plain = {name: [asdict(answer) for answer in rows] for name, rows in answers.items()}
        asked = [{"photo": question.name, "width_px": question.width_px} for question in questions]
        print(json.dumps(machine.as_json() | {"questions": asked, "answers": plain}, indent=1))
    else:
        print("\n".join(machine.lines()), report(questions, answers), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
