"""Photos and output folders at URLs, by fsspec."""
