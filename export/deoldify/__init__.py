"""DeOldify's artistic network (Jason Antic, MIT), rebuilt from its published structure for its official checkpoint."""
