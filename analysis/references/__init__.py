"""What a sweep and its report use, to cite."""
