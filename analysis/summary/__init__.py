"""What a sweep came to, in a few sentences and in JSON."""
