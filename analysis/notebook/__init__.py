"""A sweep as a notebook has it: its frames, and beside them the report's figures and pages, one line each."""
