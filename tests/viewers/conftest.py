"""Stereo files, the address of the player, and galleries."""

from __future__ import annotations

from pathlib import Path

import pytest
from gallery_browser import serving
from gallery_sites import COUNT, photo, rich_photos, write_site
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


@pytest.fixture(scope="session")
def galleries(tmp_path_factory):
    built = ROOT / "kbvr" / "pages" / "gallery.js"
    newest_s = max(path.stat().st_mtime for path in (ROOT / "viewers" / "gallery").iterdir())
    assert built.stat().st_mtime >= newest_s, "viewers/gallery is newer than the page: pip install -e ."
    return tmp_path_factory.mktemp("sites")


@pytest.fixture(scope="session")
def many_photos(galleries):
    """Return the index of a gallery of 5,000 photos, some of which have a loop."""
    loop = "Box 1/loop_kbvr_wiggle.mp4"
    photos = (photo(number, wiggle=loop if number % 2 else "") for number in range(COUNT - 1))
    written = write_site(galleries / "many", [*photos, photo(COUNT - 1, name="IMG_x", author="Žofie Zürcher")])
    return (written / "index.html").as_uri()


@pytest.fixture(scope="session")
def few_photos(galleries):
    """Return the index of a gallery of few photos with all that they can have."""
    return (write_site(galleries / "rich", rich_photos()) / "index.html").as_uri()


@pytest.fixture(scope="session")
def gallery_server(galleries):
    """Return the address of a server of the galleries' folders."""
    with serving(galleries) as address:
        yield address


@pytest.fixture(params=["disk", "server"])
def gallery(request, few_photos, gallery_server):
    """Return the address of the gallery of few photos, without its name on a server."""
    return few_photos if request.param == "disk" else f"{gallery_server}/rich/"
