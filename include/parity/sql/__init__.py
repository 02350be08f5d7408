"""How to ask: canonical text per type and queries, text only; one small file of differences each."""
