"""A scene as triangles or Gaussians, for files that are viewed from anywhere nearby.

Others use `viewable_scene` (everything that a scene file contains), `vertex_colors` and `gaussians`.
"""
