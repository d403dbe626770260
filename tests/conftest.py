"""Set-up for all tests: array shapes are checked, examples are the same on every run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

import kbvr  # noqa: F401  keeps the telemetry of onnxruntime, which some tests import themselves, from starting

if TYPE_CHECKING:
    from web_engines import Web

install_import_hook("kbvr", "typechecking.checked")

settings.register_profile("kbvr", derandomize=True, deadline=None, max_examples=40, database=None)
settings.load_profile("kbvr")


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Let signals end what tests start: a shell's background jobs ignore Ctrl-C, and nohup a closed terminal."""
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture(autouse=True, scope="session")
def no_networks_but_the_built_in_ones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what the person at this machine has pulled out of the tests: `auto` would take it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KBVR_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference material that lies beside a checkout, where there is one."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the reference material in {folder}")
    return folder


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """Return Chromium and a server of the engines that scenes are opened in."""
    from web_engines import web as started

    with started() as running:
        yield running
