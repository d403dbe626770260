"""What all formats share: `format`, `codecs`, `encoding` and `extras`."""
