"""Packings of several views in one picture: `layouts` and `anaglyph`."""
