"""What losses add to D + R: each regulariser of (mu, logvar, z), with its gradients in closed form.

Tensors are (run, sample, latent), one minibatch of every run of a stack, with the latents that each run has itself;
those beyond are padding. No sum crosses runs, so that a run's bits cannot depend on its neighbours. Each is
differentiated at the latent seam alone: what lies on either side is the network's.
"""
