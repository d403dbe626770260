"""Files to serve, and servers of them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from web_client import viewing

from kbvr.serving import LOOPBACK, Server, site

VIDEO = np.random.default_rng(7).bytes(300_001)


@pytest.fixture
def video() -> bytes:
    """Return the content of the video in `files`."""
    return VIDEO


@pytest.fixture
def pages(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the pages that are built when kbvr is installed."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("scene.html", "stereo.html"):
        (folder / name).write_text("<!doctype html><title>kbvr</title>" + " " * 2000, "utf-8")
    monkeypatch.setattr(site, "PAGES", folder)
    return folder


@pytest.fixture
def files(tmp_path: Path, pages: Path) -> list[Path]:
    """A scene and a video beside a file that nobody named."""
    (tmp_path / "cat.glb").write_bytes(b"glTF" + bytes(range(256)))
    (tmp_path / "cat_LR.mp4").write_bytes(VIDEO)
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    return [tmp_path / "cat.glb", tmp_path / "cat_LR.mp4"]


@pytest.fixture
def serving(files: list[Path]) -> Iterator[Server]:
    with viewing(*files) as served:
        yield served


@pytest.fixture
def idle() -> Iterator[Callable[..., list[socket.socket]]]:
    """Opens connections that send nothing, from any address of this machine."""
    opened: list[socket.socket] = []

    def connect(served: Server, count: int, source: str = LOOPBACK) -> list[socket.socket]:
        address = (LOOPBACK, served.port)
        new = [socket.create_connection(address, timeout=10, source_address=(source, 0)) for _ in range(count)]
        opened.extend(new)
        return new

    yield connect
    for client in opened:
        client.close()
