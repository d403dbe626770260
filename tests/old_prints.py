"""Pictures of prints, drawn so that everything about them is known."""

from __future__ import annotations

import cv2
import numpy as np

WIDTH, HEIGHT = 480, 360


def scene() -> np.ndarray:
    """Return a grey picture of soft hills with a house, without anything thin."""
    x, y = np.meshgrid(np.arange(WIDTH) / WIDTH, np.arange(HEIGHT) / HEIGHT)
    grey = 120 + 30 * np.sin(4 * x + 1) - 50 * y
    grey[y > 0.6 + 0.08 * np.sin(6 * x)] -= 30
    grey[150:250, 100:220] = 60
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def scratched(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture with two light scratches and dust, and where they are."""
    mask = np.zeros(rgb.shape[:2], np.uint8)
    along = np.linspace(0, 1, 60)
    for start, end, bend, width in (((60, 30), (300, 110), 25, 2), ((400, 60), (330, 330), -20, 3)):
        points = np.array(start) + along[:, None] * (np.array(end) - start)
        points[:, 1] += bend * np.sin(np.pi * along)
        cv2.polylines(mask, [points.astype(np.int32)], False, 1, width)
    for x, y in ((30, 200), (260, 150), (280, 290), (440, 30), (380, 230), (150, 320)):
        cv2.circle(mask, (x, y), 2, 1, -1)
    return np.where(mask[..., None] > 0, np.uint8(235), rgb), mask > 0


def bordered(rgb: np.ndarray, turn_deg: float, *, paper: int = 232, ground: int = 252) -> np.ndarray:
    """Return a picture with a border of 24 px, turned clockwise in the middle of a scanner's ground."""
    height, width = rgb.shape[:2]
    print_ = cv2.copyMakeBorder(rgb, 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=(paper,) * 3)
    margin = 70
    whole = (width + 48 + 2 * margin, height + 48 + 2 * margin)
    turn = cv2.getRotationMatrix2D(((width + 47) / 2, (height + 47) / 2), -turn_deg, 1)
    turn[:, 2] += margin
    return cv2.warpAffine(print_, turn, whole, flags=cv2.INTER_LINEAR, borderValue=(ground,) * 3)
