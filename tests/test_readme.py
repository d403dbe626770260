"""Every command and every line of Python in the README and in docs/ works."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [README, *(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))]
SHELL = [
    line.split("  #")[0].strip()
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    for line in block.splitlines()
]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A folder that looks like the repository to a person who follows the README."""
    for folder in ("examples", "docs/photos"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", [line for line in SHELL if re.match("kbvr (?!view )", line)])  # see test_view.py
def test_a_command_of_the_docs_works(command, copy):
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, done.stderr
    assert list(copy.glob("out/*_kbvr*"))


def environment() -> dict[str, str]:
    """Let the subprocess find kbvr here, installed or not."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("target", [line.split()[1] for line in SHELL if line.startswith("make ")])
def test_a_make_target_of_the_readme_is_there(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_of_the_readme_works(code, copy):
    subprocess.run([sys.executable, "-c", code], check=True, env=environment())
    assert (copy / "out" / "cat_kbvr_LR.mp4").stat().st_size > 10_000


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("*.md")), ROOT / "examples/README.md", ROOT / "bench/README.md", *ROOT.glob("docs/*.md")]
)
def test_links_and_pictures_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target
