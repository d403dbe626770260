"""Label photos with the teacher networks, once, into one .npz per photo.

The label is the mean of several normalised teacher outputs (sizes and mirror images of TCMonoDepth), with ramps turned
into steps. The whole photo and some windows of it are labelled separately, so that a student that sees a window learns
from the teacher's output for that window (Beyer et al., "Knowledge distillation: a good teacher is patient and
consistent", 2022). Some photos also get the sky probability of a segmentation network.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from export.steep import steepened
from kbvr.nets import Session
from kbvr.nets.onnxruntime_loader import onnxruntime

LABEL_LONG_SIDE = 384
STEEP_PX = 3
"""Ramps of up to twice this width become steps; on real pairs this finds a third more of the edges."""

WINDOWS = 1
"""Number of windows to label in each photo, besides the whole."""

WINDOW_ASPECTS = (4 / 3, 4 / 3, 1.0, 3 / 4, 3 / 2)
WINDOW_SHARE = (0.4, 0.9)
"""Minimum and maximum size of a window, as a share of the largest one of its shape."""

SKY_EVERY = 4
"""The slow sky teacher labels every 4th photo; the others get no sky label."""

SUBJECT_EVERY = 8
"""The subject of every 8th photo is cut out, to paste in front of other photos."""

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)

TC_SIZES = {
    "landscape": ((192, 288), (256, 384), (256, 256)),
    "portrait": ((384, 256), (256, 256)),
    "square": ((256, 256), (256, 384), (384, 256)),
}
"""(height, width) of the fixed-size TCMonoDepth graphs to average for each photo shape."""


def normalised(depth: np.ndarray) -> np.ndarray:
    """Subtract the median and divide by the mean absolute deviation."""
    centred = depth - np.median(depth)
    return (centred / (np.abs(centred).mean() + 1e-6)).astype(np.float32)


def shape_of(width: int, height: int) -> str:
    """Return the key of TC_SIZES that fits a picture."""
    if width > 1.1 * height:
        return "landscape"
    return "portrait" if height > 1.1 * width else "square"


class Teachers:
    """The teacher networks of a folder."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        options = onnxruntime().SessionOptions()
        options.intra_op_num_threads = threads

        def session(name: str) -> Session:
            return onnxruntime().InferenceSession(folder / name, options, providers=["CPUExecutionProvider"])

        sizes = {size for row in TC_SIZES.values() for size in row}
        self._tc = {hw: session(f"tcmonodepth_small_{hw[0]}x{hw[1]}.onnx") for hw in sizes}
        self.sky = _sky_network(folder, threads)
        """rgb uint8 (H, W, 3) -> sky probability float32 (384, 384)."""
        self._subject = session("u2netp.onnx")

    def subject(self, rgb: np.ndarray) -> np.ndarray:
        """Return the matte of the picture's subject, float32 (320, 320) in 0-1."""
        small = cv2.resize(rgb, (320, 320), interpolation=cv2.INTER_AREA) / np.float32(255)
        tensor = np.ascontiguousarray(((small - IMAGENET_MEAN) / IMAGENET_STD).transpose(2, 0, 1)[None])
        matte = np.asarray(self._subject.run(None, {"input.1": tensor})[0], np.float32).squeeze()
        return np.clip(matte, 0, 1)

    def depth(self, rgb: np.ndarray) -> np.ndarray:
        """Return normalised relative inverse depth of an RGB picture, float32, long side 384, with steep edges."""
        height, width = rgb.shape[:2]
        scale = LABEL_LONG_SIDE / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        total = np.zeros(size[::-1], np.float32)
        sizes = TC_SIZES[shape_of(width, height)]
        for hw in sizes:
            depth = _with_mirror(rgb, hw, self._tc[hw])
            total += normalised(cv2.resize(depth, size, interpolation=cv2.INTER_LINEAR))
        return normalised(steepened(total, radius_px=STEEP_PX))


