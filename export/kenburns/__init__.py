"""The networks of Niklaus, Mai, Yang, Liu, "3D Ken Burns Effect from a Single Image", 2019 (arXiv 1909.05483).

The architectures are theirs, as the keys and shapes of their checkpoints fix them; the code is ours. A file per
network, with the names of the checkpoints' keys; `files` makes ONNX files of a person's own checkpoints.
"""
