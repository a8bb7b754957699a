"""A Gaussian process over the hyperparameters: what a response would be at a point that no trial has."""
