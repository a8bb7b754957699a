"""Scores of codes against known factors: in a sweep, after it, and in its report."""
