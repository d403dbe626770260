"""Plan the shots and files of every output.

Other rooms use `output_kinds` (the kinds of output and how each is planned; a new kind has its name in
`kbvr.options.outputs` and its files in `file_names`), `shots` (the cameras of one output), `from_options`, `aspect`,
`memory_budget` and `explain`.
"""
