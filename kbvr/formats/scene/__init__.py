"""Scenes to visit: glTF and what is made of it, meshes and Gaussians."""
