"""From a plan to files. Others use `plan.Plan`, `make.make_files` and `report.ExportReport`."""
