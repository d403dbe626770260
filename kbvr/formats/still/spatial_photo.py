"""Spatial photo: both views in one HEIC, grouped as a stereo pair. Experimental.

ISO/IEC 23008-12 (HEIF): the entity group `ster` refers to the left and the right picture; the properties `cmin` and
`cmex` are the intrinsics and extrinsics of their cameras. libheif, through pillow-heif, encodes the pictures; the boxes
are added here. pillow-heif is an extra (`kbvr[heic]`), because its encoder, x265, is under the GPL.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from io import BytesIO
from time import perf_counter

import numpy as np

from kbvr.errors import InputError
from kbvr.formats.spec.encoding import DEFAULT_QUALITY, credit_blocks, srgb_profile
from kbvr.formats.spec.exif import exif_of
from kbvr.formats.spec.extras import check_extra
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, Views
from kbvr.formats.spec.verification import verification_error
from kbvr.formats.still.one_instant import view_pair
from kbvr.formats.video.mp4_boxes import box, boxes_in, content_of, full_box
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write

MIN_SIDE_PX, MAX_SIDE_PX = 64, 8192
"""libheif pads smaller and odd pictures, which would change the meaning of intrinsics; 8192 is the limit of HEVC's
level 6."""

GROUP_ID = 1000
"""Must differ from the ids of all items, which libheif counts from 1."""


def stereo_pair_of(heic: bytes) -> tuple[int, int] | None:
    """Return the item ids of the left and the right picture, None if there is no stereo pair.

    Raises:
        ValueError: if the file does not consist of boxes.
    """
    for kind, content in boxes_in(content_of(heic, b"meta")[4:]):
        if kind == b"grpl":
            for group, members in boxes_in(content):
                if group == b"ster" and struct.unpack_from(">II", members, 4)[1] == 2:
                    left, right = struct.unpack_from(">II", members, 12)
                    return left, right
    return None


def with_stereo_pair(heic: bytes, cameras: tuple[bytes, bytes]) -> bytes:
    """Return a HEIC of two pictures, grouped as left and right, each with its camera's properties.

    Raises:
        ValueError: if its layout is not libheif's: `meta` before `mdat`, 32-bit offsets.
    """
    meta = content_of(heic, b"meta")
    items = _picture_items(meta)
    if len(items) != 2:
        raise ValueError(f"expected two pictures, got {len(items)}")
    group = box(b"grpl", full_box(b"ster", struct.pack(">IIII", GROUP_ID, 2, *items)))
    added_bytes = sum(map(len, cameras)) + 2 * len(cameras) + len(group)
    changed = b""
    for kind, content in boxes_in(meta[4:]):
        if kind == b"iloc":
            changed += box(kind, _shifted(content, added_bytes))
        elif kind == b"iprp":
            changed += box(kind, _with_cameras(content, items, cameras))
        else:
            changed += box(kind, content)
    if len(changed) + len(group) + 4 != len(meta) + added_bytes:
        raise ValueError("its boxes have an unexpected layout")
    new_meta = box(b"meta", meta[:4] + changed + group)
    return b"".join(new_meta if kind == b"meta" else box(kind, content) for kind, content in boxes_in(heic))


def camera_properties(facts: Facts, size_px: tuple[int, int], side: int) -> bytes:
    """Return a camera's properties: intrinsics as shares of the picture's size, and the position in micrometres.

    `side` is -1 for the left camera and 1 for the right one.
    """
    assert facts.baseline_m is not None
    assert facts.convergence_m is not None
    width = size_px[0]
    shift_px = side * facts.f_px * facts.baseline_m / 2 / facts.convergence_m
    shares = (facts.f_px / width, 0.5 + shift_px / width, 0.5)
    bits = 30 - int(max(1.0, *map(abs, shares))).bit_length()  # the most fractional bits that fit into 32
    values = struct.pack(">3i", *(round(share * 2**bits) for share in shares))
    position_um = min(2**31 - 1, round(facts.baseline_m / 2 * 1e6)) * side
    return full_box(b"cmin", values, flags=bits << 8) + full_box(b"cmex", struct.pack(">i", position_um), flags=1)


def _picture_items(meta: bytes) -> list[int]:
    """Return the ids of the items that are pictures, in order."""
    infos = content_of(meta[4:], b"iinf")
    return [
        struct.unpack_from(">H", content, 4)[0]
        for kind, content in boxes_in(infos[6:])
        if kind == b"infe" and content[8:12] == b"hvc1"
    ]


def _shifted(iloc: bytes, shift: int) -> bytes:
    """Return the table of items' offsets, with `shift` added to each."""
    if iloc[:4] != bytes(4) or iloc[4:6] != b"\x44\x40":
        raise ValueError("its offsets have an unexpected layout")
    changed, at = bytearray(iloc), 8
    for _ in range(struct.unpack_from(">H", iloc, 6)[0]):
        base, extents = struct.unpack_from(">IH", iloc, at + 4)
        struct.pack_into(">I", changed, at + 4, base + shift)
        at += 10 + 8 * extents
    return bytes(changed)


