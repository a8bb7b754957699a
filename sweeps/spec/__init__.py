"""What a sweep is: its options, its axes, and how text becomes them."""
