"""The exact common type of two columns, a cast for each side, and a verdict on the pair of types.

No value ever passes through a wider but inexact type. Where there is no exact common type (a number
against a text), both sides are compared as canonical text and the pair is called incompatible.
"""

from __future__ import annotations

from dataclasses import replace

from parity.compare.types import FLOATS, INTEGERS, TEXT, CommonType, DataType, ValueKind, fill, quoted, verbatim

_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20, 128: 39}
_STAMPS = {
    "timestamp_s": 0,
    "timestamp_ms": 3,
    "timestamp": 6,
    "timestamp_ns": 9,
    "timestamp with time zone": 6,
    "timestamp_ns with time zone": 9,
}
_SIMPLE = {
    "boolean": ValueKind.BOOLEAN,
    "varchar": ValueKind.TEXT,
    "blob": ValueKind.BINARY,
    "date": ValueKind.DATE,
    "interval": ValueKind.INTERVAL,
}
_TIMES = ("time", "time_ns")
_NESTED = ("list", "array", "struct", "map")


def find_common_type(
    legacy: DataType, target: DataType, legacy_zone: str | None, target_zone: str | None, *, moments: bool = False
) -> CommonType:
    """Find the exact common type of two columns; ``moments`` where the time between them counts."""
    if legacy.untyped or target.untyped:
        return _with_null(legacy, target)
    if legacy.name in _STAMPS and target.name in _STAMPS:
        if not moments and not converts_to_utc(legacy, target, legacy_zone, target_zone):
            legacy_zone = target_zone = None  # In UTC, two times around a clock change would be one.
        return _stamps(legacy, target, legacy_zone, target_zone)
    families = (
        (INTEGERS, _integers),
        (_TIMES, _times),
        ((*INTEGERS, "decimal", *FLOATS), _numbers),
        (_NESTED, _nested),
    )
    for names, together in families:
        if legacy.name in names and target.name in names:
            return together(legacy, target)
    return _same(legacy) if legacy.name == target.name else _mixed(legacy, target)


def _same(one: DataType) -> CommonType:
    kind = _SIMPLE.get(one.name)
    if kind is ValueKind.INTERVAL:
        # DuckDB calls one month and thirty days equal; their texts differ.
        return CommonType(ValueKind.INTERVAL, "VARCHAR", "equal", "«0»::VARCHAR", "«0»::VARCHAR")
    if one.name == "variant":
        return CommonType(ValueKind.NESTED, one.sql, "equal")
    if kind is None or one.sql == "JSON":
        return CommonType(ValueKind.TEXT, "VARCHAR", "equal", "«0»::VARCHAR", "«0»::VARCHAR")
    return CommonType(kind, one.sql, "equal")


def with_intervals(common: CommonType) -> CommonType:
    """Return a common type that distinguishes the intervals in a VARIANT: one month is thirty days there.

    Only an expression can put one into a VARIANT; no file holds any.
    """
    if common.sql != "VARIANT":
        return common
    seen = (
        "CASE WHEN regexp_matches(«0»::VARCHAR, '[0-9] (year|month|day)') "
        "THEN {'text': «0»::VARCHAR, 'value': «0»}::VARIANT ELSE «0» END"
    )
    return replace(common, legacy=fill(seen, common.legacy), target=fill(seen, common.target))


def _with_null(legacy: DataType, target: DataType) -> CommonType:
    real = target if legacy.untyped else legacy
    if real.untyped:
        return CommonType(ValueKind.TEXT, "VARCHAR", "equal", "«0»::VARCHAR", "«0»::VARCHAR")
    own = find_common_type(real, real, None, None)
    # The other side's cast fits NULL as well, once that has the other side's type.
    cast = fill(own.legacy, f"CAST(«0» AS {verbatim(real.sql)})")
    side = (cast, own.target) if real is target else (own.legacy, cast)
    note = "one side holds nothing but NULL and has no type of its own"
    return CommonType(own.kind, own.sql, "widened", *side, own.scale, note)


