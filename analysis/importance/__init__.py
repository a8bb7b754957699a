"""Which hyperparameters matter for the objective."""
