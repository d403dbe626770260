"""What all formats share: `format`, `file_options`, `codecs` and `encoding`."""
