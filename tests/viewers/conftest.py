"""Stereo files, and the address of the player."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from player_pages import FACTS, FPS, film, packed

from kbvr.formats.spec.format import Item
from kbvr.formats.video.write_video import write_video
from kbvr.options.export_options import FileOptions

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "kbvr" / "pages" / "stereo.html"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stereo")


@pytest.fixture(scope="module")
def picture(folder):
    path = folder / "card_kbvr_LR.png"
    Image.fromarray(packed("sbs")).save(path)
    return path


@pytest.fixture(scope="module")
def video(folder):
    path = folder / "film_kbvr_LR.mp4"
    write_video(film(), Item("video", path, "sbs"), FACTS, FileOptions(fps=FPS))
    return path


@pytest.fixture(scope="module")
def stereo_page(web):
    """Return the address of the player."""
    assert PAGE.exists(), "these tests need the pages: pip install -e ."
    newest_s = max(path.stat().st_mtime for path in (ROOT / "viewers" / "stereo").iterdir())
    assert PAGE.stat().st_mtime >= newest_s, "viewers/stereo is newer than the page: pip install -e ."
    web.files["/pages/stereo.html"] = PAGE
    return f"{web.origin}/pages/stereo.html"
