"""Where stacks are trained: worker processes here or on a cluster."""
