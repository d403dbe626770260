"""From any picture file to a `photo.Photo`: upright sRGB, its focal length, its credits.

Others use `photo` (load one), `depth_array` and `exr` (numbers in picture files), `picture_file` and `metadata`.
"""
