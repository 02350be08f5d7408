"""What a column's rule means: its canonical value, when two of them are equal, and how to hash it.

Templates hold ``«0»`` for the legacy value (or the only one) and ``«1»`` for the target value.

The hash decides only that rows are *equal*: a tolerance is hashed on cells no wider than itself, so equal
hashes mean values within the tolerance, and rows with unequal hashes are compared again, exactly.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from parity.compare.session import text
from parity.compare.types import DataType, Kind, fill
from parity.errors import BadInput
from parity.suite.models import ColumnRule

SPACES = (
    " \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""Every Unicode white space, and the two zero-width ones that people paste."""
_FOR_TIMES = "It is for dates and times: give a number or a percentage, or leave it out."
_FOR_NUMBERS = "It is for numbers: give a time such as 1s, or leave it out."
_SAME = "«0» IS NOT DISTINCT FROM «1»"


@dataclass(frozen=True)
class Meaning:
    """A rule in SQL: canonical value, equality of two canonical values, and what is hashed of one."""

    canonical: str = "«0»"
    equal: str = _SAME
    hashed: tuple[str, ...] = ("«0»",)
    hidden: str = ""
    """What the rule makes invisible, in words; empty when it loosens nothing."""


def meaning(name: str, rule: ColumnRule, kind: Kind, sql: str, exact_hash: bool) -> Meaning:
    """Turn one column's rule into SQL; ``exact_hash`` is for keys, whose hash alone decides."""
    if kind is not Kind.TEXT and rule.for_texts:
        raise BadInput(
            f"Column {name} is {sql}: {rule.for_texts[0]} does not fit it.",
            remedy="It is for texts: leave it out of the rule, or make texts of both sides by expressions.",
        )
    canonical, words = _canonical(rule)
    equal, hashed = _SAME, _plain_hash(kind, sql)
    if rule.json_equal:
        if exact_hash:
            canonical = fill("canonical_json(«0»)", canonical)
        else:
            equal = f"({_SAME} OR coalesce(canonical_json(«0») = canonical_json(«1»), false))"
        words.append("JSON of equal meaning")
    if rule.tolerance is not None:
        if exact_hash:
            raise BadInput(f"Column {name}: a tolerance needs a key, and cannot be part of one.")
        equal, hashed, said = _tolerance(name, rule, kind, sql)
        words.append(said)
    return Meaning(canonical, equal, hashed, "; ".join(words))


def refuse_idle_zones(name: str, rule: ColumnRule, legacy: DataType, target: DataType) -> None:
    """Tell a zone that would be ignored: it moves a time without a zone that stands against another time."""
    if legacy.untyped or target.untyped:
        return
    zones = (("legacy", rule.legacy_timezone, legacy, target), ("target", rule.target_timezone, target, legacy))
    for side, zone, kind, other in zones:
        what = f"Column {name} is {kind.sql} on the {side} side"
        if zone and not kind.naive:
            raise BadInput(f"{what}: {side}_timezone does not fit it.", remedy="It is for times without a zone.")
        if zone and not other.moment:
            raise BadInput(
                f"{what}, and {other.sql} on the other: {side}_timezone does not fit them.",
                remedy="Make times of both sides by expressions.",
            )


def refuse_twins(names: Iterable[str], columns: Container[str]) -> None:
    """Tell two rules whose names differ by case alone, unless there are two such columns: one would be ignored."""
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(name.casefold(), name)
        if other != name and not (name in columns and other in columns):
            raise BadInput(f"Two rules name one column: {other!r} and {name!r}.", remedy="Leave one of them out.")


def _plain_hash(kind: Kind, sql: str) -> tuple[str, ...]:
    """Hash wide numbers and nested values by their text.

    DuckDB folds the halves of a 128-bit number (1 and 2^64 share a hash) and hashes [] like [NULL].
    """
    if kind is Kind.NESTED:
        return ("«0»::VARCHAR",)
    if sql in ("HUGEINT", "UHUGEINT") or (kind is Kind.DECIMAL and precision(sql) > 18):
        return ("«0»::VARCHAR",)
    return ("«0»",)


