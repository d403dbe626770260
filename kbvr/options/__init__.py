"""Everything that can be asked of an export, each option declared once, one file a group.

Others use `export_options.ExportOptions`, `export_options.FileOptions` (what formats see) and `declare` (what is known
of an option: its flag, its range, its help). A new option is a line in its group and the place that uses it.
"""