def windows_of(width: int, height: int, seed: int) -> np.ndarray:
    """Return WINDOWS windows (x0, y0, x1, y1) of a photo, int32; they depend only on the seed."""
    rng = random.Random(seed)
    rows = []
    for _ in range(WINDOWS):
        aspect, share = rng.choice(WINDOW_ASPECTS), rng.uniform(*WINDOW_SHARE)
        window_w = min(width, height * aspect) * share
        window_h = window_w / aspect
        x, y = rng.uniform(0, width - window_w), rng.uniform(0, height - window_h)
        rows.append((x, y, x + window_w, y + window_h))
    return np.array(rows).astype(np.int32)


def _with_mirror(rgb: np.ndarray, hw: tuple[int, int], session: Session) -> np.ndarray:
    """Return the mean of one teacher's outputs for the picture and its mirror image."""
    small = cv2.resize(rgb, hw[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)

    def run(picture: np.ndarray) -> np.ndarray:
        tensor = np.ascontiguousarray(picture.transpose(2, 0, 1)[None])
        return np.asarray(session.run(None, {"rgb255": tensor})[0]).squeeze()

    return (run(small) + run(small[:, ::-1])[:, ::-1]) / 2


def _sky_network(folder: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return rgb uint8 -> sky probability (384, 384)."""
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.load_param(str(folder / "skysegsmall_sim-opt-fp16.param"))
    net.load_model(str(folder / "skysegsmall_sim-opt-fp16.bin"))

    def run(rgb: np.ndarray) -> np.ndarray:
        small = cv2.resize(rgb, (384, 384), interpolation=cv2.INTER_AREA) / np.float32(255)
        tensor = np.ascontiguousarray(((small - IMAGENET_MEAN) / IMAGENET_STD).transpose(2, 0, 1))
        with net.create_extractor() as extractor:
            extractor.input("input.1", ncnn.Mat(tensor))
            sky = np.array(extractor.extract("1959")[1]).reshape(384, 384)
        return np.clip(sky, 0, 1).astype(np.float32)

    return run


def load_rgb(path: Path) -> np.ndarray:
    """Return a picture file as uint8 (H, W, 3) RGB."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"expected a picture, got {path}")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def write_labels(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write the labels of one photo, completely or not at all."""
    aside = path.with_name(f".{path.name}")
    np.savez(aside, allow_pickle=False, **arrays)
    aside.rename(path)


def label_photos(photos: Path, teachers: Path, labels: Path, *, part: int = 0, parts: int = 1) -> int:
    """Write labels/NAME.npz for every photo that has none; return the number written. Resumes.

    `depth` is that of the whole photo, float16, normalised; `windows` are rows (x0, y0, x1, y1) in the photo's pixels,
    with their depth in `depth_0`, `depth_1`, ...; `sky` is uint8, 255 = sky, in every SKY_EVERY-th file, and `subject`
    is uint8, 255 = subject, in every SUBJECT_EVERY-th. Several processes can share the work: each takes one `part` of
    `parts`.
    """
    labels.mkdir(parents=True, exist_ok=True)
    networks = Teachers(teachers, threads=1 if parts > 1 else 2)
    written = 0
    for index, path in enumerate(sorted(photos.glob("*.jpg"))):
        if index // SKY_EVERY % parts != part or (labels / f"{path.stem}.npz").exists():
            continue
        rgb = load_rgb(path)
        windows = windows_of(rgb.shape[1], rgb.shape[0], index)
        arrays: dict[str, np.ndarray] = {"depth": networks.depth(rgb).astype(np.float16), "windows": windows}
        for number, (x0, y0, x1, y1) in enumerate(windows):
            arrays[f"depth_{number}"] = networks.depth(rgb[y0:y1, x0:x1]).astype(np.float16)
        if index % SKY_EVERY == 0:
            arrays["sky"] = np.round(networks.sky(rgb) * 255).astype(np.uint8)
        if index % SUBJECT_EVERY == 0:
            arrays["subject"] = np.round(networks.subject(rgb) * 255).astype(np.uint8)
        write_labels(labels / f"{path.stem}.npz", arrays)
        written += 1
        if written % 200 == 0:
            print(f"labelled {written}", flush=True)
    return written
