"""GPS positions are read from EXIF and XMP; damaged ones are dropped without costing anything else."""

from __future__ import annotations

import shutil
import struct
import subprocess
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from kbvr.formats.spec.exif import exif_of, gps_tags
from kbvr.formats.spec.xmp import xmp_of
from kbvr.photo.credits import Credits
from kbvr.photo.metadata import from_exif, from_xmp
from kbvr.photo.photo import load_photo
from kbvr.photo.place import Place, place_from_exif, place_from_xmp

PARIS = Place(48.8577, 2.2945, 35.0)
NORTH, EAST = {1: "N", 2: (48.0, 51.0, 27.72)}, {3: "E", 4: (2.0, 17.0, 40.2)}
GPS_IFD, ARTIST = 0x8825, 0x013B

places = st.builds(
    Place, st.floats(-90, 90), st.floats(-180, 180), st.none() | st.floats(-10_000, 90_000).map(lambda m: round(m, 2))
)


def close(found: Place | None, expected: Place) -> bool:
    """Return whether two positions are within a centimetre."""
    assert found is not None
    angles = (found.latitude_deg - expected.latitude_deg, found.longitude_deg - expected.longitude_deg)
    return max(map(abs, angles)) < 1e-7 and found.altitude_m == expected.altitude_m


@given(places.filter(lambda place: max(abs(place.latitude_deg), abs(place.longitude_deg)) > 1e-6))
def test_what_is_written_to_exif_and_xmp_is_read_again(place):
    """In all quarters of the world, below sea level and without an altitude."""
    assert close(place_from_exif(gps_tags(place)), place)
    known = Credits("Zoë", place=place)
    assert close(from_exif(exif_of(known, (8, 8)), "photo")[1].place, place)
    assert close(from_xmp(xmp_of(known), "photo").place, place)


@given(places)
def test_iso_6709_has_a_fixed_width_up_to_the_altitude(place):
    """The form that QuickTime's readers expect: signs, two and three digits of degrees, a slash at the end."""
    latitude, longitude, rest = place.iso_6709()[:10], place.iso_6709()[10:21], place.iso_6709()[21:]
    assert (latitude[0], longitude[0]) <= ("-", "-") and (len(latitude), len(longitude)) == (10, 11)
    assert float(latitude) == pytest.approx(place.latitude_deg, abs=1e-6)
    assert float(longitude) == pytest.approx(place.longitude_deg, abs=1e-6)
    assert rest == ("/" if place.altitude_m is None else f"{place.altitude_m:+.1f}/")


def test_seconds_that_round_to_a_minute_are_carried():
    tags = gps_tags(Place(48.99999999999, -0.99999999999))
    assert [float(part) for part in tags[2]] == [49, 0, 0]
    assert [float(part) for part in tags[4]] == [1, 0, 0]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({**NORTH, **EAST}, Place(48.8577, 2.2945)),
        ({1: "S", 2: NORTH[2], 3: b"W\0", 4: EAST[4]}, Place(-48.8577, -2.2945)),
        ({1: "n", 2: (48.8577,), 3: "E", 4: (2, 17.67)}, Place(48.8577, 2.2945)),
        ({**NORTH, **EAST, 5: b"\1", 6: IFDRational(4301, 10)}, Place(48.8577, 2.2945, -430.1)),
        ({**NORTH, **EAST, 5: 0, 6: 35.5}, Place(48.8577, 2.2945, 35.5)),
        ({**NORTH, **EAST, 6: IFDRational(5, 0)}, Place(48.8577, 2.2945)),
        ({**NORTH, **EAST, 6: 2e6}, Place(48.8577, 2.2945)),
        ({}, None),
        (NORTH, None),
        ({0: b"\2\3\0\0", 29: "2024:03:04"}, None),
        ({1: "N", 2: (IFDRational(0, 0),) * 3, 3: "E", 4: (IFDRational(0, 0),) * 3}, None),
        ({1: "N", 2: (48, 51, IFDRational(1, 0)), **EAST}, None),
        ({1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}, None),
    ],
)
def test_positions_in_exif(tags, expected):
    """None is what cameras without a position write: nothing, zero denominators, or zeros, which are open sea."""
    found = place_from_exif(tags)
    assert found is None if expected is None else close(found, expected)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({1: "N", 2: (90, 0, 0.1), **EAST}, "at most 90 degrees"),
        ({**NORTH, 3: "E", 4: (181, 0, 0)}, "at most 180 degrees"),
        ({2: NORTH[2], **EAST}, "the direction N or S"),
        ({**NORTH, 3: "N", 4: EAST[4]}, "the direction E or W"),
        ({1: "N", 2: (48, 75, 0), **EAST}, "degrees, minutes and seconds"),
        ({1: "N", 2: (-48, 5, 0), **EAST}, "degrees, minutes and seconds"),
        ({1: "N", 2: (1, 2, 3, 4), **EAST}, "degrees, minutes and seconds"),
        ({1: "N", 2: b"rubbish", **EAST}, "expected numbers"),
        ({1: "N", 2: ("a", "b"), **EAST}, "expected numbers"),
    ],
)
def test_damaged_positions_in_exif_are_errors(tags, message):
    with pytest.raises(ValueError, match=message):
        place_from_exif(tags)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("48,51.462N", "2,17.67E", "35/1", "0"), PARIS),
        (("48,51,27.72N", "2,17,40.2E"), Place(48.8577, 2.2945)),
        (("48,51.462S", "2,17.67W", "350/10", "1"), Place(-48.8577, -2.2945, -35.0)),
        (("48,51.462N", "2,17.67E", "35/0"), Place(48.8577, 2.2945)),
        (("48,51.462N", "2,17.67E", "high"), Place(48.8577, 2.2945)),
        (("", "2,17.67E"), None),
        (("0,0.0N", "0,0.0E"), None),
    ],
)
def test_positions_in_xmp(texts, expected):
    found = place_from_xmp(*texts)
    assert found is None if expected is None else close(found, expected)


