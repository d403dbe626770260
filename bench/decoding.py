"""Measure the cost of decoding photos in a second process, and the memory that decoding takes.

Every kind of file is decoded in this process and in the second one, by turns. The fastest run of each counts, because a
busy machine affects it least. `cost ms` is the difference once the process runs; `first ms` is the first photo of a
program, including the start of the process. `peak B/px` is the growth of a fresh process's peak memory per pixel.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.machine import this_machine
from bench.render import photo_rgb
from bench.scene import size_of

MEGAPIXELS = (1.0, 12.0, 48.0)
REPEATS = 7


@dataclass(frozen=True)
class DecodingFigures:
    """The figures of one file."""

    kind: str
    size_px: tuple[int, int]
    in_process_ms: float
    second_process_ms: float
    cost_ms: float
    first_ms: float
    peak_bytes_a_px: float


def write_picture(kind: str, rgb: np.ndarray, path: Path) -> None:
    """Write a picture as one of KINDS."""
    KINDS[kind](rgb, path)


def _saver(form: str, *, mode: str = "RGB", **options: object) -> Callable[[np.ndarray, Path], None]:
    def save(rgb: np.ndarray, path: Path) -> None:
        from PIL import Image

        Image.fromarray(rgb).convert(mode).save(path, form, **options)

    return save


def _save_16_bit(rgb: np.ndarray, path: Path) -> None:
    import cv2

    done, content = cv2.imencode(path.suffix, rgb[..., [2, 1, 0, 3][: rgb.shape[2]]].astype(np.uint16) * 257)
    if not done:
        raise OSError(f"{path} could not be written")
    path.write_bytes(content.tobytes())


def _save_float_tiff(rgb: np.ndarray, path: Path) -> None:
    import tifffile

    tifffile.imwrite(path, rgb.astype(np.float32) / 255, photometric="rgb", compression="zlib")


def _save_alpha_16_bit(rgb: np.ndarray, path: Path) -> None:
    _save_16_bit(np.concatenate([rgb, rgb[..., :1]], axis=2), path)


KINDS: dict[str, Callable[[np.ndarray, Path], None]] = {
    "JPEG.jpg": _saver("JPEG", quality=92),
    "progressive JPEG.jpg": _saver("JPEG", quality=92, progressive=True, subsampling=0),
    "CMYK JPEG.jpg": _saver("JPEG", quality=92, mode="CMYK"),
    "PNG.png": _saver("PNG", compress_level=1),
    "PNG with alpha.png": _saver("PNG", compress_level=1, mode="RGBA"),
    "16-bit PNG.png": _save_16_bit,
    "16-bit PNG with alpha.png": _save_alpha_16_bit,
    "float TIFF.tif": _save_float_tiff,
    "CMYK TIFF.tif": _saver("TIFF", compression="tiff_lzw", mode="CMYK"),
    "TIFF.tif": _saver("TIFF", compression="tiff_lzw"),
    "16-bit TIFF.tif": _save_16_bit,
    "WebP.webp": _saver("WEBP"),
    "AVIF.avif": _saver("AVIF", speed=10),
}
"""Name and suffix of a kind of file -> its writer."""


def peak_bytes(path: str) -> tuple[int, int]:
    """Return this process's peak memory before and after it decodes a photo, in bytes; Linux only."""
    from kbvr.photo.decode import decode_photo

    before = _peak_bytes()
    decode_photo(path)
    return before, _peak_bytes()


def _peak_bytes() -> int:
    (line,) = (line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def measured(kind: str, megapixels: float, folder: Path, repeats: int) -> DecodingFigures:
    """Write a picture and decode it in this process and in the second one."""
    from kbvr.photo.decode import decode_photo
    from kbvr.photo.decoders import end_all, start_process
    from kbvr.photo.decoding_process import decoded_photo
    from kbvr.system.isolated_process import Request

    size_px = size_of(megapixels)
    path = folder / f"photo{Path(kind).suffix}"
    write_picture(kind, photo_rgb(size_px), path)
    end_all()
    first_ms = _milliseconds(decoded_photo, path)
    pairs = [(_milliseconds(decode_photo, path), _milliseconds(decoded_photo, path)) for _ in range(repeats)]
    fresh = start_process()
    before, after = fresh.call(Request("bench.decoding:peak_bytes", (str(path),), limit_s=600.0))
    fresh.close()
    in_process_ms, second_process_ms = (min(column) for column in zip(*pairs, strict=True))
    px = size_px[0] * size_px[1]
    return DecodingFigures(
        kind=Path(kind).stem,
        size_px=size_px,
        in_process_ms=in_process_ms,
        second_process_ms=second_process_ms,
        cost_ms=second_process_ms - in_process_ms,
        first_ms=first_ms,
        peak_bytes_a_px=(after - before) / px,
    )


def _milliseconds(decode: Callable[[Path], object], path: Path) -> float:
    start = time.perf_counter()
    decode(path)
    return (time.perf_counter() - start) * 1e3


def decoding_table(figures: Sequence[DecodingFigures]) -> str:
    """Return a Markdown table, a row per file."""
    lines = [
        "| file                  | photo MP | in-process ms | second process ms | cost ms | first ms | peak B/px |",
        "|-----------------------|---------:|--------------:|------------------:|--------:|---------:|----------:|",
    ]
    for row in figures:
        megapixels = row.size_px[0] * row.size_px[1] / 1e6
        lines.append(
            f"| {row.kind:21} | {megapixels:8.1f} | {row.in_process_ms:13.0f} | {row.second_process_ms:17.0f} "
            f"| {row.cost_ms:7.1f} | {row.first_ms:8.0f} | {row.peak_bytes_a_px:9.1f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.decoding", description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS, help="sizes to measure")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS), help="files to measure")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="number of runs per file")
    options = parser.parse_args(arguments)
    machine = this_machine()
    with tempfile.TemporaryDirectory() as folder:
        figures = [
            measured(kind, megapixels, Path(folder), options.repeats)
            for megapixels in options.megapixels
            for kind in options.kinds
        ]
    print("\n".join(machine.lines()), decoding_table(figures), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
