"""Figures of a depth network on held-out pictures: layout, edges, thin things, sky, doubt."""

from __future__ import annotations

import random
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import nn

from bench.agreement import correlation, sized_as
from bench.edges import edge_f_score
from bench.pairs import StereoPair
from bench.thin import nearer
from export.samples import Sample
from export.strong_labels import Strong, kind_of
from export.thin_things import with_thin_thing
from kbvr.depth.predict import network_size_px

LONG_SIDE = 384
STEP = 32

AROUND_PX = 6
"""Reach of a thin thing's surroundings, in pixels of the map."""

NEARER_SHARE = 0.05
"""A pixel of a thin thing is seen if it is nearer than its surroundings by this share of the map's range."""


def predict(net: nn.Module, rgb: np.ndarray, long_side: int = LONG_SIDE) -> tuple[np.ndarray, ...]:
    """Return inverse depth, sky logit and log of the expected error of a picture, at about the given long side."""
    shrinks = cv2.INTER_AREA if long_side < max(rgb.shape[:2]) else cv2.INTER_CUBIC
    small = cv2.resize(rgb, _size_px(rgb, long_side), interpolation=shrinks).astype(np.float32) / 255
    tensor = torch.from_numpy(small).permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        return tuple(output[0, 0].float().numpy() for output in net(tensor))


def _size_px(rgb: np.ndarray, long_side: int) -> tuple[int, int]:
    return network_size_px((rgb.shape[1], rgb.shape[0]), long_side, STEP)


def edges_of(guess: np.ndarray, strong: Strong) -> float:
    """Return the F-score of the map's edges against the label's, as `bench` measures it on stereo pairs."""
    truth = strong.sample.depth.astype(np.float32)
    levels = np.where(np.isfinite(truth), 1 + 255 * truth, 0).astype(np.float32)
    return edge_f_score(sized_as(guess, truth), StereoPair(strong.name, strong.sample.rgb, strong.sample.rgb, levels))


def thin_recall(net: nn.Module, rgb: np.ndarray, texture: np.ndarray, seed: int) -> float:
    """Draw a thin thing in front of a picture and return the seen share of its pixels; NaN if nothing was drawn."""
    drawn_on = cv2.resize(rgb, _size_px(rgb, LONG_SIDE), interpolation=cv2.INTER_AREA)
    flat, sky = np.zeros(drawn_on.shape[:2], np.float32), np.full(drawn_on.shape[:2], -1, np.float32)
    with_thin_thing(drawn_on, flat, sky, texture, random.Random(seed))
    solid = flat > 0
    if not solid.any():
        return float("nan")
    depth = predict(net, drawn_on)[0]
    return float(nearer(depth, solid, np.zeros_like(solid), around_px=AROUND_PX, share=NEARER_SHARE)[solid].mean())


def figures_of(net: nn.Module, strong: Sequence[Strong], photos: Sequence[Sample]) -> dict[str, float]:
    """Return mean correlations with held-out labels by kind, and the figures of edges, thin things, sky and doubt."""
    by_kind: dict[str, list[float]] = {"films": [], "rooms": [], "sharp_rooms": []}
    edges: list[float] = []
    foreseen: list[float] = []
    for picture in strong:
        depth, _, doubt = predict(net, picture.sample.rgb)
        kind = kind_of(picture)
        by_kind[kind].append(correlation(depth, picture.sample.depth))
        foreseen.append(float(doubt.mean()))
        if kind != "rooms":
            edges.append(edges_of(depth, picture))
    right: list[float] = []
    weak: list[float] = []
    thin: list[float] = []
    for number, photo in enumerate(photos):
        depth, sky, _ = predict(net, photo.rgb)
        weak.append(correlation(depth, photo.depth))
        thin.append(thin_recall(net, photo.rgb, photos[number - 1].rgb, number))
        if photo.sky is not None:
            true_sky = cv2.resize(photo.sky, sky.shape[::-1], interpolation=cv2.INTER_AREA) > 127
            right.append(float(((sky > 0) == true_sky).mean()))
    correlations = [value for values in by_kind.values() for value in values]
    figures = {"strong": _mean(correlations), **{kind: _mean(values) for kind, values in by_kind.items()}}
    figures |= {"edges": _mean(edges), "weak": _mean(weak), "thin": _mean(thin), "sky_accuracy": _mean(right)}
    if len(correlations) > 1 and np.std(foreseen) > 0:
        # The pictures that the network doubts should be those that it gets wrong.
        figures["doubt_agrees"] = float(np.corrcoef(foreseen, [-value for value in correlations])[0, 1])
    return figures


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
