"""Spatial photo: both eyes' pictures in one HEIC, bound together as a stereo pair. Experimental.

ISO/IEC 23008-12 (HEIF): the entity group `ster` names the left and the right picture; the properties `cmin` and `cmex`
say what their cameras were and where they stood. libheif, through pillow-heif, encodes the pictures; the boxes are
added here. pillow-heif is an extra (`kbvr[heic]`), for its encoder, x265, is under the GPL.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from io import BytesIO
from time import perf_counter

import numpy as np

from kbvr.errors import InputError, OutputError
from kbvr.formats.spec.encoding import DEFAULT_QUALITY, exif_of, srgb_profile
from kbvr.formats.spec.extras import check_extra
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, Views
from kbvr.formats.still.one_instant import pair_of
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import written_aside

MIN_SIDE_PX, MAX_SIDE_PX = 64, 8192
"""libheif pads smaller pictures and odd ones, which would change what intrinsics mean; HEVC's level 6 ends there."""

GROUP_ID = 1000
"""Must differ from the numbers of all items, which libheif counts from 1."""

HEAD = struct.Struct(">I4s")


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and content of every box that lies one after the other.

    Raises:
        ValueError: if a length is none.
    """
    at = 0
    while at < len(data):
        size, kind = HEAD.unpack_from(data, at) if at + HEAD.size <= len(data) else (0, b"")
        if size < HEAD.size or at + size > len(data):
            raise ValueError(f"there is no box at byte {at}")
        yield kind, data[at + HEAD.size : at + size]
        at += size


def box(kind: bytes, content: bytes) -> bytes:
    """Return one box as bytes."""
    return HEAD.pack(HEAD.size + len(content), kind) + content


def full_box(kind: bytes, flags: int, content: bytes) -> bytes:
    """Return one box of version 0 with flags."""
    return box(kind, flags.to_bytes(4, "big") + content)


def stereo_pair_of(heic: bytes) -> tuple[int, int] | None:
    """Return the numbers of the left and the right picture's items, None if no pair is named.

    Raises:
        ValueError: if it is no file of boxes.
    """
    for kind, content in boxes(_inside(heic, b"meta")[4:]):
        if kind == b"grpl":
            for group, members in boxes(content):
                if group == b"ster" and struct.unpack_from(">II", members, 4)[1] == 2:
                    left, right = struct.unpack_from(">II", members, 12)
                    return left, right
    return None


def with_stereo_pair(heic: bytes, cameras: tuple[bytes, bytes]) -> bytes:
    """Return a HEIC of two pictures with its first two bound as left and right, each with its camera's properties.

    Raises:
        ValueError: if it is not laid out as libheif does it: `meta` before `mdat`, 32-bit places.
    """
    meta = _inside(heic, b"meta")
    items = _picture_items(meta)
    if len(items) != 2:
        raise ValueError(f"two pictures were to be in it, got {len(items)}")
    group = box(b"grpl", full_box(b"ster", 0, struct.pack(">IIII", GROUP_ID, 2, *items)))
    longer = sum(map(len, cameras)) + 2 * len(cameras) + len(group)
    changed = b""
    for kind, content in boxes(meta[4:]):
        if kind == b"iloc":
            changed += box(kind, _moved(content, longer))
        elif kind == b"iprp":
            changed += box(kind, _with_cameras(content, items, cameras))
        else:
            changed += box(kind, content)
    new_meta = box(b"meta", meta[:4] + changed + group)
    if len(new_meta) != len(meta) + HEAD.size + longer:
        raise ValueError("its boxes are of another kind")
    return b"".join(new_meta if kind == b"meta" else box(kind, content) for kind, content in boxes(heic))


def camera_properties(facts: Facts, size_px: tuple[int, int], side: int) -> bytes:
    """Return a camera's two properties: intrinsics as shares of the picture's size, and its place in micrometres.

    `side` is -1 for the left eye and 1 for the right one.
    """
    assert facts.baseline_m is not None
    assert facts.convergence_m is not None
    width = size_px[0]
    shift_px = side * facts.f_px * facts.baseline_m / 2 / facts.convergence_m
    shares = (facts.f_px / width, 0.5 + shift_px / width, 0.5)
    bits = 30 - int(max(1.0, *map(abs, shares))).bit_length()  # as many as 32 have room for
    intrinsics = full_box(b"cmin", bits << 8, struct.pack(">3i", *(round(share * 2**bits) for share in shares)))
    place_um = min(2**31 - 1, round(facts.baseline_m / 2 * 1e6)) * side
    return intrinsics + full_box(b"cmex", 1, struct.pack(">i", place_um))


def _inside(data: bytes, wanted: bytes) -> bytes:
    for kind, content in boxes(data):
        if kind == wanted:
            return content
    raise ValueError(f"it has no {wanted.decode()}")


def _picture_items(meta: bytes) -> list[int]:
    """Return the numbers of the items that are pictures, in order."""
    listed = _inside(meta[4:], b"iinf")
    return [
        struct.unpack_from(">H", content, 4)[0]
        for kind, content in boxes(listed[6:])
        if kind == b"infe" and content[8:12] == b"hvc1"
    ]


def _moved(iloc: bytes, by: int) -> bytes:
    """Return the table of where items lie, with all of them so much farther on."""
    if iloc[:4] != bytes(4) or iloc[4:6] != b"\x44\x40":
        raise ValueError("its places are written in another way")
    changed, at = bytearray(iloc), 8
    for _ in range(struct.unpack_from(">H", iloc, 6)[0]):
        base, extents = struct.unpack_from(">IH", iloc, at + 4)
        struct.pack_into(">I", changed, at + 4, base + by)
        at += 10 + 8 * extents
    return bytes(changed)


def _with_cameras(iprp: bytes, items: list[int], cameras: tuple[bytes, bytes]) -> bytes:
    """Return the pictures' properties with those of the cameras."""
    properties, linked = _inside(iprp, b"ipco"), _inside(iprp, b"ipma")
    if linked[:4] != bytes(4):
        raise ValueError("its properties are bound in another way")
    first = sum(1 for _ in boxes(properties)) + 1
    changed, at = linked[:8], 8
    for _ in range(struct.unpack_from(">I", linked, 4)[0]):
        item, count = struct.unpack_from(">HB", linked, at)
        own = linked[at + 3 : at + 3 + count]
        if item in items:
            own += bytes((first + 2 * items.index(item), first + 2 * items.index(item) + 1))
        changed += struct.pack(">HB", item, len(own)) + own
        at += 3 + count
    return box(b"ipco", properties + b"".join(cameras)) + box(b"ipma", changed)


