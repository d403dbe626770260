"""What draws 3D Gaussian splatting, as its authors' renderer does it, small and slow."""

from __future__ import annotations

import numpy as np

DILATION = 0.3
"""Added to the variance on the screen, in pixels: the renderer's low-pass filter."""

MOST_ALPHA, LEAST_ALPHA = 0.99, 1 / 255


def drawn(points, scales, turns, rgb, opacity, *, camera, background=(0, 0, 0)):
    """Return the picture (H, W, 3; 0 to 1) of splats, by what their files say; quaternions are (w, x, y, z).

    Kerbl et al. 2023: the covariance on the screen is J W R S S^T R^T W^T J^T; alpha is opacity times the Gaussian at
    the pixel's centre, cut off at 3 sigma; nearest first, C = sum of c a prod(1 - a).
    """
    width, height = camera.size_px
    world = camera.camera_from_world
    x, y, z = (points.astype(np.float64) @ world[:3, :3].T + world[:3, 3]).T
    keep = z > 0.05
    x, y, z, scales, turns, rgb, opacity = (a[keep] for a in (x, y, z, scales, turns, rgb, opacity))
    f = camera.f_px
    u, v = f * x / z + camera.cx_px, f * y / z + camera.cy_px
    project = np.zeros((len(z), 2, 3))
    project[:, 0, 0] = project[:, 1, 1] = f / z
    limit = 1.3 * np.array([width, height]) / 2 / f
    project[:, 0, 2] = -f * np.clip(x / z, -limit[0], limit[0]) / z
    project[:, 1, 2] = -f * np.clip(y / z, -limit[1], limit[1]) / z
    spread = project @ world[:3, :3] @ matrices_of(turns) * scales[:, None, :].astype(np.float64)
    cov = spread @ spread.transpose(0, 2, 1)
    a, b, c = cov[:, 0, 0] + DILATION, cov[:, 0, 1], cov[:, 1, 1] + DILATION
    det = a * c - b * b
    reach = np.ceil(3 * np.sqrt(np.maximum(a, c))).astype(int)
    pixel, order, alpha = [], [], []
    for r in np.unique(reach):
        of = np.flatnonzero((reach == r) & (u > -r) & (u < width + r) & (v > -r) & (v < height + r))
        dy, dx = np.mgrid[-r : r + 1, -r : r + 1].reshape(2, -1)
        column = np.floor(u[of])[:, None].astype(int) + dx
        row = np.floor(v[of])[:, None].astype(int) + dy
        du, dv = column + 0.5 - u[of][:, None], row + 0.5 - v[of][:, None]
        power = (c[of][:, None] * du**2 - 2 * b[of][:, None] * du * dv + a[of][:, None] * dv**2) / det[of][:, None]
        value = np.minimum(MOST_ALPHA, opacity[of][:, None] * np.exp(-power / 2))
        seen = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (value >= LEAST_ALPHA)
        pixel.append((row * width + column)[seen])
        order.append(np.broadcast_to(of[:, None], seen.shape)[seen])
        alpha.append(value[seen])
    pixel, order, alpha = (np.concatenate(parts) for parts in (pixel, order, alpha))
    sort = np.lexsort((z[order], pixel))
    pixel, order, alpha = pixel[sort], order[sort], alpha[sort]
    passed = np.concatenate([[0], np.cumsum(np.log1p(-alpha))])
    start = np.searchsorted(pixel, pixel)
    weight = alpha * np.exp(passed[:-1] - passed[start])
    total = np.bincount(pixel, weight, width * height)
    picture = [np.bincount(pixel, weight * rgb[order, i], width * height) for i in range(3)]
    picture = np.stack(picture, 1) + (1 - total)[:, None] * np.asarray(background)
    return picture.reshape(height, width, 3), total.reshape(height, width)


def matrices_of(turns):
    """Return rotation matrices of quaternions (w, x, y, z)."""
    w, x, y, z = turns.astype(np.float64).T
    return np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], 1),
            np.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], 1),
            np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], 1),
        ],
        1,
    )
