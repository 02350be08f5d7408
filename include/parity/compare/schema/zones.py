"""Wall times that name no single moment: of an hour that a clock change repeats, and of one that it skips.

Read as either moment, such a time could be equal to a moment that it does not mean, so they are refused.
"""

from __future__ import annotations

from parity.compare.common_type import converts_to_utc, whole_micros
from parity.compare.schema.plan import ComparisonPlan
from parity.compare.session import DuckSession, text
from parity.errors import CouldNotCompare
from parity.wording import plural


def refuse_ambiguous_times(session: DuckSession, plan: ComparisonPlan, relations: dict[str, str]) -> None:
    """Refuse columns that a rule moves from a zone to UTC and that hold wall times of no single moment."""
    for column in plan.columns:
        zones = {"legacy": column.rule.legacy_timezone, "target": column.rule.target_timezone}
        timed = column.rule.tolerance is not None and column.rule.tolerance.time is not None
        if not timed and not converts_to_utc(column.legacy.kind, column.target.kind, *zones.values()):
            continue
        for side, zone in zones.items():
            raw = column.raw(side)
            wall = whole_micros(raw.kind, f"({raw.sql})")
            if zone and raw.kind.naive and (found := _unclear(session, wall, zone, relations[side])):
                raise CouldNotCompare(
                    f"Column {column.name}: {plural(found, 'time')} of the {side} side "
                    f"{'lie' if found > 1 else 'lies'} in an hour that {zone} has twice or not at all, and so "
                    f"{'name' if found > 1 else 'names'} no single moment.",
                    remedy=f"Export it in UTC. {side}_sql: timezone({text(zone)}, …) in place of {side}_timezone "
                    "takes the later moment.",
                )


def _unclear(session: DuckSession, sql: str, zone: str, relation: str) -> int:
    """Count the wall times of no single moment; only days near a change of the zone's offset are looked at."""
    wall = f"(SELECT {sql} AS wall FROM {relation})"
    days = (
        f"SELECT DISTINCT wall::DATE AS day FROM {wall} WHERE isfinite(wall) "
        "AND wall BETWEEN TIMESTAMP '1700-01-01' AND TIMESTAMP '9999-12-30'"
    )
    before, after = (_offset(zone, f"(day {shift})::TIMESTAMP") for shift in ("- 1", "+ 2"))
    near = [str(day) for (day,) in session.rows(f"SELECT day FROM ({days}) WHERE {before} <> {after}")]
    if not near:
        return 0
    moment = f"timezone('UTC', timezone({text(zone)}, wall))"
    other = f"(wall - {_offset(zone, '(moment - INTERVAL 1 DAY)')})"
    listed = ", ".join(f"DATE '{day}'" for day in near)
    return int(
        session.one(
            f"SELECT count(*) FROM (SELECT *, {other} AS other FROM (SELECT wall, {moment} AS moment FROM {wall} "
            f"WHERE isfinite(wall) AND wall::DATE IN ({listed}))) WHERE {_wall(zone, 'moment')} <> wall "
            f"OR (other <> moment AND {_wall(zone, 'other')} = wall)"
        )
    )


def _wall(zone: str, moment: str) -> str:
    return f"timezone({text(zone)}, timezone('UTC', {moment}))"


def _offset(zone: str, moment: str) -> str:
    return f"({_wall(zone, moment)} - {moment})"
