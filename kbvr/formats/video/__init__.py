"""Videos: `recipe` plans the encoding, `write_video` encodes, `verify` reads the file back."""
