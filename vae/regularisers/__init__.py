"""What losses add to D + R: each regulariser of one run's (mu, logvar, z), with its gradients in closed form.

Tensors are (sample, latent), one minibatch of one run at its own latents, so that a run's bits cannot depend on its
neighbours. Each is differentiated at the latent seam alone: what lies on either side is the network's.
"""
