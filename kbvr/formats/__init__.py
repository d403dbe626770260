"""The files that kbvr writes. Others use `registry.load_format`, `write` and what is in `spec`.

A format is a module with a FORMAT (`spec.format.Format`) that `registry` lists.
"""