@pytest.mark.parametrize("latitude", ["48.8577", "48,51.462", "91,0.0N", "48,99.0N", "N", "48,51.462E", "1" * 5000])
def test_damaged_positions_in_xmp_are_errors(latitude):
    with pytest.raises(ValueError, match="expected"):
        place_from_xmp(latitude, "2,17.67E")


def jpeg(tmp_path: Any, gps: dict[int, Any], **options: Any) -> Any:
    block = Image.Exif()
    block[ARTIST] = "Somebody"
    block.get_ifd(GPS_IFD).update(gps)
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.full((20, 24, 3), 99, np.uint8)).save(path, exif=block.tobytes(), **options)
    return path


def test_a_damaged_position_costs_nothing_else(tmp_path, caplog):
    loaded = load_photo(jpeg(tmp_path, {1: "N", 2: (95.0, 0.0, 0.0), **EAST}), keep_gps=True)
    assert loaded.credits == Credits("Somebody")
    assert "photo.jpg: ignoring the damaged GPS position (expected an angle of at most 90 degrees" in caplog.text


def test_damaged_gps_tags_cost_nothing_else(tmp_path):
    """The offset of the GPS tags points beyond the end of the block."""
    path = jpeg(tmp_path, {**NORTH, **EAST})
    data = bytearray(path.read_bytes())
    at = data.index(struct.pack(">HHI", GPS_IFD, 4, 1))
    data[at + 8 : at + 12] = struct.pack(">I", 0xFFFF)
    path.write_bytes(data)
    assert load_photo(path, keep_gps=True).credits == Credits("Somebody")


def test_exif_takes_precedence_over_xmp(tmp_path):
    packet = xmp_of(Credits("in XMP", place=Place(-33.8568, 151.2153)))
    both = load_photo(jpeg(tmp_path, {**NORTH, **EAST}, xmp=packet), keep_gps=True).credits
    assert close(both.place, Place(48.8577, 2.2945))
    only_xmp = load_photo(jpeg(tmp_path, {}, xmp=packet), keep_gps=True).credits
    assert close(only_xmp.place, Place(-33.8568, 151.2153))


def test_a_tiff_has_its_position_in_its_own_tags(tmp_path):
    """Tifffile reads them as names, with numerators and denominators in turn."""
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.full((20, 24), 99, np.uint8), metadata=None)
    program = shutil.which("exiftool")
    assert program, "these tests need exiftool (Debian: apt-get install libimage-exiftool-perl)"
    angles = ("-GPSLatitude=48.8577", "-GPSLatitudeRef=N", "-GPSLongitude=2.2945", "-GPSLongitudeRef=W")
    subprocess.run([program, "-q", "-overwrite_original", *angles, "-GPSAltitude=35", str(path)], check=True)
    assert close(load_photo(path, keep_gps=True).credits.place, Place(48.8577, -2.2945, 35.0))
