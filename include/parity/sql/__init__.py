"""SQL: one text per value and one hash per row, the same on every engine. Text only, no I/O.

A row's text is its values joined by the unit separator, then the lengths of its free texts, then a mask of
its NULLs. Read from its end it can be taken apart again in exactly one way, so two different rows never have
the same text. The hash is MD5, and a bucket's digest four sums over all of its bits.

What Athena, Spark and DuckDB have in common is in :mod:`parity.sql.columnar`, their differences in ``trino``,
``spark`` and ``duckdb_dialect``. :mod:`parity.sql.reference` is the same in plain Python, and
:mod:`parity.sql.conformance` holds an engine against it. Two servers of the MySQL family need no text that
others write as well: they have their own, in ``mysql`` and ``mysql_row``.
"""
