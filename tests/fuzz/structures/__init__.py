"""Formats as mutators see them: parts that are changed, and the lengths and sums that are mended after it."""
