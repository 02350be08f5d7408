"""Athena's SQL (Trino) on DuckDB, never silently wrong.

A query is parsed by sqlglot, its columns are resolved and typed from the Glue schema, and every part of it must
have a *shape* (:mod:`shapes`) for which a real Trino was asked and the sandbox gives the same answers; any other
is **refused** with "sandbox limitation: …". Then every node is either *the same* in both engines (:mod:`same`), or
*rewritten* by a rule (one function each, in the modules beside this one; what depends on the data is a macro of
``macros.sql`` or a Python function of :mod:`functions`). A function that no table names is refused.

Rules that depend on a type refuse when the type is unknown, and what they assume is checked again while
the query runs, so that a wrong guess ends in an error and not in a wrong value.
"""

from parity_sandbox.aws.trino.checking import check_types
from parity_sandbox.aws.trino.limitation import ColumnNotFound, Limitation, TypeMismatch
from parity_sandbox.aws.trino.session import prepare
from parity_sandbox.aws.trino.translate import Translated, check_words, parse, translate

__all__ = [
    "ColumnNotFound",
    "Limitation",
    "Translated",
    "TypeMismatch",
    "check_types",
    "check_words",
    "parse",
    "prepare",
    "translate",
]
