"""Networks of the user's own, `MODULE:FUNCTION`: found, checked once, and trained one run at a time by autograd."""
