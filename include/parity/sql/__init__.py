"""How to ask: one text per value and one hash per row, the same on every engine. Text only, no I/O.

A row's text is its values joined by the unit separator, then the lengths of its free texts, then a mask of
its NULLs. Read from its end it can be taken apart again in exactly one way, so two different rows never have
the same text. The hash is MD5; a bucket's digest is a COUNT and a SUM over sixty bits of it, or four sums over
all of its bits where the engines are Athena and Spark (:mod:`parity.sql.columnar`).

:mod:`parity.sql.columns` says what a column is, :mod:`parity.sql.dialect` what every engine does alike, and
``mysql``, ``mariadb``, ``trino``, ``spark`` and ``duck`` hold the differences; :mod:`parity.sql.reference` says
the same in plain Python, and :mod:`parity.sql.conformance` holds an engine against it.
"""
