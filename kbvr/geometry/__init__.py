"""Pinhole cameras: position, orientation and projection, in `camera.Camera`."""