def write_spatial(instants: Iterable[Views], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write the views of two eyes, and read them back; see `Format.write`."""
    import pi_heif
    import pillow_heif

    views = pair_of(instants, item, facts)
    height, width = views[0].shape[:2]
    check_spatial((width, height), item, options)
    size_px = (width // 2 * 2, height // 2 * 2)
    left, right = (view[: size_px[1], : size_px[0]] for view in views)
    begun = perf_counter()
    file, stream = pillow_heif.HeifFile(), BytesIO()
    for view in (left, right):
        frame = file.add_frombytes("RGB", size_px, np.ascontiguousarray(view).tobytes())
        frame.info["icc_profile"] = srgb_profile()
    file[0].info["exif"] = exif_of(facts.credits, size_px)
    file.save(stream, quality=DEFAULT_QUALITY if options.quality is None else options.quality)
    left_camera, right_camera = (camera_properties(facts, size_px, side) for side in (-1, 1))
    data = with_stereo_pair(stream.getvalue(), (left_camera, right_camera))
    encode_s = perf_counter() - begun
    with written_aside(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        try:
            found = [np.asarray(one.to_pillow()) for one in pi_heif.open_heif(str(aside))]
            pair = stereo_pair_of(aside.read_bytes())
        except (ValueError, OSError, RuntimeError, EOFError) as error:
            raise OutputError(f"{item.path.name} could not be read back: {error}") from error
        if pair is None or [one.shape for one in found] != [left.shape] * 2:
            raise OutputError(f"{item.path.name} did not read back as written")
    return FileSummary(item.path, size_px, 1, 0.0, 0.0, len(data), encode_s)


def check_spatial(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that views of this (width, height) can be written, and by what; see `Format.check`."""
    del options
    if item.path.suffix.lower() != ".heic":
        raise InputError(f"a spatial photo goes into a file that ends in .heic, got {item.path.name}")
    check_extra("heic", "pillow_heif", "a spatial photo needs pillow-heif")
    if min(view_px) < MIN_SIDE_PX or max(view_px) > MAX_SIDE_PX:
        width, height = view_px
        raise InputError(f"HEIC pictures are {MIN_SIDE_PX} to {MAX_SIDE_PX} px a side here, got {width}x{height}")


FORMAT = Format(
    says="a stereo pair in HEIC, as spatial photos are stored; experimental, wants kbvr[heic]",
    needs="views",
    suffixes=(".heic",),
    proof="both pictures decoded by pi-heif, sizes compared; the pair found in the boxes",
    check=check_spatial,
    write=write_spatial,
)
