"""The report and the terminal: what is put together from sections, above all analyses."""
