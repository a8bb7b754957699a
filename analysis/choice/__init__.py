"""Which trial to take, how sure that is, and what would make it surer."""
