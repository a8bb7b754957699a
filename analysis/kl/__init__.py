"""The KL of each latent dimension: how many carry the rate."""
