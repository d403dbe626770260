"""kbvr-damage is trained on drawn damage, resumes, and is written as what kbvr reads."""

from __future__ import annotations

import random

import numpy as np
import onnxruntime
import pytest
import torch
from old_prints import scene
from PIL import Image

from export import train_damage
from export.__main__ import main
from export.train_damage import SIDE_PX, batch_of, photos_for, sample
from kbvr.nets import built_in_card, read_card


@pytest.fixture
def photos(tmp_path):
    """Return a folder of a few photos, and of one that is old."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(7):
        rgb = np.roll(scene(), 40 * number, axis=1)
        Image.fromarray(rgb).save(folder / f"{number:05}.jpg")
    rows = [f"{number:05}.jpg,{'Old-Photo-3D' if number == 5 else 'a collection'},CC0" for number in range(7)]
    (folder / "INDEX.csv").write_text("\n".join(["file,source,licence", *rows]), "utf-8")
    return folder


def test_photos_that_are_measured_or_old_are_not_learnt_from(photos):
    kept, measured = photos_for(photos)
    assert [path.stem for path in kept] == ["00001", "00002", "00003", "00004", "00006"]
    assert [path.stem for path in measured] == ["00000"]


def test_a_batch_has_damaged_and_intact_pictures(photos):
    kept, _ = photos_for(photos)
    shares = []
    for step in range(6):
        pictures, damage = batch_of(kept, step, seed=0)
        assert pictures.shape[1:] == (3, SIDE_PX, SIDE_PX) and damage.shape[1:] == (1, SIDE_PX, SIDE_PX)
        assert pictures.min() >= 0 and pictures.max() <= 1
        shares += damage.mean(dim=(1, 2, 3)).tolist()
    assert 0.25 < np.mean(np.array(shares) > 0) < 0.75
    assert torch.equal(batch_of(kept, 3, seed=0)[0], batch_of(kept, 3, seed=0)[0])


def test_the_damage_is_where_a_picture_differs(photos, monkeypatch):
    monkeypatch.setattr(train_damage, "DAMAGED_SHARE", 1.0)
    kept, _ = photos_for(photos)
    picture, damage = sample(kept[0], random.Random(1))
    light = picture.mean(axis=0)
    assert np.abs(light[damage > 0] - np.median(light)).mean() > np.abs(light[damage == 0] - np.median(light)).mean()


def test_a_run_resumes_and_its_network_is_what_kbvr_reads(photos, tmp_path):
    run, out = tmp_path / "run", tmp_path / "out"
    for steps in (1, 2):
        main(["train-damage", "--photos", str(photos), "--run", str(run), "--steps", str(steps)])
        assert torch.load(run / "checkpoint.pt", weights_only=True)["step"] == steps
    main(["kbvr-damage", "--run", str(run), "--out", str(out), "--figure", "found=0.5"])
    card, shipped = read_card(out / "kbvr-damage.json"), built_in_card("kbvr-damage")
    assert card.figures == {"found": 0.5}
    assert (card.inputs, card.outputs, card.limits) == (shipped.inputs, shipped.outputs, shipped.limits)
    session = onnxruntime.InferenceSession(out / "kbvr-damage.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"print01": np.random.default_rng(0).random((1, 3, 48, 80), np.float32)})
    assert found.shape == (1, 1, 48, 80)
    assert 0 <= found.min() <= found.max() <= 1
    assert (out / "kbvr-damage.onnx").stat().st_size < 1.5e6
