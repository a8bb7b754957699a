"""Files as a stranger might send them, against every reader: one clear VaekitError or a value, nothing else."""
