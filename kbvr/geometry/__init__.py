"""Cameras: where they stand, and what they see where. Others use `camera.Camera`."""
