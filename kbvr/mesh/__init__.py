"""A scene as triangles or Gaussians, for files that are looked at from anywhere nearby.

Others use `viewable_scene` (everything that a scene file holds), `vertex_colors` and `gaussians`.
"""
