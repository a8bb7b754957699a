"""Arrays and frames in; numbers, frames, figures and reports out."""
