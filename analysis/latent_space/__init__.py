"""The latent space as a map: where the codes of test images lie, and what the decoder makes of the plane."""
