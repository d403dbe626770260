"""kbvr-color in small: its bins, its photos, its file, and all commands in a row."""

from __future__ import annotations

import json
import random
import shutil

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from random_norms import randomise_norms

from export import train_color
from export.__main__ import main
from export.color_checkpoint import read_halves
from export.color_export import ExportedColor, export_color, write_sources
from export.colour_bins import (
    STEP,
    annealed_mean,
    bin_centres,
    frequencies,
    lab_of,
    rarity_weights,
    shares_of,
)
from export.colour_photos import LISTED, colour_of, crop_from, open_photos
from export.efficientnet import EfficientNetLite0, package_names
from export.kbvr_color import AROUND, COARSE, KbvrColor, enlarged
from export.onnx_export import noise_for, with_half_weights
from export.onnx_file import TOLERANCE, greatest_difference
from kbvr.errors import InputError
from kbvr.nets import open_session, read_card

COLOURS = np.array([[200, 60, 40], [40, 160, 70], [50, 80, 200], [210, 190, 60], [150, 60, 160]])


def write_photo(path, seed: int) -> None:
    """Write a photo of flat coloured areas with a little noise."""
    noise = np.random.default_rng(seed)
    areas = COLOURS[noise.integers(0, len(COLOURS), (4, 5))].repeat(20, 0).repeat(20, 1)
    Image.fromarray(np.clip(areas + noise.normal(0, 4, areas.shape), 0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Return a folder of 40 colour photos, of which 48.jpg, 49.jpg and 71.jpg are held out."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(40, 80):
        write_photo(folder / f"{number}.jpg", number)
    return folder


@pytest.fixture(scope="module")
def encoder_file(tmp_path_factory):
    """Return a file of random weights with the names and shapes of the package's."""
    torch.manual_seed(0)
    ours = EfficientNetLite0().state_dict()
    path = tmp_path_factory.mktemp("encoder") / "lite0.pth"
    torch.save({theirs: ours[name] for name, theirs in package_names().items()}, path)
    return path


@pytest.fixture
def small(monkeypatch):
    """Train on few small pictures."""
    monkeypatch.setattr(train_color, "SMALL_PX", 64)
    monkeypatch.setattr(train_color, "LARGE_PX", 96)
    monkeypatch.setattr(train_color, "BATCH_PIXELS", 4 * 64 * 64)
    monkeypatch.setattr(train_color, "FIGURES_PX", 64)


def random_net(seed: int = 0) -> KbvrColor:
    """Return a network whose batch norms have something to fold, and whose bins differ."""
    torch.manual_seed(seed)
    net = KbvrColor()
    randomise_norms(net)
    with torch.no_grad():
        net.decoder.bins.weight.normal_(0, 0.3)
        net.decoder.mixing.weights.weight.normal_(0, 0.3)
    return net.eval()


def test_lab_is_that_of_opencv():
    """The bins and the photos use the same colour space."""
    rgb = np.random.default_rng(0).random((500, 3))
    theirs = cv2.cvtColor(rgb[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0]
    np.testing.assert_allclose(lab_of(rgb), theirs, atol=0.5)


def test_the_bins_cover_srgb_and_are_few():
    """Every colour has a bin at most half a step away in a and b, and every bin is near some colour."""
    rgb = np.random.default_rng(1).random((20_000, 3))
    ab = lab_of(np.concatenate([rgb, np.round(rgb)]))[:, 1:]
    away = np.abs(ab[:, None] - bin_centres().numpy()).max(axis=-1)
    assert away.min(axis=1).max() <= STEP / 2 + 1
    assert len(bin_centres()) == 186
    assert (away.min(axis=0) < STEP).all()


def test_the_bins_that_share_a_chroma_have_it_as_their_mean():
    """Exactly so for the colours of photos, and about so at the limits of sRGB."""
    rgb = np.random.default_rng(2).random((1, 50, 50, 3))
    for softness, tolerance in ((0.5, 1e-3), (1.0, STEP)):
        soft = 0.5 + (rgb - 0.5) * softness
        ab = torch.from_numpy(lab_of(soft)[..., 1:]).permute(0, 3, 1, 2).float()
        bins, shares = shares_of(ab)
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(1, 50, 50))
        mean = (bin_centres()[bins] * shares[..., None]).sum(dim=1).permute(0, 3, 1, 2)
        assert float((mean - ab).abs().max()) < tolerance


def test_the_annealed_mean_lies_between_the_mean_and_the_most_probable_colour():
    """With two bins it moves from their mean towards the more probable one as the temperature falls."""
    centres = torch.tensor([[0.0, 0.0], [60.0, 0.0]])
    logits = torch.tensor([0.3, 0.7]).log().view(1, 2, 1, 1)
    warm, medium, cold = (float(annealed_mean(logits, centres, t)[0, 0, 0, 0]) for t in (1.0, 0.38, 0.01))
    assert warm == pytest.approx(0.7 * 60)
    assert warm < medium < cold == pytest.approx(60)


def test_rare_colours_weigh_more_and_the_mean_weight_is_one():
    """Weighted by frequency, so that the loss keeps its scale."""
    ab = torch.zeros(1, 2, 10, 10)
    ab[:, 0, 0] = 5 * STEP  # a tenth of the picture is red
    share = frequencies(ab)
    weights = rarity_weights(share)
    grey, red = (int(share.argsort(descending=True)[place]) for place in (0, 1))
    assert share[grey] == pytest.approx(0.9) and share[red] == pytest.approx(0.1)
    assert 1.5 < weights[red] / weights[grey] < 9
    assert float((weights * share).sum()) == pytest.approx(1)


def test_the_network_is_small_and_gives_chroma_at_full_size():
    """Fewer than 2.8 million weights; any sides that are multiples of 32."""
    net = random_net()
    assert 1_300_000 < sum(p.numel() for p in net.parameters()) < 2_800_000
    logits, mixing = net(torch.rand(2, 1, 64, 96))
    assert logits.shape == (2, len(bin_centres()), 16, 24)
    assert mixing.shape == (2, AROUND, COARSE**2, 16, 24)
    assert net.chroma(torch.rand(2, 1, 64, 96)).shape == (2, 2, 64, 96)


def test_enlarged_chroma_is_mixed_from_the_places_around():
    """One neighbour if the mixing says so; never outside the range; each pixel of a place has its own mixing."""
    coarse = torch.arange(12.0).view(1, 1, 3, 4).expand(1, 2, 3, 4)
    mixing = torch.zeros(1, AROUND, COARSE**2, 3, 4)
    mixing[:, 5, 3] = 50  # the top right pixel of a place takes the chroma of the place to its right
    large = enlarged(coarse, mixing)
    assert large.shape == (1, 2, 12, 16)
    assert float(large[0, 0, 4, 7]) == pytest.approx(6)
    assert float(large[0, 0, 4, 6]) == pytest.approx(5)  # the mean of 0 to 10 around 5
    noisy = enlarged(coarse, torch.randn_like(mixing) * 5)
    assert float(noisy.min()) >= 0 and float(noisy.max()) <= 11


def test_the_onnx_file_computes_what_torch_computes(tmp_path):
    """At several sizes, its own among them; at most 6 MB, with the names and the units on its card."""
    net = random_net()
    card = export_color(net, tmp_path, {"chroma_error": 12.5}, "some photos")
    assert card.path.stat().st_size <= 6_000_000
    assert read_card(tmp_path / "kbvr-color.json") == card
    wrapped = with_half_weights(ExportedColor(net).eval())
    assert greatest_difference(wrapped, card, [noise_for(card, 256, 256), noise_for(card, 96, 160)]) < TOLERANCE
    grey = np.full((1, 1, 64, 64), 0.5, np.float32)
    (chroma,) = open_session(card, device="cpu").run(None, {"lightness": grey})
    expected = net.chroma(torch.from_numpy(grey)).detach().numpy() / 100
    assert np.abs(expected).max() > 0.05
    np.testing.assert_allclose(chroma, expected, atol=0.02)


def test_grey_toned_old_and_non_commercial_photos_are_left_out(tmp_path):
    """Only those with colours of their own, under a licence for any purpose, are learnt from."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("kept", "sold", "old"):
        write_photo(folder / f"{name}.jpg", 0)
    grey = np.linspace(0, 255, 60 * 80).reshape(60, 80).astype(np.uint8)
    sepia = np.stack([grey * 0.95, grey * 0.8, grey * 0.6], axis=-1).astype(np.uint8)
    Image.fromarray(grey).save(folder / "grey.jpg")
    Image.fromarray(sepia).save(folder / "sepia.jpg")
    rows = ["file,source,licence", "kept.jpg,a,CC0", "sold.jpg,a,CC-BY-NC", "old.jpg,b/Old-Photos,CC0"]
    (folder / "INDEX.csv").write_text("\n".join(rows))
    opened = open_photos(folder, None, tmp_path / "cache")
    assert [(photo.name, photo.source, photo.licence) for photo in opened.listed] == [("kept.jpg", "a", "CC0")]
    assert colour_of(np.asarray(Image.open(folder / "sepia.jpg"))) < 1 < 20 < colour_of(opened.rgb(0))


def test_a_folder_without_colour_photos_is_refused(tmp_path):
    """In one line, and no cache is left that would be taken for a complete one."""
    with pytest.raises(InputError, match="colour photos"):
        open_photos(tmp_path, None, tmp_path / "cache")
    assert not (tmp_path / "cache" / LISTED).exists()


def test_held_out_photos_stay_held_out_whatever_is_added(photos, tmp_path):
    """By their name alone; frames, which resemble others, are never held out."""
    held_out_names = {"48.jpg", "49.jpg", "71.jpg"}
    frames = tmp_path / "frames"
    shutil.copytree(photos, frames)
    for number, added in enumerate((None, frames)):
        opened = open_photos(photos, added, tmp_path / str(number))
        kept, held_out = opened.parted()
        assert {opened.listed[number].name for number in held_out} == held_out_names and len(held_out) == 3
        assert not set(kept) & set(held_out) and len(kept) == len(opened.listed) - 3
    assert sum(opened.listed[number].is_frame for number in kept) == 40
    names = [opened.listed[n].name for n in kept if not opened.listed[n].is_frame]
    assert len(names) == 37 and not held_out_names & set(names)


def test_what_is_cached_is_the_photo(photos, tmp_path):
    """Decoded once, and the same when it is opened again."""
    for _ in range(2):
        opened = open_photos(photos, None, tmp_path)
        number = next(n for n, photo in enumerate(opened.listed) if photo.name == "77.jpg")
        np.testing.assert_array_equal(opened.rgb(number), np.asarray(Image.open(photos / "77.jpg")))


def test_the_batch_of_a_step_is_always_the_same_and_its_colours_are_true(photos, tmp_path, small, monkeypatch):
    """Steps differ; later ones are large in turn; chroma is that of the photo, lightness stays in its range."""
    opened = open_photos(photos, None, tmp_path)
    kept, _ = opened.parted()
    first, again, other = (train_color.batch_of(opened, kept, step, 0) for step in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[0], train_color.batch_of(opened, kept, 3, 1)[0])
    assert first[0].shape == (4, 1, 64, 64) and first[1].shape == (4, 2, 64, 64)
    assert float(first[0].min()) >= 0 and float(first[0].max()) <= 1
    monkeypatch.setattr(train_color, "SMALL_STEPS", 4)
    assert [train_color.batch_of(opened, kept, step, 0)[0].shape[-1] for step in (3, 4, 5)] == [64, 64, 96]
    flat = np.full((80, 120, 3), COLOURS[0], np.uint8)
    expected = lab_of(COLOURS[0] / 255)[1:]
    for seed in range(12):
        ab = crop_from(flat, 64, random.Random(seed)).ab
        np.testing.assert_allclose(ab.mean(axis=(1, 2)), expected, atol=0.5)


def test_training_lowers_the_losses_on_a_few_photos(photos, tmp_path, small):
    """The bins, the edges and the enlargement are all learnt."""
    torch.manual_seed(0)
    opened = open_photos(photos, None, tmp_path)
    kept, _ = opened.parted()
    weights = train_color.bin_weights(opened, kept)
    net = KbvrColor().to(memory_format=torch.channels_last).train()  # as in training, and 20 times faster
    optimizer = torch.optim.Adam((p for p in net.parameters() if p.requires_grad), 3e-3)
    batch = train_color.batch_of(opened, kept, 0, 0)
    history = []
    for _ in range(25):
        losses = train_color.losses_of(net, batch, weights)
        history.append({name: loss.item() for name, loss in losses.items()})
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
    assert history[-1]["bins"] < 0.6 * history[0]["bins"]
    assert history[-1]["mixing"] < 0.9 * history[0]["mixing"]


def test_patches_cost_and_a_constant_error_does_not():
    """A wrong colour that is the same everywhere is not a patch."""
    truth = torch.randn(1, 2, 16, 16) * 20
    assert float(train_color.patches_loss(truth + 7, truth)) == pytest.approx(0, abs=1e-5)
    patch = truth.clone()
    patch[..., 4:10, 4:10] += 30
    assert float(train_color.patches_loss(patch, truth)) > 0.1


def test_figures_of_the_truth_are_perfect_and_those_of_grey_are_not(photos, tmp_path):
    """No error and the true colourfulness for a network that knows; none for one that gives grey."""
    opened = open_photos(photos, None, tmp_path)

    class Knows:
        def __init__(self, share: float) -> None:
            self.share, self.number = share, -1

        def chroma(self, _: torch.Tensor) -> torch.Tensor:
            self.number += 1
            return train_color._chroma(opened.rgb(self.number), train_color.FIGURES_PX)[1] * self.share

    perfect = train_color.figures_of(Knows(1.0), opened, [0, 1, 2], tmp_path / "sheets" / "0.png")
    assert perfect["chroma_error"] == 0 and perfect["colourfulness"] == 1
    grey = train_color.figures_of(Knows(0.0), opened, [0, 1, 2])
    assert grey["chroma_error"] == pytest.approx(grey["chroma_error_of_grey"]) and grey["colourfulness"] == 0
    assert perfect["chroma_psnr_db"] > 60 > 30 > grey["chroma_psnr_db"]
    px, pairs = train_color.SHEET_PX, 3
    sheet = np.asarray(Image.open(tmp_path / "sheets" / "0.png")).astype(int)
    assert sheet.shape == (train_color.SHEET_ROWS * px, 3 * px, 3)
    shown = sheet[: pairs * px]
    assert np.ptp(shown[:, :px], axis=-1).max() <= 3  # grey
    np.testing.assert_array_equal(shown[:, px : 2 * px], shown[:, 2 * px :])  # coloured as in truth


def entries_of(run):
    """Return the entries of a run's log that have figures."""
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [entry for entry in entries if "chroma_error" in entry]


def test_a_training_goes_on_where_it_was_also_from_the_16_bit_weights_alone(
    photos, encoder_file, tmp_path, small, capsys, monkeypatch
):
    """Train, train on, keep half of the bits, go on from these in another folder, finish, and write the file."""
    run, cache = tmp_path / "run", str(tmp_path / "cache")
    data = ["--photos", str(photos), "--cache", cache]
    train = ["train-color", *data, "--encoder", str(encoder_file), "--run", str(run), "--steps"]
    main([*train, "2"])
    main([*train, "4"])
    assert [entry["step"] for entry in entries_of(run)] == [2, 4]
    assert len(list((run / "sheets").glob("*.png"))) == 2
    whole = tmp_path / "whole"
    main([*train[:-3], "--run", str(whole), "--steps", "4"])
    one, other = (torch.load(folder / "averaged.pt") for folder in (run, whole))
    assert all(torch.equal(one[name], other[name]) for name in one)

    halves = tmp_path / "halves.pt"
    main(["halve-color", "--run", str(run), "--out", str(halves)])
    assert halves.stat().st_size < 6_000_000
    assert "at step 4" in capsys.readouterr().out
    later, steps, batch_of = tmp_path / "later", [], train_color.batch_of

    def noted(photos, numbers, step, seed):
        steps.append(step)
        return batch_of(photos, numbers, step, seed)

    monkeypatch.setattr(train_color, "batch_of", noted)
    main(["train-color", *data, "--start-from", str(halves), "--run", str(later), "--steps", "5"])
    assert min(steps) == 4
    state = torch.load(later / "checkpoint.pt")
    assert state["step"] == 5 and entries_of(later)[0]["step"] == 5
    name = "decoder.bins.weight"
    torch.testing.assert_close(state["net"][name], one[name], atol=0.01, rtol=0.01)

    finished, out = tmp_path / "finished", tmp_path / "nets"
    main(["finish-color", *data, "--origin", str(later), "--run", str(finished), "--steps", "2"])
    assert torch.load(finished / "checkpoint.pt")["step"] == 7
    main(["kbvr-color", "--run", str(finished), "--out", str(out), "--figure", "chroma_error=9"])
    card = read_card(out / "kbvr-color.json")
    assert card.figures == {"chroma_error": 9} and "37 colour photos" in card.trained_on


def test_a_training_with_nothing_to_measure_is_refused(encoder_file, tmp_path):
    """Before it learns anything."""
    write_photo(tmp_path / "0.jpg", 0)
    run = ["--run", str(tmp_path / "run"), "--encoder", str(encoder_file)]
    with pytest.raises(SystemExit):
        main(["train-color", "--photos", str(tmp_path), *run])
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_other_weights_are_refused(tmp_path):
    """In one line, whether names or shapes differ."""
    for change in ({"extra": torch.zeros(1)}, {"decoder.bins.weight": torch.zeros(3, 64, 1, 1)}):
        torch.save({**KbvrColor().state_dict(), **change}, tmp_path / "other.pt")
        with pytest.raises(InputError, match="expected weights of kbvr-color"):
            read_halves(KbvrColor(), tmp_path / "other.pt")


def test_the_sources_of_a_run_are_those_of_its_training_photos(photos, tmp_path):
    """Counted by source and licence."""
    opened = open_photos(photos, None, tmp_path / "cache")
    write_sources(tmp_path, opened.listed)
    assert json.loads((tmp_path / "sources.json").read_text()) == [
        {"source": photos.name, "licence": "not listed", "pictures": 40}
    ]
