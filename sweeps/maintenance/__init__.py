"""Commands for a sweep that is at rest: check, retry, dashboard."""
