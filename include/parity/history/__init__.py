"""The results store: what every run found, kept for years."""
