"""Where a sweep's numbers come from, and how to repeat it."""
