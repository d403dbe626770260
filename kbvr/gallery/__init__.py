"""A static site that shows many photos beside what was made of them: files per photo, and the pages."""
