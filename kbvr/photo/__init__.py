"""Load picture files of any kind as a `photo.Photo`: upright sRGB, focal length and credits.

Other rooms use `photo` (load a photo), `depth_array` and `exr` (depth files), `picture_file` and `metadata`. Inside,
`read_pixels` decodes every kind of file; `color_management` and `transfer_functions` convert colours to sRGB.
"""
