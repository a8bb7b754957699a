"""The core: data, model, losses, the stack, training, evaluation, files."""
