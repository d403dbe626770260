"""The options of an export, each declared once, one file per group.

Other rooms use `export_options.ExportOptions`, `export_options.FileOptions` (what formats see) and `declare` (an
option's flag, range and help). A new option is a declaration in its group and the code that uses it.
"""
