"""The file formats that kbvr writes. Other rooms use `registry.load_format`, `write` and `spec`.

A format is a module with a FORMAT (`spec.format.Format`) that `registry` lists.
"""
