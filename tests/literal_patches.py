"""The search for patches and the vote, a pixel at a time and literally: what the compiled kernel has to agree with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

one = np.float32
WINDOW = [one(v) for v in (0.5, 0.7, 0.9, 1.0, 0.9, 0.7, 0.5)]


class Planes(NamedTuple):
    """What the kernel reads and writes; see patches.cpp."""

    rgb: np.ndarray
    weight: np.ndarray
    source: np.ndarray
    guide: np.ndarray
    match: np.ndarray
    cost: np.ndarray
    reach: int
    distance_cost: float


def mixed(number: int) -> int:
    """Return the finalizer of MurmurHash3."""
    number = (number ^ (number >> 16)) * 0x85EBCA6B & 0xFFFFFFFF
    number = (number ^ (number >> 13)) * 0xC2B2AE35 & 0xFFFFFFFF
    return number ^ (number >> 16)


def cost_of(level: Planes, p: tuple[int, int], q: tuple[int, int]) -> np.float32:
    """Return the cost of giving pixel p (y, x) the patch of source q."""
    at, match = (np.s_[c[0] - 3 : c[0] + 4, c[1] - 3 : c[1] + 4] for c in (p, q))
    weight = level.weight[at].astype(int) * (level.source[match] > 0)
    apart = np.abs(level.rgb[:, *at].astype(int) - level.rgb[:, *match].astype(int)).sum(axis=0)
    counted, total = one(weight.sum()), one(level.weight[at].sum())
    *colours, depth = np.abs(level.guide[:4, *p].astype(int) - level.guide[:4, *q].astype(int))
    guide = one(sum(colours) * int(level.guide[4, *p]) // 16 + depth)
    dy, dx = one(p[0] - q[0]), one(p[1] - q[1])
    patch = one((apart * weight).sum()) / counted + one(150) * (total - counted) / total
    return patch + one(1 / 16) * guide + one(level.distance_cost) * np.sqrt(dx * dx + dy * dy)


def match_rows(level: Planes, first: int, end: int, number: int) -> None:
    """Improve the matches in rows [first, end)."""
    height, width = level.match.shape
    backward = number % 2 == 1
    step = -1 if backward else 1
    for row, y in enumerate(range(end - 1, first - 1, -1) if backward else range(first, end)):
        for x in range(width - 1, -1, -1) if backward else range(width):
            if level.match[y, x] < 0:
                continue
            best = divmod(int(level.match[y, x]), width)
            least = cost_of(level, (y, x), best)
            for dy, dx in ((0, step), (step, 0)):
                if (dy and row == 0) or level.match[y - dy, x - dx] < 0:
                    continue
                neighbour = divmod(int(level.match[y - dy, x - dx]) + dy * width + dx, width)
                best, least = better(level, (y, x), neighbour, best, least)
            chance = mixed(((y * width + x) * 0x9E3779B9 + number) & 0xFFFFFFFF)
            reach = level.reach
            while reach > 0:
                span = 2 * reach + 1
                down, right = ((half * span >> 16) - reach for half in (chance >> 16, chance & 0xFFFF))
                q = (best[0] + down, best[1] + right)
                chance = mixed((chance + 0x9E3779B9) & 0xFFFFFFFF)
                if 0 <= q[0] < height and 0 <= q[1] < width:
                    best, least = better(level, (y, x), q, best, least)
                reach //= 2
            level.match[y, x], level.cost[y, x] = best[0] * width + best[1], least


def better(level: Planes, p, q, best, least):
    """Return the candidate q and its cost, if it is a source and costs less; else the best so far."""
    if q == best or not level.source[q]:
        return best, least
    cost = cost_of(level, p, q)
    return (q, cost) if cost < least else (best, least)


def vote_rows(level: Planes, first: int, end: int) -> None:
    """Colour the hole in rows [first, end)."""
    width = level.match.shape[1]
    for y in range(first, end):
        for x in range(width):
            if level.match[y, x] < 0:
                continue
            total, colour = one(0), [one(0)] * 3
            for dy in range(-3, 4):
                for dx in range(-3, 4):
                    match = level.match[y + dy, x + dx]
                    if match < 0 or not level.source.flat[match - dy * width - dx]:
                        continue
                    relative = level.cost[y + dy, x + dx] / one(12)
                    window = one(level.weight[y + dy, x + dx]) * WINDOW[dy + 3] * WINDOW[dx + 3]
                    vote = window / (one(1) + relative * relative)
                    total += vote
                    for c in range(3):
                        colour[c] += vote * one(level.rgb[c].flat[match - dy * width - dx])
            for c in range(3):
                level.rgb[c, y, x] = int(colour[c] / total + one(0.5))
