"""Commands on an existing sweep: check, retry, dashboard."""
