"""The report and the terminal, put together from the sections of all analyses."""
