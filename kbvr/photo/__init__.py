"""Load picture files of any kind as a `photo.Photo`: upright sRGB, focal length and credits.

`read_pixels` decodes every kind of file; `color_management` converts its colours to sRGB.
"""
