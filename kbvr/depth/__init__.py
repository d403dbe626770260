"""From a `Photo` to a `depth_map.DepthMap`: estimated by a network or read from a file, placed, upsampled.

Others use `depth_map`, `estimate`, `read_file`, `networks`, `placement`, `upright_objects` and `scene_depth` (how far
away what is). `predict` asks the network, `guided_upsample` brings its answer to the photo's size.
"""
