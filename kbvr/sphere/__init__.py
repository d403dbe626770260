"""Spheres: pictures of all directions, their distances, and what two eyes in their middle see."""
