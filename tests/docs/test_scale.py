"""The plan for a million photos: its arithmetic, and that the page says what the script does."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/scale.md").read_text("utf-8")


@pytest.fixture(scope="module")
def scale() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_scale", ROOT / "docs/scale.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules["docs_scale"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_units_agree(scale):
    """A core that makes a photo in 3.6 s makes 1,000 in an hour; 2 MB each are 2 GB."""
    photo = scale.PhotoCost(core_s=3.6, memory_gb=1, mb_in=0.5, mb_out=1.5)
    plan = scale.planned(1000, photo, scale.Machines(1, 1, 8, 1.0, 0.25))
    assert plan.hours == pytest.approx(1)
    assert plan.cost == plan.cost_per_1000 == pytest.approx(0.25)
    assert (plan.tb_in, plan.tb_out) == pytest.approx((0.0005, 0.0015))
    assert plan.mb_per_s == pytest.approx(2 / 3.6)


def test_machines_cores_and_losses_scale_the_time(scale):
    """Half the efficiency is twice the time, and so is making every photo twice."""
    photo = scale.PhotoCost(10, 1, 1, 1)
    one = scale.planned(10**6, photo, scale.Machines(1, 8, 64, 1.0, 1))
    assert scale.planned(10**6, photo, scale.Machines(4, 8, 64, 0.5, 1)).hours == pytest.approx(one.hours / 2)
    assert scale.planned(10**6, photo, scale.Machines(1, 8, 64, 1.0, 1), again=1).hours == pytest.approx(2 * one.hours)


def test_memory_limits_the_photos_at_a_time(scale):
    """Cores that memory does not suffice for are paid all the same."""
    photo = scale.PhotoCost(10, 3, 1, 1)
    roomy, tight = (scale.planned(1000, photo, scale.Machines(1, 8, memory, 1.0, 1)) for memory in (64, 12))
    assert (roomy.at_once, tight.at_once) == (8, 4)
    assert tight.cost == pytest.approx(2 * roomy.cost)


def test_enough_machines_are_planned_and_no_more(scale):
    """For the hours that there are."""
    photo, machines = scale.PhotoCost(12, 2, 1, 1), scale.Machines(1, 16, 64, 0.85, 0.1)
    count = scale.machines_for(24, 10**6, photo, machines)
    hours = [scale.planned(10**6, photo, scale.Machines(n, 16, 64, 0.85, 0.1)).hours for n in (count - 1, count)]
    assert hours[0] > 24 >= hours[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--photos", "0"],
        ["--photos", "1.5"],
        ["--photos", "many"],
        ["--hours", "-1"],
        ["--efficiency", "1.01"],
        ["--seconds-per-photo", "nan"],
        ["--price-per-core-hour", "-1"],
        ["--size", "3MP"],
        ["--memory", "1"],
    ],
)
def test_bad_input_is_an_error(scale, capsys, arguments):
    """Exit code 2, and a line that names the option or the reason."""
    with pytest.raises(SystemExit) as ended:
        scale.main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert not said.out and re.search(rf"error: (argument {arguments[0]}|a photo takes 1.49 GB)", said.err)


def test_the_page_shows_what_its_command_prints(scale, capsys):
    """Line by line; and its table has the figures that the script computes with."""
    command = re.search(r"^python docs/scale\.py (.*)$", PAGE, re.MULTILINE)
    assert command is not None
    scale.main(command[1].split())
    assert f"\n```\n{capsys.readouterr().out}```\n" in PAGE
    rows = re.findall(r"^\| (\d+MP) \| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    costs = {key: (cost.core_s, cost.memory_gb, cost.mb_out) for key, cost in scale.MEASURED.items()}
    assert {(size, outputs): tuple(map(float, figures)) for size, outputs, *figures in rows} == costs


def test_own_figures_replace_the_measured_ones(scale, capsys):
    """And the plan says which ones."""
    scale.main(["--photos", "1000", "--machines", "2", "--seconds-per-photo", "7.2", "--price-per-core-hour", "0"])
    said = capsys.readouterr().out
    assert "7.2 s of a core" in said and "your figures: core_s; else python -m bench.photo_cost" in said
    assert "2 of 16 cores" in said and "(at 0 per core and hour: your price)" in said
