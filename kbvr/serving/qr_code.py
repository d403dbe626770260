"""QR codes of addresses, for the cameras of phones and headsets."""

from __future__ import annotations

import io

LEVEL = "m"
"""Error correction: 15% of a code may be hidden."""

MARGIN = 4
"""Width of the light margin, in modules; the standard requires it (ISO/IEC 18004)."""


def qr_rows(text: str) -> list[list[bool]]:
    """Return which modules of a QR code are dark, with its margin."""
    import segno

    return [[module != 0 for module in row] for row in segno.make_qr(text, error=LEVEL).matrix_iter(border=MARGIN)]


def qr_svg(text: str) -> bytes:
    """Return a QR code as SVG, black on white."""
    import segno

    out = io.BytesIO()
    segno.make_qr(text, error=LEVEL).save(out, kind="svg", border=MARGIN, light="#fff", omitsize=True, svgversion=None)
    return out.getvalue()
