"""A column's rule in SQL: its canonical value, and when two of them are equal.

Templates hold ``«0»`` for the legacy value (or the only one) and ``«1»`` for the target value.

What is hashed is the canonical value and nothing coarser, so equal hashes mean identical canonical values.
Two values that only a tolerance or the meaning of their JSON makes equal are judged by ``equal``, never by a hash.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from parity.compare.session import text
from parity.compare.types import EXACT, FLOATS, DataType, ValueKind, fill, verbatim
from parity.errors import BadInput
from parity.suite.models import ColumnRule, Tolerance
from parity.wording import fold

SPACES = (
    " \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""Every Unicode white space, and the two zero-width ones that people paste."""
_FOR_TIMES = "It is for dates and times: give a number or a percentage, or leave it out."
_FOR_NUMBERS = "It is for numbers: give a time such as 1s, or leave it out."
_SAME = "«0» IS NOT DISTINCT FROM «1»"


@dataclass(frozen=True)
class EqualityRule:
    """A rule in SQL: the canonical value, and when two canonical values are equal."""

    canonical: str = "«0»"
    equal: str = _SAME
    hidden: str = ""
    """What the rule makes invisible, in words; empty when it loosens nothing."""

    @property
    def approximate(self) -> bool:
        """Return whether canonical values that are not identical can be equal."""
        return self.equal != _SAME


def equality_rule(
    name: str, rule: ColumnRule, kind: ValueKind, sql: str, exact_hash: bool, *, digits: bool = False
) -> EqualityRule:
    """Turn one column's rule into SQL.

    ``exact_hash`` is for keys, whose hash alone decides; ``digits`` for numbers, of which texts are those digits.
    """
    if kind is not ValueKind.TEXT and rule.for_texts:
        raise BadInput(
            f"Column {name} is {sql}: {rule.for_texts[0]} does not fit it.",
            remedy="It is for texts: leave it out of the rule, or make texts of both sides by expressions.",
        )
    if rule.money and not kind.numeric and kind is not ValueKind.TEXT:
        raise BadInput(
            f"Column {name} is {sql}: money does not fit it.", remedy="It is for numbers: leave it out."
        )
    canonical, words = _canonical(rule)
    equal = _SAME
    if rule.json_equal:
        if exact_hash:
            canonical = fill("canonical_json(«0»)", canonical)
        else:
            equal = f"({_SAME} OR coalesce(canonical_json(«0») = canonical_json(«1»), false))"
        words.append("JSON of equal meaning")
    if rule.tolerance is not None:
        if exact_hash:
            raise BadInput(f"Column {name}: a tolerance needs a key, and cannot be part of one.")
        equal, note = _tolerance(name, rule, kind, sql, digits)
        words.append(note)
    return EqualityRule(canonical, equal, "; ".join(words))


def refuse_idle_zones(name: str, rule: ColumnRule, legacy: DataType, target: DataType) -> None:
    """Refuse a zone that would be ignored: it applies to a time without a zone that is compared with a time."""
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


def refuse_unions(name: str, kinds: Iterable[DataType]) -> None:
    """Refuse a UNION, whose members 1 and '1' have one text; no file holds any, an expression can."""
    for kind in kinds:
        if kind.holds("union"):
            raise BadInput(
                f"Column {name} is {kind.sql}: a UNION cannot be compared exactly.",
                remedy="Make texts or numbers of both sides by expressions.",
            )


def refuse_duplicate_rules(names: Iterable[str], columns: Container[str]) -> None:
    """Refuse two rules whose names differ by case alone, unless both columns exist: one would be ignored."""
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(fold(name), name)
        if other != name and not (name in columns and other in columns):
            raise BadInput(f"Two rules name one column: {other!r} and {name!r}.", remedy="Leave one of them out.")


def precision(sql: str) -> int:
    """Return the digits of a decimal type."""
    return int(sql.removeprefix("DECIMAL(").split(",")[0])


def scale_of(sql: str) -> int:
    """Return the digits behind the point of a decimal type."""
    return int(sql.rstrip(")").split(",")[1])


# A value is written for a hash in two ways, so that two values with one hash do not share the other. ``hash`` is
# DuckDB's own, of 64 bits. It was read and tried for what it hides by its structure:
# - It folds the halves of a 128-bit number (1 and 2^64 share a hash) and hashes ``[]`` like ``[NULL]``: wide
#   numbers and nested values are hashed by their text.
# - NULL has the hash of one value of every 64-bit type (of BIGINT: -2930909409056394622): the second hash takes
#   NULL as another value.
# - Of a long text or bytes, the highest bits of every eighth byte can cancel those of the byte eight places on
#   (16 zero bytes, and the same with bytes 7 and 15 as 0x80): the second hash is of a value shifted by one byte.
_STAND_INS = {
    "BIGINT": "5577006791947779410",
    "UBIGINT": "5577006791947779410",
    "DOUBLE": "-8.674665223082154e-127",
    "TIMESTAMP": "TIMESTAMP '1234-05-06 07:08:09.101112'",
    "TIMESTAMP_NS": "TIMESTAMP_NS '1834-05-06 07:08:09.101112131'",
}
"""What NULL is taken for in the second hash, by type."""


