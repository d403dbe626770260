"""How people get the best depth network: named once on a terminal, fetched before an export, done without offline."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from file_server import Script, card_for, known, serving
from moge_stand_in import moge_card, moge_like, put_moge
from PIL import Image
from scenes import landscape

from kbvr.cli import better_depth
from kbvr.cli.main import main
from kbvr.nets import card_of, download
from kbvr.nets import http as web
from kbvr.nets.model_card import card_text

HINT = "kbvr: for finer depth: kbvr models pull moge-2-small (141 MB, MIT, with DINOv2 inside under Apache-2.0)\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a folder of networks of its own, no proxy, no wish in the environment, and a fresh memory."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "KBVR_MODELS"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(download, "WAITS_S", (0.01, 0.01))
    better_depth.print_suggestion.cache_clear()
    return tmp_path / "home"


@pytest.fixture
def call(tmp_path: Path) -> list[str]:
    """Return the arguments of an export of a small photo that writes its depth alone."""
    Image.fromarray(landscape(64, 48)).save(tmp_path / "photo.png")
    out = ["-o", str(tmp_path / "out"), "--depth-map", "png", "--depth-quality", "fast", "--overwrite"]
    return ["export", str(tmp_path / "photo.png"), *out]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Let stderr be a terminal; pytest has another one for the test than now."""
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: self is sys.stderr)


@pytest.fixture
def script(home: Path, tmp_path: Path) -> Iterator[Script]:
    """Serve a stand-in of MoGe-2 as what the card of moge-2-small names."""
    path = moge_like(tmp_path / "moge-2-small.onnx", padding_bytes=300_000)
    script = Script(content=path.read_bytes())
    with serving(script) as url:
        known(moge_card(path, url=f"{url}/model.onnx"), home)
        yield script


def explained_network(told: str) -> str:
    """Return the line of --explain that says which network it was."""
    return next(line for line in told.splitlines() if line.startswith("depth: "))


# --- named ---


def test_the_better_network_is_named_once_in_a_process(call, terminal, capsys):
    """On a terminal, after the first export that did without it."""
    assert main([*call, call[1]]) == 2  # two photos of one name: the second fails, and changes nothing
    told = capsys.readouterr().err
    assert told.count(HINT) == 1 and told.endswith(HINT)
    assert main(call) == 0
    assert HINT not in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--quiet"], ["--json"], ["--depth-model", "kbvr-depth"], ["--depth", "depth.npy"], ["--profile"]]
)
def test_it_is_not_named_where_nobody_looks_or_has_the_choice(arguments, call, terminal, capsys, tmp_path):
    if arguments == ["--depth", "depth.npy"]:
        assert main(call) == 0
        better_depth.print_suggestion.cache_clear()
        file = tmp_path / "out" / "photo_kbvr_depth.png"
        file.rename(tmp_path / "depth.png")
        arguments = ["--depth", str(tmp_path / "depth.png"), "--depth-kind", "disparity"]
        capsys.readouterr()
    if arguments == ["--profile"]:
        arguments = ["--profile", "paper", "--depth-model", "kbvr-depth"]
    main([*call, *arguments])
    assert "models pull" not in capsys.readouterr().err


def test_it_is_not_named_in_a_pipe(call, capsys):
    assert main(call) == 0
    assert "models pull" not in capsys.readouterr().err


def test_it_is_not_named_by_who_has_a_better_one(home, call, terminal, capsys):
    """MoGe-2 or Depth Anything."""
    path = put_moge(home)
    assert main(call) == 0
    for file in (path, path.with_suffix(".json")):
        file.rename(file.with_stem("depth-anything-v2-small"))
    card = moge_card(path.with_stem("depth-anything-v2-small"), name="depth-anything-v2-small")
    path.with_name("depth-anything-v2-small.json").write_text(card_text(card), "utf-8")
    assert main(call) == 0
    assert "models pull" not in capsys.readouterr().err


