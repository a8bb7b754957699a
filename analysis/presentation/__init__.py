"""What every section of a report shares: its type, the style of figures, words and numbers."""
