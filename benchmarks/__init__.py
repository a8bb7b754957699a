"""What speed is claimed, runnable by anyone: `python -m benchmarks.NAME`."""
