"""What several analyses share: which runs count, intervals over seeds, the leaderboard."""
