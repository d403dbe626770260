"""Measurements: the quality of pictures and depth, and what they cost.

    python -m bench.novel_view --pairs DIR      predict the right picture of stereo pairs from the left one
    python -m bench.analytic                    flaws in pictures of analytic worlds
    python -m bench.depth --pairs DIR           built-in depth against true disparity
    python -m bench.render                      seconds and memory per stereo pair, and of an export

bench is not part of the installed package.
"""
