"""Make the files of a plan. Other rooms use `plan.Plan`, `make.make_files` and `report.ExportReport`."""
