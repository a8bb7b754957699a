"""The main path: claim a folder, ask, stack, train, write, tell."""