def test_it_is_not_named_where_nothing_could_be_made(call, terminal, capsys, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"no photo")
    assert main(call) == 2
    assert "models pull" not in capsys.readouterr().err


def test_the_environment_can_decline(call, terminal, capsys, monkeypatch):
    monkeypatch.setenv("KBVR_MODELS", "none")
    assert main(call) == 0
    assert "models pull" not in capsys.readouterr().err


def test_the_environment_must_say_what_is_known(call, capsys, monkeypatch):
    monkeypatch.setenv("KBVR_MODELS", "all")
    assert main(call) == 2
    assert capsys.readouterr().err == "kbvr: expected auto or none in the environment variable KBVR_MODELS, got 'all'\n"


@pytest.mark.skipif(os.name != "posix", reason="terminals are another matter there")
def test_on_a_real_terminal_a_batch_names_it_once_and_keeps_nothing(call, home, tmp_path):
    """Neither a note that it was said, nor a folder to keep it in."""
    ours, theirs = os.openpty()
    second = tmp_path / "second.png"
    second.write_bytes(Path(call[1]).read_bytes())
    command = [sys.executable, "-m", "kbvr", *call, str(second)]
    with subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2]) as process:
        os.close(theirs)
        told = b""
        try:
            while some := os.read(ours, 4096):
                told += some
        except OSError:  # what Linux says at the end
            pass
        assert process.wait(60) == 0
    os.close(ours)
    assert told.count(b"kbvr models pull moge-2-small") == 1
    assert not home.exists()


# --- fetched ---


@pytest.mark.parametrize(("flag", "switch"), [(["--pull"], None), ([], "auto"), (["--pull"], "none")])
def test_it_is_fetched_without_asking_and_used(flag, switch, call, script, home, capsys, monkeypatch):
    """By --pull or by the environment; once, under its licence, and for the photo at hand."""
    if switch is not None:
        monkeypatch.setenv("KBVR_MODELS", switch)
    for _ in range(2):
        assert main([*call, *flag, "--explain"]) == 0
        told = capsys.readouterr()
        assert "by moge-2-small" in explained_network(told.out)
        assert "finer depth" not in told.err
    assert len(script.asked) == 1
    assert (home / "models" / "moge-2-small.onnx").read_bytes() == script.content


def test_a_damaged_file_is_downloaded_again(call, script, home, capsys):
    (home / "models" / "moge-2-small.onnx").write_bytes(b"half of it")
    assert main([*call, "--pull", "--explain"]) == 0
    assert "by moge-2-small" in explained_network(capsys.readouterr().out)


def test_its_licence_is_told_when_it_is_fetched(call, script, capsys):
    assert main([*call, "--pull"]) == 0
    assert "moge-2-small: licence MIT" in capsys.readouterr().err


def test_nothing_is_fetched_unless_that_is_wanted(call, script, terminal):
    assert main(call) == 0
    assert script.asked == []


@pytest.mark.parametrize(
    "arguments", [["--depth-model", "kbvr-depth"], ["--fill", "spread", "--depth-model", "x.onnx"]]
)
def test_nothing_is_fetched_for_who_names_a_network_that_is_here(arguments, call, script):
    main([*call, "--pull", *arguments])
    assert script.asked == []


def test_a_network_that_is_named_is_fetched_by_its_name(call, home, tmp_path, capsys):
    path = moge_like(tmp_path / "other.onnx")
    with serving(Script(content=path.read_bytes())) as url:
        known(moge_card(path, url=f"{url}/x", name="other"), home)
        assert main([*call, "--pull", "--depth-model", "other", "--explain"]) == 0
    assert "by other" in explained_network(capsys.readouterr().out)


def test_a_network_that_gives_no_depth_is_refused_before_it_is_fetched(call, home, tmp_path, capsys):
    """Whatever it weighs."""
    path = moge_like(tmp_path / "other.onnx")
    script = Script(content=path.read_bytes())
    with serving(script) as url:
        card = moge_card(path, url=f"{url}/x", name="other")
        known(replace(card, depth=None, inputs=card_of("migan").inputs), home)
        assert main([*call, "--pull", "--depth-model", "other"]) == 2
    assert script.asked == []
    assert "expected a network that gives depth, got other" in capsys.readouterr().err


