"""What a run's posterior is worth: where its rate goes, what its dimensions do, and what log p(x) it reaches."""
