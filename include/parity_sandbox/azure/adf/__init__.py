"""Data Factory: its REST interface, and an engine that really runs a pipeline's JSON.

The story goes ``routes`` (what is asked) → ``factory`` (what is kept) → ``engine`` (what happens) →
``activities`` (one function per type) → ``records`` (what is remembered).
"""
