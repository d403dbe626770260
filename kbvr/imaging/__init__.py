"""Operations on arrays of pixels, whatever they show.

Others use `srgb` (linear light), `nearest_seed` (distances), `resize`, `tiling` (a large picture piece by piece) and
`masked_blur`.
"""
