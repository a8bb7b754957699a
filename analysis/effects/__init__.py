"""What one parameter does to rate, distortion and active units."""
