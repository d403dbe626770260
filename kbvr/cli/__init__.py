"""The command line: it parses to a value and calls the pipeline, nothing else."""