def precision(sql: str) -> int:
    """Return the digits of a decimal type."""
    return int(sql.removeprefix("DECIMAL(").split(",")[0])


def _canonical(rule: ColumnRule) -> tuple[str, list[str]]:
    """Chain the text rules in a fixed order: replace, trim, case, empty."""
    value = "«0»"
    words: list[str] = []
    if rule.replace:
        pattern, new = rule.replace
        value = f"regexp_replace({value}, {text(pattern)}, {text(new)}, 'g')"
        words.append(f"whatever {pattern!r} replaces")
    if rule.trim != "none":
        trim = {"right": "rtrim", "left": "ltrim", "both": "trim"}[rule.trim]
        trimmed = f"{trim}({value}, {text(SPACES)})"
        # Looking at the ends first is six times as fast (a million texts of 28 characters: 0.2 s, not 1.2 s).
        ends = {"right": (-1,), "left": (1,), "both": (1, -1)}[rule.trim]
        tests = " OR ".join(
            f"{'right' if end < 0 else 'left'}({value}, 1) NOT BETWEEN '!' AND '~'" for end in ends
        )
        value = f"CASE WHEN {tests} THEN {trimmed} ELSE {value} END"
        words.append(f"white space at the {'ends' if rule.trim == 'both' else rule.trim}")
    if rule.case == "ignore":
        value = f"lower({value})"
        words.append("upper and lower case")
    if rule.null_equals_empty:
        value = f"nullif({value}, '')"
        words.append("NULL against empty text")
    return value, words


def _tolerance(name: str, rule: ColumnRule, kind: Kind, sql: str) -> tuple[str, tuple[str, ...], str]:
    allowed = rule.tolerance
    if allowed is None:
        raise ValueError("no tolerance")
    if allowed.time is not None:
        if not kind.temporal:
            raise BadInput(f"Column {name} is {sql}: a tolerance in time does not fit it.", remedy=_FOR_TIMES)
        return _time(allowed.time, kind, sql)
    if not kind.numeric:
        raise BadInput(f"Column {name} is {sql}: a numeric tolerance does not fit it.", remedy=_FOR_NUMBERS)
    if allowed.absolute is not None:
        return _absolute(allowed.absolute, kind, sql)
    return _relative(allowed.relative or Decimal(0), kind)


def _either(test: str) -> str:
    return f"({_SAME} OR coalesce({test}, false))"


def plain(number: Decimal) -> str:
    """Write a decimal without an exponent."""
    return format(number.normalize(), "f") if number else "0"


def _absolute(most: Decimal, kind: Kind, sql: str) -> tuple[str, tuple[str, ...], str]:
    said = f"differences up to {plain(most)}"
    if kind is Kind.FLOAT:
        number = f"{float(most)!r}::DOUBLE"
        exact = "TRY_CAST({}::VARCHAR AS DECIMAL(38,18))"
        digits = f"abs({exact.format('«0»')} - {exact.format('«1»')}) <= {plain(most)}"
        near = f"abs(«0»::DOUBLE - «1»::DOUBLE) <= {number}"
        # 1.1 - 1.0 is a little more than 0.1 in binary: the boundary is judged by the digits, too.
        fits = 0 < most < 10**18 and -int(most.normalize().as_tuple().exponent) <= 15
        return (
            _either(f"isfinite(«0») AND isfinite(«1») AND ({near}{f' OR {digits}' if fits else ''})"),
            _float_cells(most),
            said,
        )
    wide = "«{}»" if kind is Kind.DECIMAL else "«{}»::HUGEINT"
    # A difference that 38 digits cannot hold is beyond any tolerance.
    difference = f"abs(TRY({wide.format(0)} - {wide.format(1)}))"
    return _either(f"{difference} <= {plain(most)}"), _exact_cells(most, kind, sql), said


def _exact_cells(most: Decimal, kind: Kind, sql: str) -> tuple[str, ...]:
    """Round to the widest power of ten that is no wider than the tolerance."""
    if not most:
        return _plain_hash(kind, sql)
    places = -math.floor(most.log10())
    if kind is Kind.INTEGER:
        cell = int(most)
        return (f"«0»::HUGEINT // {cell}",) if 1 < cell < 2**62 and "HUGE" not in sql else _plain_hash(kind, sql)
    scale = int(sql.rstrip(")").split(",")[1])
    if places >= scale or precision(sql) > 18:
        return _plain_hash(kind, sql)
    return (f"round(«0», {max(0, places)})",)


