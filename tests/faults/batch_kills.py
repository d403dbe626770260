"""Kill a batch of many kinds of photos at random times, let it resume, and check that nothing is missing or damaged.

PYTHONPATH=tests:. python -m faults.batch_kills --photos 300 --broken 10 --kills 3 [--from FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import pi_heif  # noqa: F401  a missing reader fails at once
import tifffile
from PIL import Image, ImageOps

ROOT = Path(__file__).parents[2]
OPTIONS = ("--still", "sbs", "--depth-map", "png", "--max-size", "480", "--depth-quality", "fast")
BREAKAGES = ("empty", "text", "cut off", "rubbish inside", "tiny", "renamed video", "huge header", "zeros")


def write_photo(image: Image.Image, path_without_suffix: Path, kind: int) -> Path:
    """Write a picture as one of many kinds of file; return its path."""
    kinds = (
        lambda path: image.save(path.with_suffix(".jpg"), quality=90),
        lambda path: image.convert("L").save(path.with_suffix(".jpeg"), quality=85),
        lambda path: image.convert("CMYK").save(path.with_suffix(".jpg"), quality=90),
        lambda path: image.save(path.with_suffix(".png")),
        lambda path: image.convert("RGBA").save(path.with_suffix(".PNG")),
        lambda path: image.convert("P", palette=Image.Palette.ADAPTIVE).save(path.with_suffix(".png")),
        lambda path: image.save(path.with_suffix(".webp"), quality=80),
        lambda path: image.save(path.with_suffix(".tif"), compression="tiff_lzw"),
        lambda path: tifffile.imwrite(path.with_suffix(".tiff"), np.asarray(image).astype(np.uint16) * 257),
        lambda path: image.save(path.with_suffix(".avif"), quality=70, speed=9),
        lambda path: image.rotate(90, expand=True).save(path.with_suffix(".jpg"), exif=_turned()),
        lambda path: image.resize((64, 48)).save(path.with_suffix(".jpg")),
        lambda path: image.crop((0, image.height // 3, image.width, image.height // 2)).save(path.with_suffix(".jpg")),
        lambda path: image.save(path.with_suffix(".jpg"), progressive=True, quality=70),
    )
    before = {*path_without_suffix.parent.glob(f"{path_without_suffix.name}.*")}
    kinds[kind % len(kinds)](path_without_suffix)
    (path,) = {*path_without_suffix.parent.glob(f"{path_without_suffix.name}.*")} - before
    return path


def break_photo(path: Path, breakage: str) -> None:
    """Damage a photo so that nothing can be made of it."""
    content = path.read_bytes()
    damaged = {
        "empty": b"",
        "text": b"no photo",
        "cut off": content[: min(300, len(content) // 8)],
        "rubbish inside": content[:24] + bytes(range(256)) * 8,
        "tiny": _bytes_of(Image.new("RGB", (8, 8))),
        "renamed video": b"\0\0\0\x18ftypmp42" + bytes(400),
        "huge header": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0" + bytes(40),
        "zeros": bytes(5000),
    }[breakage]
    path.write_bytes(damaged)


def make_photos(
    folder: Path, count: int, broken: int, originals: list[Path], random: Random, *, side_px: int = 1000
) -> None:
    """Write photos of many kinds into a folder and its subfolders, and damage some of them."""
    paths = []
    for number in range(count):
        place = folder / ("", "1912", "1912/harbour", "prints")[number % 4]
        place.mkdir(parents=True, exist_ok=True)
        with Image.open(originals[number % len(originals)]) as original:
            image = ImageOps.exif_transpose(original).convert("RGB")
        image.thumbnail((side_px, side_px))
        image = ImageOps.mirror(image) if number // len(originals) % 2 else image
        paths.append(write_photo(image, place / f"photo {number:03}", number))
    for number, path in enumerate(random.sample(paths, broken)):
        break_photo(path, BREAKAGES[number % len(BREAKAGES)])


@dataclass
class Ending:
    """What a batch left in the end."""

    done: int = 0
    errors: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Everything that should not be: an empty list is a success."""

    kills: list[str] = field(default_factory=list)


