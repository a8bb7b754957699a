"""Whether a sweep's answer can be trusted: its checks, which look at what other analyses found."""
