"""Measurements: how good the pictures are, how good the depth is, and what they cost.

    python -m bench.novel_view --pairs DIR      the right picture predicted from the left one
    python -m bench.analytic                    flaws of pictures of worlds that are known by formula
    python -m bench.depth --pairs DIR           the built-in depth against true disparity
    python -m bench.render                      seconds and memory per stereo pair, shares of an export

Nothing here is part of the installed package.
"""
