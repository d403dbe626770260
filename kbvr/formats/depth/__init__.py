"""Depth maps as pictures and numbers."""
