"""The networks of Niklaus, Mai, Yang, Liu, "3D Ken Burns Effect from a Single Image", 2019 (arXiv 1909.05483).

The architectures are theirs, as defined by the keys and shapes of their checkpoints; the code is ours. Each network has
a file, with the names of the checkpoints' keys; `files` converts a user's own checkpoints to ONNX.
"""
