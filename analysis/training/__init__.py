"""How training went: learning curves of the first, the median and the last trial."""
