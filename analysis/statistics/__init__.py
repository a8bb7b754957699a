"""What several analyses stand on: which runs count, intervals over seeds, the leaderboard."""
