"""Layered depth images: a photo with depth, cut at its occlusion boundaries, filled, with soft edges.

Public: `scene.build_scene`, which runs `occlusion`, `margin`, `split`, `fill_hidden`, `matting` and `quads`.
"""
