"""SQL: one text per value and one hash per row, the same on every engine. Text only, no I/O.

A row's text is its values joined by the unit separator, then the lengths of its free texts, then a mask of
its NULLs. Read from its end it can be taken apart again in exactly one way, so two different rows never have
the same text. The hash is MD5; a bucket's digest is a COUNT and a SUM over sixty bits of it, or four sums over
all of its bits where the engines are Athena and Spark (:mod:`parity.sql.columnar`).

Columns are in :mod:`parity.sql.columns`, what engines have in common in :mod:`parity.sql.dialect`, and their
differences in ``mysql``, ``trino``, ``spark`` and ``duckdb_dialect``. :mod:`parity.sql.reference` is
the same in plain Python, and :mod:`parity.sql.conformance` holds an engine against it.
"""
