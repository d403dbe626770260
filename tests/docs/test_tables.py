"""What the tables in the docs say of files' names is what files are called."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from doc_pages import PAGES, ROOT

from kbvr.formats.packing.layouts import QUILTS
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import SCENES, DepthMapKind, Still
from kbvr.options.video import Player
from kbvr.plan.output_kinds import KINDS

TEXTS = {page.name: page.text for page in PAGES}


def rows(page: str, heading: str) -> Iterator[list[list[str]]]:
    """Yield the rows of a page's table that has this heading, each cell as the code that stands in it."""
    for table in re.findall(r"(?:^\|.*\|\n)+", TEXTS[page], re.MULTILINE):
        first, _, *others = table.splitlines()
        headings = [cell.strip(" `") for cell in first.strip("|").split("|")]
        if heading in headings:
            for row in others:
                yield [re.findall(r"`([^`]+)`", cell) for cell in row.strip("|").split("|")]


def endings_of(**options: Any) -> list[str]:
    """Return how files are called that options make, without the photo's name."""
    chosen = ExportOptions(**options)
    files = (item for output in chosen.outputs for item in KINDS[output].items("photo", Path(), chosen))
    return [item.path.name.removeprefix("photo") for item in files]


def test_stills_have_the_names_in_the_table():
    told = {name for row in rows("docs/stills.md", "--still") for name in row[1]}
    assert told == {*get_args(Still)}
    for _, names, endings, *_ in rows("docs/stills.md", "--still"):
        made = [end for name in names for end in endings_of(still=name)]
        assert made == endings


def test_quilts_have_the_names_in_the_table():
    told = {row[0][0]: row[3][0] for row in rows("docs/stills.md", "--quilt-for")}
    assert told == {
        name: endings_of(still="quilt", quilt_for=name)[0].removeprefix("_kbvr").removesuffix(".png") for name in QUILTS
    }


def test_depth_maps_have_the_names_in_the_table():
    told = {row[0][0]: row[1] for row in rows("docs/stills.md", "--depth-map")}
    assert told == {name: endings_of(depth_map=name) for name in get_args(DepthMapKind)}


def test_scenes_for_other_programs_have_the_names_in_the_table():
    told = [(row[0][0], row[1][0]) for row in rows("docs/scenes_formats.md", "option")]
    others = [output for output in SCENES if output not in ("gltf", "html", "embed")]
    assert told == [(f"--{output}", end) for output in others for end in endings_of(**{output: True})]


@pytest.mark.parametrize("player", get_args(Player))
def test_videos_end_for_players_as_the_table_says(player):
    layouts = ("sbs", "sbs-half", "tb", "tb-half")
    made = [endings_of(layout=layout, name_for=player)[0] for layout in layouts]
    made += endings_of(projection="vr180", name_for=player)
    (told,) = [row[1:6] for row in rows("docs/videos.md", "vr180") if player in row[0]]
    assert [[end.removeprefix("_kbvr").removesuffix(".mp4")] for end in made] == told


def test_what_follows_from_the_declared_options_is_written_anew():
    """The page of all options, and the keywords of kbvr.export; `python docs/make_options.py` writes them."""
    made = runpy.run_path(str(ROOT / "docs" / "make_options.py"))
    assert (ROOT / made["PAGE"]).read_text("utf-8") == made["page"]()
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", made["KEYWORDS"], "-"]
    keywords = subprocess.run(
        ruff, input=made["keywords"](), capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert (ROOT / made["KEYWORDS"]).read_text("utf-8") == keywords