def hashed(kind: ValueKind, sql: str, value: str) -> tuple[str, str]:
    """Return the two ways in which ``value``, SQL of that kind and type, goes into a hash."""
    if kind is ValueKind.NESTED and "VARIANT" in sql:
        return f"({value})::VARCHAR", value  # Its text is the same for 1 and '1'; its own hash is not.
    if (
        kind is ValueKind.NESTED
        or sql in ("HUGEINT", "UHUGEINT")
        or (kind is ValueKind.DECIMAL and precision(sql) > 18)
    ):
        value = f"({value})::VARCHAR"
    elif kind is ValueKind.BINARY:
        return value, f"'#'::BLOB || {value}"
    elif kind is not ValueKind.TEXT:
        stand_in = _STAND_INS.get(sql)
        return value, f"coalesce({value}, {stand_in})" if stand_in else value
    return value, f"'#' || {value}"


def _canonical(rule: ColumnRule) -> tuple[str, list[str]]:
    """Chain the text rules in a fixed order: replace, trim, case, empty."""
    value = "«0»"
    words: list[str] = []
    if rule.replace:
        pattern, new = rule.replace
        value = f"regexp_replace({value}, {verbatim(text(pattern))}, {verbatim(text(new))}, 'g')"
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


def _tolerance(name: str, rule: ColumnRule, kind: ValueKind, sql: str, digits: bool) -> tuple[str, str]:
    allowed = rule.tolerance
    if allowed is None:
        raise ValueError("no tolerance")
    if allowed.time is not None:
        if not kind.temporal:
            raise BadInput(f"Column {name} is {sql}: a tolerance in time does not fit it.", remedy=_FOR_TIMES)
        return _time(allowed.time, sql)
    if kind is ValueKind.TEXT and digits:
        return _of_digits(allowed)
    if not kind.numeric:
        raise BadInput(f"Column {name} is {sql}: a numeric tolerance does not fit it.", remedy=_FOR_NUMBERS)
    if allowed.absolute is not None:
        return _absolute(allowed.absolute, kind, sql)
    return _relative(allowed.relative or Decimal(0), kind, scale_of(sql) if kind is ValueKind.DECIMAL else 0)


def _either(test: str) -> str:
    return f"({_SAME} OR coalesce({test}, false))"


def _of_digits(allowed: Tolerance) -> tuple[str, str]:
    most, share = allowed.absolute or Decimal(0), allowed.relative or Decimal(0)
    note = f"{plain(share * 100)} %" if allowed.absolute is None else plain(most)
    return _either(f"within_digits(«0», «1», '{most:f}', '{share:f}')"), f"differences up to {note}"


def plain(number: Decimal) -> str:
    """Write a decimal without an exponent."""
    return format(number.normalize(), "f") if number else "0"


def _absolute(most: Decimal, kind: ValueKind, sql: str) -> tuple[str, str]:
    note = f"differences up to {plain(most)}"
    if kind is ValueKind.FLOAT:
        number = f"{min(float(most), sys.float_info.max)!r}::DOUBLE"
        test = f"abs(«0»::DOUBLE - «1»::DOUBLE) <= {number}"
        if 0 < most < 10**15 and -int(most.normalize().as_tuple().exponent) <= 15:
            test = f"({test} OR {_digits_gap(most, sql)})"
        return _either(f"isfinite(«0») AND isfinite(«1») AND {test}"), note
    return _either(_whole_gap(most, sql) if kind is ValueKind.INTEGER else _decimal_gap(most, sql)), note


def _digits_gap(most: Decimal, sql: str) -> str:
    """Return the test of two floats by their shortest digits: 1.1 - 1.0 is a little more than 0.1 in binary.

    From 2^53 on (2^24 of 32 bits) floats are whole numbers, which shorter digits would round.
    """

    def within(places: int) -> str:
        exact = [f"TRY_CAST({one}::VARCHAR AS DECIMAL(38,{places}))" for one in ("«0»", "«1»")]
        kept = " AND ".join(f"{exact[at]}::VARCHAR::{sql} = «{at}»" for at in (0, 1))
        return f"abs(TRY({exact[0]} - {exact[1]})) <= {plain(most)} AND {kept}"

    larger, whole = "greatest(abs(«0»), abs(«1»))", 2 ** FLOATS[sql.lower()]
    small = f"WHEN {larger} < 1 THEN {within(37)} " if most < 2 else ""
    return f"CASE {small}WHEN {larger} < {whole} THEN {within(22)} ELSE false END"