def run_with_kills(photos: Path, out: Path, kills: int, random: Random, *, most_done: int) -> Ending:
    """Run a batch, kill it some times, and let it end; return what is there then.

    Each kill comes when the run has done a random number of photos, 1 to `most_done`, and a random while later.
    """
    ending = Ending()
    command = [sys.executable, "-m", "kbvr", "batch", "-r", str(photos), "-o", str(out), *OPTIONS, "--progress", "none"]
    for _ in range(kills):
        enough = _done(out) + random.randint(1, most_done)
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            while process.poll() is None and _done(out) < enough:
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.2))
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            else:
                ending.problems.append("it ended before it was killed")
            process.communicate()
        ending.kills.append(f"with {_counts(out)}")
    last = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    status = subprocess.run(
        [sys.executable, "-m", "kbvr", "batch", "status", str(out), "--json"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    if last.returncode not in (0, 2):
        ending.problems.append(f"the last run ended with {last.returncode}: {last.stderr[-500:]}")
    check(json.loads(status.stdout), photos, out, ending)
    return ending


def check(status: dict[str, object], photos: Path, out: Path, ending: Ending) -> None:
    """Compare what the ledger says with the photos and with the files that are there."""
    rows = status["photos"]
    assert isinstance(rows, list)
    ending.done = sum(row["status"] == "done" for row in rows)
    ending.errors = [row["error"] for row in rows if row["status"] == "failed"]
    sources = {str(path) for path in photos.rglob("*") if path.is_file()}
    found = [row["address"] for row in rows]
    if sorted(found) != sorted(sources):
        ending.problems.append(f"photos missing from the ledger: {sources - set(found)}")
    ending.problems += [f"{row['address']}: {row['status']}" for row in rows if row["status"] not in ("done", "failed")]
    ending.problems += [f"not one line: {error!r}" for error in ending.errors if not error or "\n" in error]
    outputs = [output for row in rows for output in row["outputs"]]
    for output in outputs:
        content = (out / output["path"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != output["sha256"]:
            ending.problems.append(f"{output['path']} differs from what the ledger says")
        with Image.open(BytesIO(content)) as image:
            image.load()
    listed = [output["path"] for output in outputs]
    written = [path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()]
    written = [path for path in written if not path.startswith((".kbvr/", "kbvr.sqlite"))]
    if sorted(listed) != sorted(written):
        ending.problems.append(f"files: {sorted(set(written) ^ set(listed))[:9]}, {len(listed)} listed")
    if _done(out) != ending.done:
        ending.problems.append(f"{_done(out)} receipts for {ending.done} photos")
    for address in (row["address"] for row in rows if row["status"] == "done"):
        if sum(row["address"] == address for row in rows) != 1:
            ending.problems.append(f"{address} is there twice")


def _done(out: Path) -> int:
    return sum('"status": "done"' in path.read_text("utf-8") for path in (out / ".kbvr/receipts").rglob("*.json"))


def _counts(out: Path) -> str:
    if not (out / "kbvr.sqlite").exists():
        return "nothing yet"
    database = sqlite3.connect(out / "kbvr.sqlite")
    try:
        found = database.execute("SELECT status, COUNT(*) FROM photos GROUP BY status").fetchall()
    except sqlite3.OperationalError:
        return "nothing yet"
    finally:
        database.close()
    return ", ".join(f"{count} {status}" for status, count in found)


def _turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def _bytes_of(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


def main() -> int:
    """Run the campaign and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--broken", type=int, default=10)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--from", dest="folder", type=Path, default=ROOT / "docs/photos")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    arguments = parser.parse_args()
    random = Random(arguments.seed)
    originals = sorted(arguments.folder.glob("*.jpg"))[: arguments.photos]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_photos(folder / "photos", arguments.photos, arguments.broken, originals, random)
        begun = time.monotonic()
        most_done = arguments.photos // (arguments.kills + 1)
        ending = run_with_kills(folder / "photos", folder / "out", arguments.kills, random, most_done=most_done)
        print(f"seed {arguments.seed}: {arguments.photos} photos, {time.monotonic() - begun:.0f} s in all")
    print("\n".join(f"killed {kill}" for kill in ending.kills))
    print(f"in the end: {ending.done} done, {len(ending.errors)} failed:")
    print("\n".join(f"  {error}" for error in ending.errors))
    print("\n".join(f"PROBLEM: {problem}" for problem in ending.problems) or "no problem")
    return 1 if ending.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
