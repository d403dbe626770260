"""What has to be drawn for what was asked.

Others use `output_kinds` (every kind of output and how it is planned; a new one has its name in `kbvr.options.outputs`
and its files in `file_names`), `shots` (the cameras of one output), `from_options`, `aspect`, `memory_budget`,
`failures` and `explain`.
"""
