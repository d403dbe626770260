"""Continuing along edges: lines keep their direction, flat stays flat, and only what is known is read."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kbvr.inpaint import along_edges as module
from kbvr.inpaint.along_edges import along_edges, structure_tensor
from kbvr.native import library as compiled

HEIGHT, WIDTH = 80, 96


def distance_to(known: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 5)


def left_of(column: int) -> np.ndarray:
    known = np.zeros((HEIGHT, WIDTH), bool)
    known[:, :column] = True
    return known


def half_plane(slope: float) -> np.ndarray:
    """Return a picture that is dark above a line through the middle row of column 48, and light below."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    light = np.clip(y - (HEIGHT / 2 + slope * (x - 48)) + 0.5, 0, 1)
    return np.repeat((0.2 + 0.6 * light)[None], 3, axis=0).astype(np.float32)


def filled(picture: np.ndarray, known: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    return along_edges(picture * known, known.astype(np.float32), unknown, distance_to(known))


@pytest.mark.parametrize("slope", [0.0, 0.5, -0.5, 1.0])
def test_an_edge_that_runs_into_the_unknown_keeps_its_direction(slope):
    """There is nothing on the other side. It goes at least two thirds of the straight line's way up or down."""
    picture, known = half_plane(slope), left_of(48)
    result = filled(picture, known, ~known)
    for column in (52, 58, 64):
        edge = np.argmin(np.abs(result[0, :, column] - 0.5)[10:-6]) + 10
        way = slope * (column - 48)
        assert abs(edge - (HEIGHT / 2 + way)) <= abs(way) / 3 + 1, column


def test_neither_side_is_preferred():
    """The mirror image of a picture is continued by the mirror image, upside down and from right to left."""
    picture, known = half_plane(0.5), left_of(48)
    result = filled(picture, known, ~known)
    for flip in (np.s_[..., ::-1, :], np.s_[..., ::-1]):
        np.testing.assert_allclose(filled(picture[flip], known[flip], ~known[flip]), result[flip], atol=1e-4)


def test_flat_stays_flat_and_known_pixels_stay():
    known = left_of(30)
    picture = np.full((3, HEIGHT, WIDTH), 0.3, np.float32)
    result = filled(picture, known, ~known)
    np.testing.assert_allclose(result, 0.3, atol=1e-5)
    picture[:, :, :30] = np.random.default_rng(0).random((3, HEIGHT, 30), np.float32)
    np.testing.assert_array_equal(filled(picture, known, ~known)[:, known], picture[:, known])


def test_pixels_without_confidence_are_never_read_and_what_is_not_asked_for_stays():
    known, unknown = left_of(30), left_of(40) & ~left_of(30)
    picture = np.full((3, HEIGHT, WIDTH), 0.3, np.float32)
    picture[:, ~known] = 9.0
    result = along_edges(picture, known.astype(np.float32), unknown, distance_to(known))
    np.testing.assert_allclose(result[:, unknown], 0.3, atol=1e-5)
    np.testing.assert_array_equal(result[:, ~known & ~unknown], 9.0)


def test_without_sources_everything_stays():
    nothing = np.zeros((HEIGHT, WIDTH), bool)
    picture = half_plane(0.5)
    np.testing.assert_array_equal(
        along_edges(picture, np.float32(0) * nothing, ~nothing, distance_to(nothing)), picture
    )


def test_the_structure_tensor_is_that_of_the_gradient():
    """A ramp of 2 levels per pixel along x and 1 along y has the tensor (4, 2, 1) in each of three channels."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    ramp = np.repeat(((2 * x + y) / 255)[None], 3, axis=0).astype(np.float32)
    known = left_of(60)
    ramp[:, ~known] = 0
    inner = np.s_[:, 10:-10, 10:50]
    for part, expected in zip(structure_tensor(ramp, known)[inner], (12, 6, 3), strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-3)


def literally(colours, confidence, tensor, distance_px, order):
    """Return the colours that the formula of along_edges.cpp gives, a pixel at a time."""
    values = np.concatenate([colours, tensor]) * confidence
    confidence = confidence.copy()
    for y, x in order:
        even, near = np.zeros(7), []
        for dy in range(-4, 5):
            for dx in range(-4, 5):
                q, square = (y + dy, x + dx), dx * dx + dy * dy
                is_inside = 0 <= q[0] < HEIGHT and 0 <= q[1] < WIDTH
                if 0 < square <= 16 and is_inside and distance_px[q] < distance_px[y, x]:
                    even += np.array([*values[:, *q], confidence[q]]) / np.sqrt(square)
                    near.append((dx, dy, q))
        if even[6] == 0:
            continue
        xx, xy, yy = even[3:6] / even[6]
        (low, high), vectors = np.linalg.eigh([[xx, xy], [xy, yy]])
        mu = 1 + 10 * (high - low) ** 2 / ((high - low) ** 2 + 81)
        total = np.zeros(7)
        for dx, dy, q in near:
            across = float(vectors[:, 1] @ (dx, dy))
            weight = 1 / ((dx * dx + dy * dy) * (1 + (mu * across / 4) ** 2 / 4) ** 2)
            total += weight * np.array([*values[:, *q], confidence[q]])
        values[:, y, x] = [*(total[:3] / total[6]), xx, xy, yy]
        confidence[y, x] = 1
    return values[:3]


@pytest.mark.parametrize("variant", compiled.variants())
def test_every_variant_of_the_kernel_agrees_with_the_formula(variant, monkeypatch):
    monkeypatch.setattr(module, "kernel", lambda: compiled._load(variant))
    picture = half_plane(0.7) + np.random.default_rng(1).normal(0, 0.03, (3, HEIGHT, WIDTH)).astype(np.float32)
    known = left_of(40)
    unknown = left_of(46) & ~known
    unknown[:30] = unknown[50:] = False
    confidence, distance_px = known.astype(np.float32), distance_to(known)
    at = np.argwhere(unknown)
    order = at[np.argsort(distance_px[unknown], kind="stable")]
    planes = (picture.astype(float), confidence.astype(float), structure_tensor(picture, known))
    expected = literally(*planes, distance_px, order)
    result = along_edges(picture, confidence, unknown, distance_px)
    np.testing.assert_allclose(result[:, unknown], expected[:, unknown], atol=1e-4)
