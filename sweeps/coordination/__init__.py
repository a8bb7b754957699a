"""The main path: claim the folder, ask, stack, train, write, tell."""
