"""Depth Anything V2 Small (Yang et al., 2024, arXiv 2406.09414), with the keys of its checkpoint; the code is ours."""
