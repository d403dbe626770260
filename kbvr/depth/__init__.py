"""From a `Photo` to a `depth_map.DepthMap`: estimated by a network or read from a file, placed, upsampled.

Public: `depth_map`, `estimate`, `read_file`, `networks`, `placement`, `upright_objects` and `scene_depth` (a summary of
a depth map for planning). `predict` runs the network; `guided_upsample` brings its prediction to the photo's size.
"""
