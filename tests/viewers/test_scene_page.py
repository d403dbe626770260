"""The page with a scene in it: one file that opens from a disk, asks nothing of any host, and shows the photo."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from scene_views import psnr, small_photo

import kbvr

HIDDEN_BAR = ".bar { display: none !important } canvas { transition: none !important }"


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return small_photo(tmp_path_factory.mktemp("photo"))


@pytest.fixture(scope="module")
def page_file(photo, tmp_path_factory):
    return kbvr.export(photo, tmp_path_factory.mktemp("html"), html=True, fov_deg=60, alt="A tower").file.path


def test_the_page_opens_from_a_disk_and_shows_the_photo(web, photo, page_file):
    wanted = Image.open(photo)
    with web.page(page_file.as_uri(), wanted.size) as page:
        page.wait_for_function("() => document.querySelector('kbvr-photo').state")
        page.keyboard.press("Shift")  # takes over from the introduction
        page.wait_for_function("() => !document.querySelector('kbvr-photo').state.offset_m.some(Boolean)")
        assert page.get_by_role("application", name="A tower").is_visible()
        page.evaluate(
            """async css => {
              const style = document.createElement("style");
              style.textContent = css;
              document.querySelector("kbvr-photo").shadowRoot.append(style);
              for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
            }""",
            HIDDEN_BAR,
        )
        shown = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB"))
    assert psnr(shown, np.asarray(wanted)) >= 35
