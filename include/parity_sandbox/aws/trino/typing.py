"""Types of every expression, where sqlglot's own inference is not Trino's.

Trino reads ``1.5`` as DECIMAL(2, 1), keeps precision and scale through arithmetic, and its timestamps have a
precision that shows in their text; sqlglot knows neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.annotate_types import TypeAnnotator
from sqlglot.schema import MappingSchema

from parity_sandbox.aws.trino.lambdas import type_lambdas
from parity_sandbox.aws.trino.limitation import TypeMismatch
from parity_sandbox.aws.trino.node_types import METADATA, Annotate, common, literal_decimal
from parity_sandbox.aws.trino.nodes import Kind, Node, decimal_type, kind, settle, typed
from parity_sandbox.aws.trino.shapes import Verified, shape

Schema = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Database → table → column → type, in Trino's words."""


def annotate(tree: Node, schema: MappingSchema, verified: Verified) -> Node:
    """Return ``tree`` with a type on every node whose type is known."""
    if not schema.dialect:
        schema = MappingSchema(dialect="athena")
    return _Annotator(schema, expression_metadata=_metadata(_Recorded(verified))).annotate(tree)


class _Annotator(TypeAnnotator):  # type: ignore[misc]
    """Columns of VALUES and of set operations have the type that Trino gives to all of them."""

    def _maybe_coerce(self, one: Any, other: Any) -> Any:
        given = [part if isinstance(part, exp.DataType) else exp.DataType(this=part) for part in (one, other)]
        certain = [part for part in given if part.this not in (Kind.NULL, Kind.UNKNOWN)]
        if len(certain) < 2:
            return (certain or given)[0] if Kind.UNKNOWN not in {part.this for part in given} else Kind.UNKNOWN
        return common([typed(exp.Placeholder(), part) for part in certain])


class _Recorded:
    """The types that real Trino gave, by shape; one object for each :class:`Verified`."""

    def __init__(self, verified: Verified) -> None:
        self.verified = verified

    def __hash__(self) -> int:
        return id(self.verified)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Recorded) and other.verified is self.verified

    def exactly(self, node: Node) -> exp.DataType | None:
        """Return the type of a node by its shape, integers with their widths."""
        return self._built(shape(node, widths=True))

    def of(self, node: Node) -> exp.DataType | None:
        """Return the type of a node by its shape, integers of any width."""
        return self._built(shape(node))

    def _built(self, found: str) -> exp.DataType | None:
        named = self.verified.types.get(found)
        return exp.DataType.build(named, dialect="trino") if named else None


@lru_cache(maxsize=8)
def _metadata(recorded: _Recorded) -> dict[Any, Any]:
    every = {node: METADATA.get(node, {}) for node in {*METADATA, *exp.ALL_FUNCTIONS}}
    return {node: {"annotator": _looking_up(recorded, spec)} for node, spec in every.items()}


def _looking_up(recorded: _Recorded, spec: Mapping[str, Any]) -> Annotate:
    """Return an annotator that types lambdas' parameters first, and asks the record when it knows no type."""

    def annotated(annotator: TypeAnnotator, node: Node) -> Node:
        type_lambdas(annotator, node)
        computed = isinstance(node, exp.Func | exp.Binary) and not isinstance(
            node, exp.Struct
        )  # a shape counts no fields
        if computed and (found := recorded.exactly(node)):
            return settle(annotator, node, found)
        if "annotator" in spec:
            spec["annotator"](annotator, node)
        else:
            settle(annotator, node, spec.get("returns"))
        if computed and kind(node) == Kind.UNKNOWN and isinstance(node, exp.Func) and (found := recorded.of(node)):
            settle(annotator, node, found)
        return node

    return annotated


def spell_literals(tree: Node) -> Node:
    """Give ``DECIMAL '1.20'`` the precision and scale of its digits, which sqlglot leaves out."""
    for found in tree.find_all(exp.Cast):
        plain = isinstance(found.this, exp.Literal) and found.this.is_string
        if found.to.this == Kind.DECIMAL and len(found.to.expressions) == 1:
            found.set("to", decimal_type(int(found.to.expressions[0].name), 0))
        if plain and found.to.this == Kind.DECIMAL and not found.to.expressions:
            if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", found.this.name):
                raise TypeMismatch(f"'{found.this.name}' is not a valid DECIMAL literal")
            found.set("to", literal_decimal(found.this.name))
    return tree
