"""What a sweep measured, read from its folder: frames, runs to look into, and tables that analyses keep."""
