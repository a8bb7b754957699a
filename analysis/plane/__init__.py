"""The rate-distortion plane: its frontier, the area below it, and the check of its slope."""
