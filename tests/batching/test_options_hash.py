"""Hashes of options: a batch of an earlier version goes on, instead of making every photo again."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbvr.batching.options_hash import WITHOUT_EFFECT, hash_of
from kbvr.options.export_options import ExportOptions, declared

HASHES = [
    ("stereo=yes", "5e030c612f447036"),
    ("kenburns=yes", "0842f898e8f0364a"),
    ("wiggle=yes", "0b33db097586a8eb"),
    ("anaglyph=yes", "97c68c46b601c4a5"),
    ("still=sbs,sbs-half", "c6493e8aeb3177ff"),
    ("depth_map=png,npy", "263871ab615fd1da"),
    ("gltf=yes", "6efb7d23caa63092"),
    ("html=yes", "1481dcbb7156cf99"),
    ("embed=yes", "8754195117dea3f3"),
    ("ply=yes", "fe9875870e1fbec8"),
    ("obj=yes", "33dfdda2a915d6ca"),
    ("usdz=yes", "f05acd29286ee138"),
    ("splats=yes", "055a6849d84269e9"),
    ("layout=sbs,sbs-half", "1425e4f0ed7e7a12"),
    ("projection=vr180", "6f097ad495574349"),
    ("vr180_px=1024", "a3d71953623bf104"),
    ("fps=3", "12a31c0bf913305c"),
    ("codec=h264", "ea69f45054d8ce4f"),
    ("container=mp4", "a428c406cc258029"),
    ("max_mb=3", "b273be2f15a3f685"),
    ("name_for=quest", "767333433827985d"),
    ("max_size=1920x1080", "c613a2c8ec50a6ad"),
    ("aspect=16:9", "8995cb7232bde505"),
    ("quality=3", "ffe913f39680ebf1"),
    ("picture=png", "8edc9b87b38b338c"),
    ("glasses=green-magenta", "a32f2e1c51a31d14"),
    ("anaglyph_colours=dubois", "98a0a9fb8a9c9f26"),
    ("quilt_for=go", "35bf215f886f5d17"),
    ("autostereogram_pattern=photo", "5b69251951f49830"),
    ("aperture_percent=1 focus=20,30.5%", "423b6dd99d9e1007"),
    ("aperture_percent=3", "ef2ad2b92022876b"),
    ("vignette=0.5", "4850578d178b2b50"),
    ("animate_as=gif,webp", "75abe3b91dc5d316"),
    ("views=3", "399946b1223a924a"),
    ("period_s=3", "e231f98eac000f3d"),
    ("max_kb=3", "928561333ae9b017"),
    ("alt=Zoé", "7dfdfa1773dc7815"),
    ("texture=jpeg", "bf326ea0143124ea"),
    ("compress=draco", "4a0f3554c221507e"),
    ("surround=fade", "863495b21e0bf520"),
    ("eye_height_m=3", "71de69a69d14bec3"),
    ("fit=cover", "681ff3ae388dc7e6"),
    ("autoplay=yes", "ac100cee8d437525"),
    ("page_url=https://example.com/a/", "17da76777448ee8d"),
    ("path=swing", "9eca0dc381ff9763"),
    ("strength=bold", "9efdbeb1887082fb"),
    ("seconds=3", "f2f8fe1b3d209c1e"),
    ("ease=linear", "590cca3c5f6c65d8"),
    ("loop=yes", "e46692fd84e6abe6"),
    ("steps=0:0.5:9", "1c3a10779d7f3b06"),
    ("kenburns=yes from_crop=0,10,80,80%", "2c165f86eeae3332"),
    ("kenburns=yes to_crop=10,20,300.5,200", "f7d26a3dbc42595c"),
    ("shift_px=3", "7c8b4811ca9550ee"),
    ("zoom=3", "998268050ba3d3e3"),
    ("budget_percent=3", "9eccfe93d089586e"),
    ("baseline_mm=3", "a2a73c907b25310e"),
    ("convergence_m=3", "f3dddea60d1a6dd9"),
    ("screen=1.2@2.5", "e03a89aab8204379"),
    ("ipd_mm=40", "4ee4ff83cea1ba35"),
    ("max_parallax_deg=3", "99964f481aa6587e"),
    ("window=floating", "98790eee4ece9115"),
    ("depth_model=kbvr-depth", "2c7f94f068944b80"),
    ("rgbd=right", "e131aba88efd9b6e"),
    ("depth_quality=best", "0aa3168cac7986b5"),
    ("fov_deg=3", "8e1f9d93abe7ebb0"),
    ("near_m=3", "158fef606a9de61c"),
    ("subject_distance_m=3", "83aa07e9be0aa023"),
    ("segmentation=maskrcnn", "4f3c5f23706f22d7"),
    ("segmentation=maskrcnn softness=0.5", "fb91a8c6c4945e5e"),
    ("keep_gps=yes", "1941a56b59ac3d3a"),
    ("profile=paper", "23852ce8a9cce79b"),
    ("fill=patches", "0bf3b36651f7f652"),
    ("triangles=2500", "af07528e257bacfd"),
    ("kenburns=yes seconds=2.5 fps=23.976", "f3554f570ee73f98"),
    ("wiggle=yes max_size=640 views=5", "418f357fbba662bd"),
    ("near_m=1e4", "b7d8a6c86e9acb67"),
    ("depth=depth.npy depth_kind=disparity", "94361a9013ed7b3b"),
    ("keyframes=keys.json", "219320d06188f837"),
    ("colorize=auto colorize_strength=0.5", "09df77cfe1acae8c"),
    ("ignore_embedded_depth=yes", "27b54629ec0e524e"),
    ("pair=sbs", "8cf7c8c2aaaf8790"),
    ("panorama=cylinder", "2337ab9cf5d51017"),
    ("repair=yes", "b8ff7d3fbc57bc62"),
    ("restore_contrast=yes", "8bd3010e042be2b3"),
]
"""Options -> their hash in ledgers that exist."""


def options_of(text: str) -> ExportOptions:
    return ExportOptions(**dict(word.split("=", 1) for word in text.split()))


@pytest.mark.parametrize(("text", "expected"), HASHES, ids=[text for text, _ in HASHES])
def test_options_keep_the_hash_of_earlier_ledgers(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("depth.npy").write_bytes(b"depth")
    Path("keys.json").write_bytes(b"[]")
    assert hash_of(options_of(text), has_gallery=False) == expected


def test_every_option_has_a_known_hash():
    """A new option is added to the table with the hash that its first ledgers hold."""
    known = {word.split("=")[0] for text, _ in HASHES for word in text.split()}
    assert known == {option.name for option in declared()} - {*WITHOUT_EFFECT}


def test_options_without_effect_do_not_change_the_hash():
    plain = hash_of(ExportOptions(), has_gallery=False)
    for text in ("overwrite=yes", "threads=3", "max_memory=2GB", "device=cpu"):
        assert hash_of(options_of(text), has_gallery=False) == plain
    assert hash_of(ExportOptions(), has_gallery=True) != plain
