"""Mend a depth map by hand: brushes, selections and what is done with them, undo, and the files that keep it all.

`Mending` is the editor of one project; the rest are functions on arrays. All depths are inverse depths, 1/m.
"""
