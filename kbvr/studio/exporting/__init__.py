"""Exports of the studio: the queue that makes them, what it has made, and the same as a command or in Python."""
