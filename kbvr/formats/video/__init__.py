"""Videos: `recipe` says how one is made, `write_video` makes it, `verify` reads it back."""
