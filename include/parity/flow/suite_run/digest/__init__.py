"""Digest mode: the data stays where it is, and only the buckets that differ travel.

In this order: both engines answer a *survey* (rows, columns, and typed values as proof that they write texts
alike); from it a *way* is chosen, column by column; both engines digest their rows into *buckets*; the rows of
unequal buckets, and of an equal one as a sample, are exported and compared as ever; a *witness* on the worker
digests what was exported once more; and the result is completed with the rows that stayed (*whole*).
"""
