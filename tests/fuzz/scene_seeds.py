"""What `kbvr view` serves and its pages read: scenes, stereo pictures and videos."""

from __future__ import annotations

import io
import json
import struct
from base64 import b64encode
from collections.abc import Iterator
from fractions import Fraction

import av

from fuzz.mutators import Seed
from fuzz.photo_seeds import encoded, picture, rgb
from fuzz.structures.jpeg import jpeg_of, segments_of


def scene_seeds() -> Iterator[Seed]:
    """Yield one of each kind."""
    yield Seed("scene.glb", "view", "", glb())
    yield Seed("page.html", "view", "", b"<!doctype html><title>x</title>")
    yield Seed("video.mp4", "view", "boxes", video("mp4", "libx264"))
    yield Seed("video.webm", "view", "", video("webm", "libvpx-vp9"))
    yield Seed(
        "twins.mpo", "stereo page", "jpeg", encoded(picture("RGB"), "MPO", save_all=True, append_images=[picture("L")])
    )
    yield Seed("halves.vr.jpg", "stereo page", "jpeg", half_spheres())


def half_spheres() -> bytes:
    """Return a VR180 photo: its XMP says what part of a sphere it is, and holds the right eye's JPEG."""
    segments, scan = segments_of(encoded(picture("RGB"), "JPEG"))
    names = {"FullPanoWidthPixels": 64, "FullPanoHeightPixels": 24}
    names |= {"CroppedAreaImageWidthPixels": 32, "CroppedAreaImageHeightPixels": 24}
    said = " ".join(f'GPano:{name}="{value}"' for name, value in names.items())
    right = b64encode(encoded(picture("L"), "JPEG")).decode()
    plain = b"http://ns.adobe.com/xap/1.0/\0" + f"<x {said}/>".encode()
    extended = b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + f'<x GImage:Data="{right}"/>'.encode()
    return jpeg_of([(0xE1, plain), (0xE1, extended), *segments], scan)


def glb() -> bytes:
    """Return a scene of one triangle."""
    points = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "max": [1, 1, 0], "min": [0, 0, 0]}
        ],
        "bufferViews": [{"buffer": 0, "byteLength": len(points)}],
        "buffers": [{"byteLength": len(points)}],
    }
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(points), b"BIN\0") + points
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def video(container: str, codec: str) -> bytes:
    """Return a video of two frames."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as film:
        track = film.add_stream(codec, rate=Fraction(25))
        track.width, track.height, track.pix_fmt = 32, 24, "yuv420p"
        for _ in range(2):
            film.mux(track.encode(av.VideoFrame.from_ndarray(rgb(), format="rgb24")))
        film.mux(track.encode())
    return stream.getvalue()
