"""The photo itself as a file: what an old photo looks like after its repair, at its full size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kbvr
from kbvr.cli.main import main
from kbvr.errors import InputError
from kbvr.formats.spec.format import Item
from kbvr.formats.still.flat import check_flat
from kbvr.options.export_options import FileOptions
from kbvr.repair import with_contrast

COFFEE = Path(__file__).parents[3] / "examples" / "coffee.jpg"


@pytest.fixture
def faded(tmp_path):
    """Return a faded grey photo."""
    grey = Image.open(COFFEE).convert("L").resize((300, 200)).point(lambda level: 90 + level // 4)
    grey.save(tmp_path / "faded.png")
    return tmp_path / "faded.png"


def test_a_png_has_every_pixel_of_the_repaired_photo(faded, tmp_path):
    report = kbvr.export(faded, tmp_path / "out", still="flat", picture="png", restore_contrast=True)
    assert [made.file.path.name for made in report.written] == ["faded_kbvr_flat.png"]
    wanted = with_contrast(kbvr.load_photo(faded)).rgb
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "faded_kbvr_flat.png")), wanted)


def test_it_is_cropped_and_made_smaller_as_other_pictures_are(faded, tmp_path):
    assert main(["export", str(faded), "--still", "flat", "--aspect", "1:1", "-o", str(tmp_path / "a.jpg")]) == 0
    assert main(["export", str(faded), "--still", "flat", "--max-size", "150x150", "-o", str(tmp_path / "b.webp")]) == 0
    assert Image.open(tmp_path / "a.jpg").size == (200, 200)
    assert Image.open(tmp_path / "b.webp").size == (150, 100)


def test_it_has_no_comfort(faded, tmp_path, capsys):
    given = ["--still", "flat", "--comfort", str(tmp_path / "c.json"), "-o", str(tmp_path)]
    assert main(["export", str(faded), *given]) == 2
    assert "other than mono, quilt, autostereogram, rgbd and flat" in capsys.readouterr().err


def test_a_picture_that_is_too_large_for_its_format_is_refused():
    with pytest.raises(InputError, match="a photo of 40000x100"):
        check_flat((40000, 100), Item("flat", Path("a.webp"), "mono"), FileOptions())
