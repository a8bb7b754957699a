"""The effect of each hyperparameter on rate, distortion, ELBO and active units."""
