"""The C++ kernels of drawing, meshing and video colours, and the library that `hatch_build.py` makes of them.

Others call `library.kernel()`.
"""
