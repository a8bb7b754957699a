"""The core: data, model, losses, the stack, training, evaluation, and what a run is on disk."""
