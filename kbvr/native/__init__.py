"""C++ kernels for rendering, meshing and video colours, built by `hatch_build.py` and loaded by `library.kernel()`."""
