"""What single runs make of images: reconstructions, samples, walks through the latent space."""
