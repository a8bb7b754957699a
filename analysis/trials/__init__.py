"""The trials as tables: the leaderboard, their states, and why some failed."""
