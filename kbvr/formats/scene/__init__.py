"""Scenes for viewers and 3D programs: glTF and pages that contain it, other meshes, and Gaussian splats."""
