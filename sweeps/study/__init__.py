"""The Optuna study: which point comes next, what was told, and where it is stored."""