def _with_cameras(iprp: bytes, items: list[int], cameras: tuple[bytes, bytes]) -> bytes:
    """Return the pictures' properties with those of the cameras added."""
    properties, associations = content_of(iprp, b"ipco"), content_of(iprp, b"ipma")
    if associations[:4] != bytes(4):
        raise ValueError("its properties have an unexpected layout")
    first = sum(1 for _ in boxes_in(properties)) + 1
    changed, at = associations[:8], 8
    for _ in range(struct.unpack_from(">I", associations, 4)[0]):
        item, count = struct.unpack_from(">HB", associations, at)
        indices = associations[at + 3 : at + 3 + count]
        if item in items:
            indices += bytes((first + 2 * items.index(item), first + 2 * items.index(item) + 1))
        changed += struct.pack(">HB", item, len(indices)) + indices
        at += 3 + count
    return box(b"ipco", properties + b"".join(cameras)) + box(b"ipma", changed)


def write_spatial(instants: Iterable[Views], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a pair of views; see `Format.write`."""
    import pi_heif
    import pillow_heif

    views = view_pair(instants, item, facts)
    height, width = views[0].shape[:2]
    check_spatial((width, height), item, options)
    size_px = (width // 2 * 2, height // 2 * 2)
    left, right = (view[: size_px[1], : size_px[0]] for view in views)
    start = perf_counter()
    file, stream = pillow_heif.HeifFile(), BytesIO()
    for view in (left, right):
        frame = file.add_frombytes("RGB", size_px, np.ascontiguousarray(view).tobytes())
        frame.info["icc_profile"] = srgb_profile()
    file[0].info |= {"exif": exif_of(facts.credits, size_px), **credit_blocks(facts.credits, size_px)}
    file.save(stream, quality=DEFAULT_QUALITY if options.quality is None else options.quality)
    left_camera, right_camera = (camera_properties(facts, size_px, side) for side in (-1, 1))
    data = with_stereo_pair(stream.getvalue(), (left_camera, right_camera))
    encode_s = perf_counter() - start
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        try:
            shapes = [np.asarray(picture.to_pillow()).shape for picture in pi_heif.open_heif(str(aside))]
            pair = stereo_pair_of(aside.read_bytes())
        except (ValueError, OSError, RuntimeError, EOFError) as error:
            raise verification_error(item.path.name, error) from error
        if pair is None or shapes != [left.shape] * 2:
            raise verification_error(item.path.name, "its stereo pair differs")
    return FileSummary(item.path, size_px, 1, 0.0, 0.0, len(data), encode_s)


def check_spatial(view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check the extra, the file's name and the views' (width, height); see `Format.check`."""
    if item.path.suffix.lower() != ".heic":
        raise InputError(f"expected a file that ends in .heic, got {item.path.name}")
    check_extra("heic", "pillow_heif", "a spatial photo requires pillow-heif")
    if min(view_px) < MIN_SIDE_PX or max(view_px) > MAX_SIDE_PX:
        width, height = view_px
        raise InputError(f"expected HEIC pictures of {MIN_SIDE_PX} to {MAX_SIDE_PX} px each way, got {width}x{height}")


FORMAT = Format(
    purpose="a stereo pair in HEIC, as spatial photos are stored; experimental, requires kbvr[heic]",
    needs="views",
    suffixes=(".heic",),
    verification="both pictures decoded by pi-heif, sizes compared; the stereo pair found",
    check=check_spatial,
    write=write_spatial,
)
