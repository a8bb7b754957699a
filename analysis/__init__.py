"""Arrays and frames in; numbers, figures and reports out."""