def test_best_is_the_best_network_for_depth(script, home, capsys, tmp_path):
    """Unless a person has added one that is called so."""
    assert main(["models", "pull", "best"]) == 0
    assert capsys.readouterr().out == f"moge-2-small is installed: {home / 'models' / 'moge-2-small.onnx'}\n"
    known(card_for("", name="best"), home)
    (home / "models" / "best.onnx").write_bytes(b"x")
    assert main(["models", "pull", "best"]) == 2
    assert "best has no download address" in capsys.readouterr().err


# --- offline ---


def closed_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        return int(nobody.getsockname()[1])


@pytest.fixture
def nowhere(home: Path, tmp_path: Path) -> str:
    """Let the card name an address where nobody answers."""
    host = f"127.0.0.1:{closed_port()}"
    known(moge_card(moge_like(tmp_path / "moge-2-small.onnx"), url=f"http://{host}/model.onnx"), home)
    return host


def test_offline_the_export_goes_on_with_what_is_here(call, nowhere, capsys):
    """With one line of warning, and without another try."""
    assert main([*call, "--pull", "--explain"]) == 0
    told = capsys.readouterr()
    (warning,) = [line for line in told.err.splitlines() if line.startswith("kbvr: warning: ")]
    assert "moge-2-small could not be downloaded, using kbvr-depth for depth: " in warning and nowhere in warning
    assert "by kbvr-depth" in explained_network(told.out)


def test_quiet_says_nothing_of_it(call, nowhere, capsys):
    assert main([*call, "--pull", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_a_server_that_does_not_answer_is_not_waited_for(call, home, tmp_path, capsys, monkeypatch):
    """Once, and for a short time: a person who pulls by hand is served with more patience."""
    assert web.FAIL_FAST_TIMEOUT_S[0] <= 3 and web.FAIL_FAST_TIMEOUT_S < web.TIMEOUT_S
    monkeypatch.setattr(web, "FAIL_FAST_TIMEOUT_S", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/model.onnx"
        known(moge_card(moge_like(tmp_path / "moge-2-small.onnx"), url=url), home)
        start = time.monotonic()
        assert main([*call, "--pull"]) == 0
        assert time.monotonic() - start < 20
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):  # nobody asked a second time
            silent.accept()
    assert "did not answer in time" in capsys.readouterr().err


def test_half_a_file_is_never_used(call, script, home, capsys):
    """It is kept for the next try, which goes on from there."""
    script.cuts = [200_000]
    assert main([*call, "--pull", "--explain"]) == 0
    told = capsys.readouterr()
    assert "was cut" in told.err and "by kbvr-depth" in explained_network(told.out)
    assert not card_of("moge-2-small").is_installed
    assert main([*call, "--pull", "--explain"]) == 0
    assert "by moge-2-small" in explained_network(capsys.readouterr().out)
    assert "range" in script.asked[-1][1]


def test_another_file_than_the_cards_is_never_used(call, script, home, capsys):
    script.content = script.content[:-1] + b"x"
    assert main([*call, "--pull", "--explain"]) == 0
    told = capsys.readouterr()
    assert "does not have the sha256" in told.err and "by kbvr-depth" in explained_network(told.out)


def test_a_licence_that_has_to_be_accepted_is_not_accepted_by_pulling(call, home, tmp_path, capsys):
    path = moge_like(tmp_path / "moge-2-small.onnx")
    with serving(script := Script(content=path.read_bytes())) as url:
        known(replace(moge_card(path, url=f"{url}/x"), non_commercial=True), home)
        assert main([*call, "--pull"]) == 0
    assert script.asked == [] and "forbids commercial use" in capsys.readouterr().err
