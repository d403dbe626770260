"""Operating system services: files, processes, memory and drivers.

Every output is written by `atomic_file`; decoders and networks that may crash run in an `isolated_process`.
"""
