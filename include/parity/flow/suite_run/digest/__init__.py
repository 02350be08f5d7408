"""Digest mode: the data stays where it is, and only the rows of unequal buckets are exported.

In this order: both engines answer a *survey* (rows, columns, and typed values as proof that they format values
alike); from it a *strategy* is chosen, column by column; both engines digest their rows into *buckets*; the rows
of unequal buckets, and of an equal one as a sample, are exported and compared as in mode rows; the worker
*recomputes* the digests of what was exported; and the result is *merged* with the rows that were not exported.
"""
