"""Networks and other ways that invent what a hole hides, in colour and depth.

Others use `choose.filler_named`; `rgbd_network`, `rgb_network` and `push_pull` are what it chooses from.
"""