def _float_cells(most: Decimal) -> tuple[str, ...]:
    """Cut into cells of half the tolerance, where a float can still tell the cells apart."""
    if not most:
        return ("«0»",)
    cell, bound = float(most) / 2, min(float(most) * 2.0**50, sys.float_info.max)
    inside = f"(isfinite(«0») AND abs(«0»::DOUBLE) < {bound!r})"
    return (f"CASE WHEN {inside} THEN floor(«0»::DOUBLE / {cell!r}) ELSE «0»::DOUBLE END", inside)


def _relative(most: Decimal, kind: Kind) -> tuple[str, tuple[str, ...], str]:
    said = f"differences up to {plain(most * 100)} %"
    if kind is Kind.FLOAT:
        test = f"abs(«0»::DOUBLE - «1»::DOUBLE) <= {float(most)!r} * greatest(abs(«0»::DOUBLE), abs(«1»::DOUBLE))"
        return _either(f"isfinite(«0») AND isfinite(«1») AND {test}"), _relative_cells(most), said
    wide = (
        ("«0»", "«1»") if kind is Kind.DECIMAL else ("«0»::HUGEINT::DECIMAL(38,0)", "«1»::HUGEINT::DECIMAL(38,0)")
    )
    exact = f"TRY(abs({wide[0]} - {wide[1]}) <= {plain(most)} * greatest(abs({wide[0]}), abs({wide[1]})))"
    # Where the product outgrows 38 digits, doubles decide, a little more strictly than the rule.
    most_near, doubles = float(most) * (1 - 1e-12), ("«0»::DOUBLE", "«1»::DOUBLE")
    near = f"abs({' - '.join(doubles)}) <= {most_near!r} * greatest({', '.join(f'abs({one})' for one in doubles)})"
    return _either(f"coalesce({exact}, {near})"), ("«0»::VARCHAR",), said


def _relative_cells(most: Decimal) -> tuple[str, ...]:
    """Keep as many leading bits as the tolerance needs, and one more against a wrong exponent."""
    if not most:
        return ("«0»",)
    bits = math.ceil(-math.log2(most)) + 2
    if bits > 50:
        return ("«0»",)
    usable = "(isfinite(«0») AND abs(«0»::DOUBLE) > 1e-290 AND abs(«0»::DOUBLE) < 1e290)"
    exponent = "floor(log2(abs(«0»::DOUBLE)))"
    lead = f"floor(«0»::DOUBLE * pow(2.0, -{exponent}) * {2.0**bits!r})"
    return (
        f"CASE WHEN {usable} THEN {lead} ELSE «0»::DOUBLE END",
        f"CASE WHEN {usable} THEN {exponent} END",
        usable,
    )


def ticks(value: str, sql: str) -> str:
    """Return a temporal value as a whole number of its smallest unit (ns for _NS types, else µs)."""
    if sql.endswith("_NS"):
        return f"epoch_ns({value})"
    return f"epoch_us({value}::TIMESTAMP)" if sql == "DATE" else f"epoch_us({value})"


def _time(most: timedelta, kind: Kind, sql: str) -> tuple[str, tuple[str, ...], str]:
    unit = round(most / timedelta(microseconds=1)) * (1000 if sql.endswith("_NS") else 1)
    said = f"differences up to {most}"
    if not unit:
        return _SAME, ("«0»",), said
    test = f"abs({ticks('«0»', sql)}::HUGEINT - {ticks('«1»', sql)}::HUGEINT) <= {unit}"
    if kind is Kind.TIME:
        return _either(test), (f"{ticks('«0»', sql)} // {unit}", "«0» IS NULL"), said
    # An infinite time has no ticks: hash it as itself.
    return (
        _either(test),
        (f"{ticks('«0»', sql)} // {unit}", "CASE WHEN NOT isfinite(«0») THEN «0» END", "«0» IS NULL"),
        said,
    )
