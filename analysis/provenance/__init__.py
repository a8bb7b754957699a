"""Where a sweep's numbers come from, and how to get them again."""
