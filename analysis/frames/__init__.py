"""A sweep as read from its folder: frames, single runs, and tables that analyses keep."""
