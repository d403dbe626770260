"""Layered depth images: a photo with depth, cut at its occlusion boundaries, filled, with soft edges.

Others use `scene.build_scene`, which does all of it: `occlusion`, `margin`, `split`, `fill_hidden`, `matting`, `quads`.
"""
