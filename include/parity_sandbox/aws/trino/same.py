"""Which pieces of syntax mean the same in Trino and in DuckDB, as sqlglot writes them."""

from __future__ import annotations

from sqlglot import exp

CLAUSES = (
    exp.Select, exp.From, exp.Group, exp.Order, exp.Ordered, exp.Limit,
    exp.Offset, exp.Fetch, exp.LimitOptions, exp.With, exp.CTE, exp.Subquery, exp.Values, exp.Tuple, exp.Table,
    exp.TableAlias, exp.Alias, exp.Aliases, exp.Column, exp.Identifier, exp.Star, exp.Distinct, exp.Rollup,
    exp.Cube, exp.GroupingSets, exp.Lateral, exp.Qualify,
)  # fmt: skip
EXPRESSIONS = (
    exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Is, exp.Like,
    exp.Exists, exp.Any, exp.All, exp.Dot, exp.Lambda, exp.Array, exp.Var,
    exp.DataType, exp.DataTypeParam, exp.ColumnDef, exp.ColumnConstraint, exp.Kwarg,
    exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot,
)  # fmt: skip
FUNCTIONS = (
    exp.Count, exp.Min, exp.Max, exp.Abs, exp.Ceil, exp.Floor, exp.Sign, exp.Pi, exp.Rand, exp.Uuid, exp.IsNan,
    exp.CurrentDate, exp.Date, exp.StartsWith, exp.Translate, exp.Chr, exp.ConcatWs,
    exp.ArrayAgg, exp.Grouping, exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript,
)  # fmt: skip
WINDOWS = (
    exp.WindowSpec, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.PercentRank, exp.CumeDist, exp.Lag,
    exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup,
)  # fmt: skip

SAME: frozenset[type[exp.Expression]] = frozenset((*CLAUSES, *EXPRESSIONS, *FUNCTIONS, *WINDOWS))
