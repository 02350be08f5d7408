"""The definitions of both databases in one spelling, and how they differ."""
