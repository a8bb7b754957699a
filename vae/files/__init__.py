"""A sweep on disk: names and formats of its files, and readers that fail with one clear error."""
