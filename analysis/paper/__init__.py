"""What a paper takes from a sweep: figures that fit a column, tables, and references."""
