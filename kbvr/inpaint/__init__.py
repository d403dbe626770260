"""Fill holes in colour and depth, with a network or without.

Public: `choose.filler_named`, which chooses from `patches`, `rgbd_network`, `rgb_network` and `push_pull`.
"""
