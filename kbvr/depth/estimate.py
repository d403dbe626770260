"""Estimate the depth of every pixel of a photo with a network, and place it in metres."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.guided_upsample import upsample_all_along_edges, upsample_along_edges
from kbvr.depth.networks import depth_network
from kbvr.depth.placement import DEFAULT_NEAR_M, below_sky, place
from kbvr.depth.predict import DepthPrediction, predict_depth, sky_of
from kbvr.depth.straighten import straightened
from kbvr.imaging.array_types import Bytes, Plane
from kbvr.photo.photo import Photo


def estimate_depth(
    photo: Photo,
    *,
    model: str | Path = "auto",
    near_m: float = DEFAULT_NEAR_M,
    quality: str = "good",
    device: str = "auto",
    threads: int | None = None,
    max_bytes: int | None = None,
) -> DepthMap:
    """Estimate depth with a network, and upsample it to the photo's size along the photo's edges.

    `model` is `auto`, a name or an ONNX file, as in `kbvr.depth.networks.depth_network`; `quality` is as in
    `kbvr.depth.predict.predict_depth`. Metric networks keep their scale. Others are placed by near_m, with the sky at
    infinity; if they do not detect the sky, the built-in network does; what is straight in the photo becomes straight
    in the scene. The map's focal length is the photo's, unless that is a guess and the network estimates it.
    `max_bytes` limits the memory of a user's network.

    Raises:
        InputError: if near_m is not positive, the quality, the device or the network does not exist, or its prediction
            is not a valid depth.
    """
    network = depth_network(model, device=device, threads=threads, max_bytes=max_bytes)
    known_f_px = None if photo.f_source == "guess" else photo.f_px
    prediction = predict_depth(network, photo.rgb, quality=quality, f_px=known_f_px)
    if prediction.metric:
        values = _metric_at_full_size(prediction, photo)
        return DepthMap(
            values,
            prediction.f_px or photo.f_px,
            metric=True,
            network=network.name,
            confidence=_confidence_at(photo.size_px, prediction),
        )
    values, sky = straightened(prediction.values, photo.rgb), prediction.sky
    if sky is None:
        sky = sky_of(photo.rgb, quality=quality, device=device, threads=threads)
    full_sky: Plane | None = None
    if sky.any() and sky.shape == values.shape:
        values, full_sky = upsample_all_along_edges([values, sky], photo.rgb)
    else:
        values = upsample_along_edges(values, photo.rgb)
        full_sky = upsample_along_edges(sky, photo.rgb) if sky.any() else None
    depth = place(values, full_sky, photo, near_m=near_m)
    return replace(depth, network=network.name, confidence=_confidence_at(photo.size_px, prediction))


def _confidence_at(size_px: tuple[int, int], prediction: DepthPrediction) -> Bytes:
    """Return the confidence of a prediction at the photo's size, 0 to 255.

    A network that tells none is taken at its word. Its depth has a confidence all the same, so that its outlines are
    not taken as exact, as those of a given depth map are.
    """
    if prediction.confidence is None:
        return np.full(size_px[::-1], 255, np.uint8)
    small = np.clip(prediction.confidence * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(small, size_px, interpolation=cv2.INTER_LINEAR), np.uint8)


def _metric_at_full_size(prediction: DepthPrediction, photo: Photo) -> Plane:
    """Return a metric network's inverse depth at the photo's size, 1/m; the sky, if detected, is infinitely far."""
    values, sky = prediction.values, prediction.sky
    if sky is None or not sky.any() or sky.shape != values.shape:
        return np.maximum(upsample_along_edges(values, photo.rgb), np.float32(0))
    is_sky = sky > 0.5
    far = np.float32(0) if is_sky.all() else np.percentile(values[~is_sky], 2).astype(np.float32)
    values = np.where(is_sky, np.minimum(values, far), values)  # what the network predicts in the sky is meaningless
    values, sky = upsample_all_along_edges([values, sky], photo.rgb)
    np.maximum(values, np.float32(0), out=values)
    values *= below_sky(sky)
    return values