def _whole_gap(most: Decimal, sql: str) -> str:
    """Return the test of two whole numbers; a difference that 127 bits cannot hold is beyond any tolerance."""
    wide, bits = ("UHUGEINT", 128) if sql == "UHUGEINT" else ("HUGEINT", 127)
    left, right = f"«0»::{wide}", f"«1»::{wide}"
    allowed = min(int(most), 2**bits - 1)
    return f"TRY(CASE WHEN {left} > {right} THEN {left} - {right} ELSE {right} - {left} END) <= {allowed}::{wide}"


def _decimal_gap(most: Decimal, sql: str) -> str:
    """Return the test of two decimals, whose difference may have more than 38 digits."""
    before, scale = precision(sql) - scale_of(sql), scale_of(sql)
    if most >= 2 * Decimal(10) ** before:
        return "«0» IS NOT NULL AND «1» IS NOT NULL"
    # All differences are whole multiples of the last unit.
    units, largest = int(most.scaleb(scale, EXACT)), 10**38 - 1
    allowed, rest = (
        f"'{Decimal(n).scaleb(-scale, EXACT):f}'::DECIMAL(38,{scale})"
        for n in (min(units, largest), units - largest)
    )
    if units <= largest:
        return f"abs(TRY(«0» - «1»)) <= {allowed}"
    # More than 38 digits hold: only numbers on both sides of zero can lie further apart.
    return f"CASE WHEN («0» < 0) = («1» < 0) THEN true ELSE abs(«0») - {rest} <= {allowed} - abs(«1») END"


def _relative(most: Decimal, kind: ValueKind, scale: int) -> tuple[str, str]:
    note = f"differences up to {plain(most * 100)} %"
    most = min(most, Decimal(2))  # No two numbers lie further apart than twice the larger one.
    if kind is ValueKind.FLOAT:
        near = f"abs({{0}}) <= {float(most)!r} * greatest(abs({{1}}), abs({{2}}))"
        left, right, gap = "«0»::DOUBLE", "«1»::DOUBLE", "(«0»::DOUBLE - «1»::DOUBLE)"
        # A gap that no double holds is judged by quarters: both sides of the test would be infinite.
        quarters = f"({left} / 4 - {right} / 4)", f"{left} / 4", f"{right} / 4"
        test = f"CASE WHEN isinf({gap}) THEN {near.format(*quarters)} ELSE {near.format(gap, left, right)} END"
        return _either(f"isfinite(«0») AND isfinite(«1») AND {test}"), note
    left, right = (f"«{n}»" if kind is ValueKind.DECIMAL else f"«{n}»::HUGEINT::DECIMAL(38,0)" for n in (0, 1))
    # A share as a fraction of whole numbers: a product with 0.1 needs one more digit than 38 can offer.
    part, whole = most.as_integer_ratio()
    wide = f"DECIMAL(38,{scale})"
    gap, larger = f"abs({left} - {right})::{wide}", f"greatest(abs({left}), abs({right}))::{wide}"
    exact = f"TRY({gap} * {whole} <= {larger} * {part})"
    # Where the product outgrows 38 digits, doubles decide, a little more strictly than the rule.
    most_near, doubles = float(most) * (1 - 1e-12), ("«0»::DOUBLE", "«1»::DOUBLE")
    near = f"abs({' - '.join(doubles)}) <= {most_near!r} * greatest({', '.join(f'abs({one})' for one in doubles)})"
    return _either(f"coalesce({exact}, {near})" if max(part, whole) < 10**38 else near), note


def ticks(value: str, sql: str) -> str:
    """Return a temporal value as a whole number of its smallest unit (ns of _NS types, else µs), or NULL."""
    if sql.endswith("_NS"):
        return f"epoch_ns({value})::HUGEINT"
    if sql == "DATE":  # There are dates that no timestamp reaches.
        return f"date_diff('day', DATE '1970-01-01', {value})::HUGEINT * 86400000000"
    return f"epoch_us({value})::HUGEINT"


def _time(most: timedelta, sql: str) -> tuple[str, str]:
    unit = round(most / timedelta(microseconds=1)) * (1000 if sql.endswith("_NS") else 1)
    test = f"abs({ticks('«0»', sql)} - {ticks('«1»', sql)}) <= {unit}"
    return _either(test), f"differences up to {most}"
