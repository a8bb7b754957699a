"""Pictures of single runs: reconstructions, samples, traversals, perturbations, interpolations."""
