"""A scene as triangles or Gaussians, for scene files.

Public modules: `viewable_scene` (all that a scene file contains), `vertex_colors` and `gaussians`.
"""
