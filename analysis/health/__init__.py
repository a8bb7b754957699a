"""Posterior health: where the rate goes, what each dimension is used for, and bounds on log p(x)."""
