"""The fixed corpus: one small input of every kind that is read, all made by formulas."""

from __future__ import annotations

import json
from functools import cache

from fuzz.depth_seeds import depth_seeds
from fuzz.mutators import Seed
from fuzz.network_seeds import CARD, network_seeds
from fuzz.photo_seeds import photo_seeds
from fuzz.scene_seeds import scene_seeds

KEYFRAMES = (
    {"keyframes": [{"time_s": 0}, {"time_s": 2, "x_m": 0.1, "yaw_deg": -3}, {"time_s": 4, "z_m": 0.4, "zoom": 1.1}]},
    {"keyframes": [{"time_s": 0, "zoom": 2, "pitch_deg": 1.5}, {"time_s": 0.5, "y_m": -0.1}]},
)

REQUEST = (
    b"GET /{token}/files/0/x.glb HTTP/1.1\r\nHost: {host}\r\n"
    b"Range: bytes=3-9\r\nAccept: */*\r\nConnection: close\r\n\r\n"
)
"""What a browser asks the server of `kbvr view`; {token} and {host} are put in when it runs."""

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: "one"\r\nConnection: close\r\n\r\nnetwork'
"""What a server answers to a pull."""

NOTE = {"url": "http://127.0.0.1:9/thing.onnx", "sha256": "0" * 64, "validator": '"one"'}
"""What a pull that was broken off leaves beside its part (`kbvr.nets.download`)."""

OPTIONS = {
    "crop": "10,15,40,40%",
    "focus": "30,50%",
    "memory": "1.5GiB",
    "screen": "1.2@2.5",
    "size": "1920x1080",
    "steps": "0:8:400",
    "shape": "9:16",
    "names": "sbs,anaglyph",
}
"""Option -> a text that it takes."""


@cache
def seeds() -> tuple[Seed, ...]:
    """Return all seeds, always in the same order."""
    small = [
        *(Seed(f"keyframes-{i}.json", "keyframes", "json", _bytes(tree)) for i, tree in enumerate(KEYFRAMES)),
        Seed("card.json", "card", "json", _bytes(CARD)),
        Seed("note.json", "note", "json", _bytes(NOTE)),
        Seed("request.http", "request", "http", REQUEST),
        Seed("answer.http", "answer", "http", ANSWER),
        *(Seed(f"{name}.txt", f"option {name}", "text", text.encode()) for name, text in OPTIONS.items()),
    ]
    return (*photo_seeds(), *depth_seeds(), *network_seeds(), *scene_seeds(), *small)


@cache
def relatives(reader: str) -> tuple[bytes, ...]:
    """Return the contents of all seeds of one reader."""
    return tuple(seed.content for seed in seeds() if seed.reader == reader)


def seed_named(name: str) -> Seed:
    """Return the seed of this name."""
    return next(seed for seed in seeds() if seed.name == name)


def _bytes(tree: object) -> bytes:
    return json.dumps(tree).encode()
