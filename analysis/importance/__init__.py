"""Which hyperparameters move the objective."""
