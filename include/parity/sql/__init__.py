"""How to ask: canonical text per type and queries, as text only; one small file of differences per dialect."""
