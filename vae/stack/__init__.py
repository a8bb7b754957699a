"""Runs trained together as one batched model with a leading run axis."""
