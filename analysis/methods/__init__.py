"""Losses and their weights against each other and against the seed: what Locatello et al. 2019 asked of a sweep."""
