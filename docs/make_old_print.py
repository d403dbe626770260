"""Make examples/print.jpg, a scan of an old print: python docs/make_old_print.py.

It is docs/photos/camera.jpg, faded and toned, with the damage of `bench.damage`, a white border, and turned.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from bench.damage import damaged, scanned

ROOT = Path(__file__).parents[1]
SEED = 30
TONE = (1.0, 0.93, 0.8)


def main() -> None:
    """Write the scan."""
    grey = np.asarray(cv2.imread(str(ROOT / "docs/photos/camera.jpg"), cv2.IMREAD_GRAYSCALE), np.float32)
    print_ = np.clip(60 + grey[..., None] * 0.6 * np.array(TONE, np.float32), 0, 255).astype(np.uint8)
    rng = np.random.default_rng(SEED)
    scan = scanned(damaged(print_, rng).rgb, rng).rgb
    cv2.imwrite(str(ROOT / "examples/print.jpg"), scan[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


if __name__ == "__main__":
    main()
