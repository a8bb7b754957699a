"""KL per latent dimension: how many carry the rate."""
