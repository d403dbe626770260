"""Disks that fill up, break or are pulled out, processes that are killed or starved: what is left is whole."""
