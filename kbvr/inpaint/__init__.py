"""Fill holes in colour and depth, with a network or without.

Others use `choose.filler_named`; `rgbd_network`, `rgb_network` and `push_pull` are what it chooses from.
"""
