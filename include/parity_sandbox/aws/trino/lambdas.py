"""Types inside lambdas, which sqlglot annotates before their arrays and maps have types."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from parity_sandbox.aws.trino.nodes import Kind, Node, settle


def type_lambdas(annotator: Any, node: Node) -> None:
    """Type the bodies of a function's lambdas again, now that its arrays or maps have types."""
    given = [one for value in node.args.values() for one in (value if isinstance(value, list) else [value])]
    lambdas = [one for one in given if isinstance(one, exp.Lambda)]
    if lambdas:
        taken = _parameters(node, [one for one in given if isinstance(one, exp.Expr) and one not in lambdas])
        for one in lambdas:
            _type_body(annotator, one, taken)


def _parameters(node: Node, given: list[Any]) -> list[exp.DataType]:
    """Return the types of the parameters of a function's lambdas, in order; empty when unknown."""
    nests = [one.type for one in given if one.type is not None and one.type.this in (Kind.ARRAY, Kind.MAP)]
    inner = [part for one in nests for part in one.expressions if isinstance(part, exp.DataType)]
    if isinstance(node, exp.Reduce):
        return [node.args["initial"].type, *inner[:1]]
    if isinstance(node, exp.ArraySort):
        return inner[:1] * 2
    return [*inner[:2], *inner[3:]] if len(nests) == 2 and nests[0].this == Kind.MAP else inner


def _type_body(annotator: Any, node: exp.Lambda, types: list[Any]) -> None:
    visited = annotator._visited  # noqa: SLF001 - the same door
    names = dict(zip([one.name for one in node.expressions], types, strict=False))
    for part in node.walk():
        if not isinstance(part, exp.Column):
            visited.pop(id(part), None)
    for part in node.find_all(exp.Identifier):
        if names.get(part.name) is not None and not isinstance(part.parent, exp.Column):
            settle(annotator, part, names[part.name])
    annotator.annotate_expression(node)
    settle(annotator, node, node.this.type)
