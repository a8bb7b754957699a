"""What every section of a report is made of: its type, its figures' style, its words."""
