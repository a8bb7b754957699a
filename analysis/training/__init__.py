"""How training went: learning curves of the best, the median and the worst trial."""
