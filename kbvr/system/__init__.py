"""What kbvr needs of the operating system: files that appear whole or not at all, processes, memory, clocks.

Others use `atomic_file` (every output), `isolated_process` (decoders and networks that may crash), `resources`,
`stopwatch`, `input_file`, `stderr`, `trial_process` and `cuda_driver`.
"""
