"""What a sweep is on disk: names and formats of its files, read from anywhere with one clear error."""
