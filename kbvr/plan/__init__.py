"""What was asked for, and what has to be drawn for it.

Others use `options` (everything that can be asked), `output_kinds` (the files of each kind of output), `shots` (cameras
of each film), `memory_budget`, `failures` and `explain`.
"""
