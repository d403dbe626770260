"""From a `Photo` to a `depth_map.DepthMap`: estimated by a network or read from a file, placed, upsampled.

Others use `depth_map`, `estimate`, `read_file`, `networks`, `placement`, `upright_objects` and `scene_depth` (what
planning needs to know of a depth map). `predict` runs the network, `guided_upsample` brings its prediction to the
photo's size.
"""
