"""The study: search space, ask, stack, train, write, tell."""
