"""What all formats share: `format`, `codecs` and `encoding`."""
