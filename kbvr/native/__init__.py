"""The C++ kernels for rendering, meshing and video colours, compiled to a library by `hatch_build.py`.

Others call `library.kernel()`.
"""
