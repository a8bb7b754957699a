"""Several sweeps side by side."""
