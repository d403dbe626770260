"""Find the photos of a batch: files, folders, globs, lists, URLs, and folders that are watched."""