def _integers(legacy: DataType, target: DataType) -> CommonType:
    (left, left_signed), (right, right_signed) = INTEGERS[legacy.name], INTEGERS[target.name]
    if legacy.name == target.name:
        return CommonType(ValueKind.INTEGER, legacy.sql, "equal")
    if left_signed == right_signed:
        wide = legacy.sql if left > right else target.sql
        return _cast(ValueKind.INTEGER, wide, "widened" if right > left else "narrowed")
    unsigned = left if not left_signed else right
    signed = left if left_signed else right
    if unsigned == 128:
        return _as_text("incompatible")
    wide = {8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT", 128: "HUGEINT"}[max(signed, unsigned * 2)]
    return _cast(ValueKind.INTEGER, wide, "widened" if right > left else "narrowed")


def _times(legacy: DataType, target: DataType) -> CommonType:
    if legacy.name == target.name:
        return CommonType(ValueKind.TIME, legacy.sql, "equal")
    return _cast(ValueKind.TIME, "TIME_NS", "widened" if target.name == "time_ns" else "narrowed")


def _cast(kind: ValueKind, sql: str, verdict: str, scale: int = 0, note: str = "") -> CommonType:
    cast = f"CAST(«0» AS {verbatim(sql)})"
    return CommonType(kind, sql, verdict, cast, cast, scale, note)


def _as_text(verdict: str, note: str = "compared as text") -> CommonType:
    return _cast(ValueKind.TEXT, "VARCHAR", verdict, note=note)


def _shape(one: DataType) -> tuple[int, int]:
    """Return the digits before and after the point."""
    if one.name == "decimal":
        return one.precision - one.scale, one.scale
    return _DIGITS[INTEGERS[one.name][0]], 0


def _numbers(legacy: DataType, target: DataType) -> CommonType:
    floats = [one for one in (legacy, target) if one.name in FLOATS]
    if len(floats) == 2:
        if legacy.name == target.name:
            return CommonType(ValueKind.FLOAT, legacy.sql, "equal")
        return _cast(ValueKind.FLOAT, "DOUBLE", "widened" if legacy.name == "float" else "narrowed")
    if floats:
        return _exact_against_float(legacy, target)
    (left, left_scale), (right, right_scale) = _shape(legacy), _shape(target)
    before, scale = max(left, right), max(left_scale, right_scale)
    if (left, left_scale) == (right, right_scale) and legacy.name == target.name:
        return CommonType(ValueKind.DECIMAL, legacy.sql, "equal", scale=scale)
    verdict = "widened" if right >= left and right_scale >= left_scale else "narrowed"
    if before + scale <= 38:
        return _cast(ValueKind.DECIMAL, f"DECIMAL({before + scale},{scale})", verdict, scale)
    note = "no common decimal type: compared digit by digit"
    return CommonType(ValueKind.TEXT, "VARCHAR", verdict, _digits(legacy), _digits(target), note=note)


def _digits(one: DataType) -> str:
    """Write an exact number in one way, whatever its type: 0, not .00, which is how DECIMAL(2,2) writes it."""
    value = "«0»::VARCHAR"
    if not one.scale:
        return value
    if one.precision == one.scale:
        value = f"CASE WHEN «0» < 0 THEN '-0' || substr({value}, 2) ELSE '0' || {value} END"
    return f"rtrim(rtrim({value}, '0'), '.')"


def _exact_against_float(legacy: DataType, target: DataType) -> CommonType:
    """Compare a float's shortest text with the exact number's, so that neither is rounded.

    The float becomes the exact type only where the way back yields the same float.
    """
    exact = legacy if legacy.name not in FLOATS else target
    number = f"DECIMAL(38,{exact.scale})" if exact.name == "decimal" else "HUGEINT"
    digits = "DECIMAL(38,{})".format(exact.scale if exact.name == "decimal" else 0)
    back = f"TRY_CAST(«0»::DOUBLE::VARCHAR AS {digits})"
    inexact = (
        f"CASE WHEN «0» = 0 THEN CAST(0 AS {number})::VARCHAR WHEN {back}::DOUBLE = «0»::DOUBLE "
        f"THEN CAST({back} AS {number})::VARCHAR ELSE «0»::DOUBLE::VARCHAR END"
    )
    plain = f"CAST(«0» AS {number})::VARCHAR"
    sides = (plain, inexact) if exact is legacy else (inexact, plain)
    note = "an exact number against a float: compared by their digits"
    return CommonType(ValueKind.TEXT, "VARCHAR", "incompatible", *sides, note=note)


def _stamps(legacy: DataType, target: DataType, legacy_zone: str | None, target_zone: str | None) -> CommonType:
    zoned = [one.name.endswith("zone") for one in (legacy, target)]
    verdict = "equal"
    if _STAMPS[legacy.name] != _STAMPS[target.name]:
        verdict = "widened" if _STAMPS[target.name] > _STAMPS[legacy.name] else "narrowed"
    elif zoned[0] != zoned[1]:
        verdict = "widened" if zoned[1] else "narrowed"
    note = ""
    if zoned[0] != zoned[1] and not (legacy_zone or target_zone):
        note = f"naive {'target' if zoned[0] else 'legacy'} times were read as UTC"
    return _in_utc((legacy, legacy_zone), (target, target_zone), verdict, note)


def _in_utc(
    legacy: tuple[DataType, str | None], target: tuple[DataType, str | None], verdict: str, note: str = ""
) -> CommonType:
    common = "TIMESTAMP_NS" if any(_STAMPS.get(one.name) == 9 for one, _ in (legacy, target)) else "TIMESTAMP"
    left, right = (f"CAST({_utc(*side)} AS {common})" for side in (legacy, target))
    return CommonType(ValueKind.TIMESTAMP, common, verdict, left, right, note=note)


def converts_to_utc(legacy: DataType, target: DataType, legacy_zone: str | None, target_zone: str | None) -> bool:
    """Return whether a pair of columns is moved to UTC: two naive ones of one zone are compared as they stand."""
    return legacy_zone != target_zone or not (legacy.naive and target.naive)


def whole_micros(one: DataType, sql: str) -> str:
    """Return the SQL of a naive time in whole microseconds; DuckDB rounds, at worst across a clock change."""
    micros = f"{sql}::TIMESTAMP"
    if one.name != "timestamp_ns":
        return micros
    rounded_up = f"TRY_CAST({micros} AS TIMESTAMP_NS) > {sql}"
    return f"(CASE WHEN {rounded_up} THEN {micros} - INTERVAL 1 MICROSECOND ELSE {micros} END)"


def _utc(one: DataType, zone: str | None) -> str:
    if one.name.endswith("zone"):
        return "timezone('UTC', «0»)"
    if not zone:
        return "«0»"
    wall = whole_micros(one, "«0»")
    moved = "timezone('UTC', timezone('{}', {}))".format(zone.replace("'", "''"), wall)
    if one.name != "timestamp_ns":
        return moved
    # A zone is applied in microseconds: move by it, so that the last three digits stay.
    shift = f"(epoch_us({moved}) - epoch_us({wall})) * 1000"
    return f"CASE WHEN isfinite(«0»::TIMESTAMP) THEN make_timestamp_ns(epoch_ns(«0») + {shift}) ELSE «0» END"


def _nested(legacy: DataType, target: DataType) -> CommonType:
    common = _common_nested(legacy, target)
    if common is None:
        return _as_text("incompatible")
    verdict = "equal" if legacy.sql == target.sql else "widened"
    cast = _ordered(f"CAST(«0» AS {verbatim(common.sql)})", quoted(common))
    return CommonType(ValueKind.NESTED, common.sql, verdict, cast, cast)


def _common_nested(legacy: DataType, target: DataType) -> DataType | None:
    """Return the common type of two nested types, struct fields matched by name."""
    if legacy.name not in _NESTED and target.name not in _NESTED:
        return _common_leaf(legacy, target)
    lists = ("list", "array")
    if legacy.name in lists and target.name in lists:
        child = _common_nested(legacy.fields[0][1], target.fields[0][1])
        return child and DataType("list", f"{child.sql}[]", fields=(("child", child),))
    left, right = dict(legacy.fields), dict(target.fields)
    if legacy.name != target.name or left.keys() != right.keys():
        return None
    parts = [(name, _common_nested(left[name], right[name])) for name in left]
    fields = tuple((name, part) for name, part in parts if part is not None)
    if len(fields) < len(parts):
        return None
    if legacy.name == "map":
        return DataType("map", f"MAP({fields[0][1].sql}, {fields[1][1].sql})", fields=fields)
    inner = ", ".join('"' + name.replace('"', '""') + f'" {part.sql}' for name, part in fields)
    return DataType("struct", f"STRUCT({inner})", fields=fields)


def _common_leaf(legacy: DataType, target: DataType) -> DataType | None:
    if legacy.sql == target.sql:
        # One month and thirty days are equal to DuckDB inside nested values, too.
        return TEXT if legacy.name == "interval" else legacy
    common = find_common_type(legacy, target, None, None)
    simple = common.legacy.startswith("CAST(«0»") and common.verdict != "incompatible"
    return DataType(common.kind, common.sql) if simple else None


def _ordered(value: str, kind: DataType, depth: int = 0) -> str:
    """Rewrite every map inside a value as its list of entries in the order of their keys."""
    if not kind.holds("map"):
        return value
    item = f"x{depth}"
    if kind.name == "list":
        return f"list_transform({value}, lambda {item}: {_ordered(item, kind.fields[0][1], depth + 1)})"
    if kind.name == "map":
        inner = _ordered(item + ".value", dict(kind.fields)["value"], depth + 1)
        # Of entries with one key, readers take the first or the last: these keep their order.
        entry = f"{{'key': {item}.key, 'at': at{depth}, 'value': {inner}}}"
        entries = f"list_sort(list_transform(map_entries({value}), lambda {item}, at{depth}: {entry}))"
        return f"list_transform({entries}, lambda {item}: {{'key': {item}.key, 'value': {item}.value}})"
    parts = ", ".join(
        f"{_field(name)} := {_ordered(f'({value}).{_field(name)}', part, depth + 1)}" for name, part in kind.fields
    )
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE struct_pack({parts}) END"


def _field(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _mixed(legacy: DataType, target: DataType) -> CommonType:
    names = {legacy.name, target.name}
    if names <= {"date", *_STAMPS}:
        return _in_utc((legacy, None), (target, None), "widened" if legacy.name == "date" else "narrowed")
    if names == {"varchar", "uuid"}:
        lower = "lower(«0»::VARCHAR)"
        return CommonType(ValueKind.TEXT, "VARCHAR", "widened", lower, lower, note="UUID compared as text")
    if names == {"varchar", "blob"}:
        left, right = ("encode(«0»)" if one.name == "varchar" else "«0»" for one in (legacy, target))
        return CommonType(ValueKind.BINARY, "BLOB", "incompatible", left, right, note="compared as UTF-8 bytes")
    return _as_text("incompatible")
