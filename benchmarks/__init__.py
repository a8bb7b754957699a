"""Every speed that docs/speed.md claims, for anyone to run: `python -m benchmarks.NAME`."""
