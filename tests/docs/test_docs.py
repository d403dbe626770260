"""Every page of the docs runs as it is written: its commands and its Python, one after the other, in one folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.request import urlopen

import pytest
from doc_pages import NAME, PAGES, ROOT, Code, DocPage

from kbvr.motion.keyframes import load_keyframes

NOT_RUN = {
    r"make (test|bench|wheel|(fuzz|faults|soak) .*)": "takes minutes",
    r"KBVR_TARGET=\S+ make wheel": "takes minutes",
    r"python docs/make_\w+\.py( --old FILE\.onnx)?": "takes minutes, and writes the pictures of these pages",
    r"python -m bench\..*": "takes minutes; test_bench.py and its like run them in small",
    r"pip install .*": "installs; test_wheel.py does that with a wheel",
    r"pre-commit install": "is a program of the reader's own",
    r"kbvr models (pull|rm) .*": "fetches 99 to 208 MB; test_pull.py and test_cli_models.py do it in small",
    r"(KBVR_MODELS=\w+ )?kbvr export (--pull )?photo\.jpg": "fetches 141 MB; test_better_depth.py does it in small",
    r"kbvr export --colorize photo\.jpg": "takes the reader's own photo; old_photos.md gives colours to others",
    r"kbvr export --stereo \S+ --pair .*": "takes pictures of a stereo camera; test_pair_export.py makes some",
    r"kbvr export --stereo portrait\.heic .*": "takes a portrait of a phone; test_embedded_depth.py makes some",
    NAME: "is a name in a sentence",
    r"kbvr doctor": "tells of the machine; test_doctor.py runs it",
    r"kbvr models add (my\.onnx|networks/)": "is about the reader's own networks; test_store.py adds some",
    r"dask (scheduler|worker) .*": "stays until it is ended; test_cluster.py starts some",
    r"kbvr batch .* --(scheduler|cluster) .*": "takes other machines; test_cluster.py and its like have stand-ins",
    r"kbvr batch (s3|https)://.*": "takes a server; test_remote.py runs some",
    r"kbvr studio.*": "stays until it is ended; tests/studio run it",
    r"kbvr watch .*": "stays until it is ended; test_watch.py watches folders",
    r"python -m export.*": "takes weights that do not come with kbvr, or a training",
    r"kbvr export .*(--profile paper|--segmentation maskrcnn) photo\.jpg": "takes those networks",
}
"""Commands that stand in a sentence or in a block of text, for they are not run here -> why."""


def reason_not_to_run(command: str) -> str | None:
    return next((reason for known, reason in NOT_RUN.items() if re.fullmatch(known, command)), None)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[DocPage], Path]:
    """Return what runs a page's commands as a stranger does, once, and returns the folder in which that was."""

    @cache
    def run(page: DocPage) -> Path:
        folder = checkout(tmp_path_factory.mktemp(page.path.stem))
        for code in page.code:
            run_code(code, folder)
        return folder

    return run


def checkout(folder: Path) -> Path:
    """Lay out a folder like a copy of the repository after `make demo`: its programs are those of these tests."""
    for name in ("examples", "docs/photos"):
        shutil.copytree(ROOT / name, folder / name)
    for name in (
        "Makefile",
        "pyproject.toml",
        "hatch_build.py",
        "kbvr",
        "viewers",
        "docs/scale.py",
        "docs/make_around.py",
    ):
        (folder / name).symlink_to(ROOT / name)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in (("kbvr", "-m kbvr "), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n', "utf-8")
        (programs / name).chmod(0o755)
    (folder / ".venv" / "installed").touch()
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Return that of a shell in which .venv is active; a browser that shows nothing."""
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "BROWSER": "true"}


def run_code(code: Code, folder: Path) -> None:
    """Run a command or a block of Python as it is written, if it can be."""
    if code.kind == "python":
        check_run([sys.executable, "-c", code.text], folder)
    elif code.kind in ("sh", "span") and not code.has_a_placeholder and not reason_not_to_run(code.command):
        if code.text.startswith("kbvr view "):
            check_served(code.text, folder)
        else:
            check_run(["sh", "-c", code.text], folder)


def check_run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command[-1]} ends with {done.returncode}: {done.stderr}"
    assert "Traceback" not in done.stderr


def check_served(command: str, folder: Path) -> None:
    """Look at what `kbvr view` shows, then end it; --lan is kept to this machine."""
    command = f"exec {command} --address 127.0.0.1" if "--lan" in shlex.split(command) else f"exec {command}"
    with subprocess.Popen(
        ["sh", "-c", command], cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            with urlopen(url, timeout=60, context=unchecked() if url.startswith("https") else None) as answer:  # noqa: S310
                assert answer.status == 200
            process.terminate()  # test_view.py presses Ctrl-C, which tests in the background do not hear
            assert process.wait(60) == 0
        finally:
            process.kill()


def unchecked() -> ssl.SSLContext:
    """Return the trust of a reader who has compared the fingerprint."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


RUNNING = [page for page in PAGES if any(code.kind in ("sh", "python") for code in page.code)]


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.name)
def test_a_page_runs_as_it_is_written(page, ran):
    """One command after the other, in one folder; then there are the files that the text names."""
    folder = ran(page)
    for name in page.named_files:
        assert [*folder.glob(f"out/**/{name.removeprefix('out/')}")], (
            f"{page.name} names {name}, which nothing in it has written"
        )
    html = [path.read_text("utf-8") for path in folder.glob("out/**/*_embed.html")]
    assert [code.text for code in page.code if code.kind == "html"] == html


def test_pages_can_be_read_one_after_the_other(ran):
    """No page writes what another has written: whoever goes on in the same folder meets no file in the way."""
    written = {page.name: outputs_of(ran(page)) for page in RUNNING}
    every = [path for paths in written.values() for path in paths]
    assert len(every) == len({*every}) > 60


def outputs_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.glob("out/**/*") if path.is_file()}


def test_what_stands_in_a_shells_block_is_run():
    """A command that the tests cannot run stands in a block of text, and has a reason here; no reason is left over."""
    skipped = set()
    for page in PAGES:
        for code in page.commands:
            reason = reason_not_to_run(code.command)
            said = f"{page.name}:{code.line}: {code.text}"
            if code.kind == "sh":
                assert not code.has_a_placeholder and reason is None, said
            elif code.kind == "text":
                assert reason is not None, said
            skipped.add(reason)
    assert {*NOT_RUN.values()} <= skipped


def test_code_stands_between_fences():
    """Where it would be indented only, nobody could tell a shell's lines from others."""
    for page in PAGES:
        assert not re.search(r"\n\n {4}\S", page.prose), page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_json_is_json(page, tmp_path):
    for code in page.code:
        if code.kind == "json":
            (tmp_path / "written.json").write_text(code.text, "utf-8")
            if "keyframes" in json.loads(code.text):
                load_keyframes(tmp_path / "written.json")
