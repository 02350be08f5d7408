"""Athena that runs its queries: Trino SQL over the catalogued files, by DuckDB."""
