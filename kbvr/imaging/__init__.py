"""General image processing: `srgb` (linear light), `nearest_seed` (distances), `resize`, `tiling` and `masked_blur`."""
