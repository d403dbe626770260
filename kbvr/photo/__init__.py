"""From any picture file to a `photo.Photo`: upright sRGB, its focal length, its credits.

Others use `photo` (load one), `depth_array` and `exr` (numbers in picture files), `picture_file` and `metadata`.
`read_pixels` reads every kind of file; `color_management` and `transfer_functions` bring any colours to sRGB.
"""
