"""Several views in one picture: `layouts` of both eyes, and `anaglyph`."""
