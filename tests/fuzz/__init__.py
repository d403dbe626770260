"""Damaged input for everything that reads: seeds, mutators, the readers, and the law that they are held to."""
