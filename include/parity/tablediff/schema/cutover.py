"""What must be right on the new server before it takes over, other than its rows: one line per check.

Each line is ``ok``, ``differs`` or ``not readable``. It informs the decision on the cut-over and changes
no verdict: an SQL mode is no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from parity.tablediff.mysql.server import ServerFacts
from parity.tablediff.schema.normalise import charset
from parity.wording import plural

Status = Literal["ok", "differs", "not readable"]


@dataclass(frozen=True)
class CutoverLine:
    """One check."""

    check: str
    status: Status
    legacy: str
    target: str


VARIABLES: Mapping[str, tuple[str, ...]] = {
    "sql_mode": ("sql_mode",),
    "time zone": ("time_zone",),
    "system time zone": ("system_time_zone",),
    "lower_case_table_names": ("lower_case_table_names",),
    "server character set": ("character_set_server",),
    "server collation": ("collation_server",),
    "database character set": ("character_set_database",),
    "database collation": ("collation_database",),
    "max_allowed_packet": ("max_allowed_packet",),
    "isolation level": ("transaction_isolation", "tx_isolation"),
    "event scheduler": ("event_scheduler",),
}
"""Check → global variable, and its older names."""


def check_cutover(legacy: ServerFacts, target: ServerFacts, users: Iterable[str] = ()) -> tuple[CutoverLine, ...]:
    """Compare two servers' settings, counters, users and TLS."""
    return (
        *(_variable(check, names, legacy, target) for check, names in VARIABLES.items()),
        *_counters(legacy, target),
        *_sequences(legacy, target),
        _tls(legacy, target),
        *_users(legacy, target, tuple(users)),
    )


def line_of(check: str, ok: bool, legacy: str, target: str) -> CutoverLine:
    """Return the line of a check that both servers answer."""
    return CutoverLine(check, "ok" if ok else "differs", legacy, target)


def _variable(check: str, names: tuple[str, ...], legacy: ServerFacts, target: ServerFacts) -> CutoverLine:
    old, new = (next((f.variables[n] for n in names if n in f.variables), None) for f in (legacy, target))
    if old is None or new is None:
        why = "the server shows no such variable"
        return CutoverLine(check, "not readable", old or why, new or why)
    return line_of(check, _same(check, old, new), old, new)


def _same(check: str, old: str, new: str) -> bool:
    if check == "sql_mode":
        return set(old.upper().split(",")) == set(new.upper().split(","))
    if check == "max_allowed_packet":
        return int(new) >= int(old)
    return charset(old) == charset(new)


def _counters(legacy: ServerFacts, target: ServerFacts) -> Iterable[CutoverLine]:
    """Yield a line per AUTO_INCREMENT whose next value exists already, or one for all that are right."""
    right = 0
    for table, counter in sorted(target.counters.items()):
        old = legacy.counters.get(table)
        highest = max(counter.highest, old.highest if old else 0)
        if counter.next is None:
            why = "the server shows no next value"
            yield CutoverLine(f"auto-increment of {table}", "not readable", f"max {highest}", why)
        elif counter.next <= highest:
            yield line_of(f"auto-increment of {table}", False, f"max {highest}", f"next {counter.next}")
        else:
            right += 1
    if right:
        yield line_of("auto-increment above max(id)", True, plural(right, "table"), plural(right, "table"))


def _sequences(legacy: ServerFacts, target: ServerFacts) -> Iterable[CutoverLine]:
    """Yield a line per sequence; it is right when the target's next value was not used by the legacy side."""
    for name in sorted(legacy.sequences.keys() & target.sequences.keys()):
        old, new = legacy.sequences[name], target.sequences[name]
        if old is None or new is None:
            shown = ("no right to read it" if one is None else f"next {one.next}" for one in (old, new))
            yield CutoverLine(f"next value of sequence {name}", "not readable", *shown)
        else:
            ahead = new.next <= old.next if old.step < 0 else new.next >= old.next
            yield line_of(f"next value of sequence {name}", ahead, f"next {old.next}", f"next {new.next}")


def _tls(legacy: ServerFacts, target: ServerFacts) -> CutoverLine:
    old, new = legacy.cipher or "no TLS", target.cipher or "no TLS"
    return line_of("TLS in use", bool(legacy.cipher) == bool(target.cipher) or bool(target.cipher), old, new)


def _users(legacy: ServerFacts, target: ServerFacts, patterns: tuple[str, ...]) -> Iterable[CutoverLine]:
    if not patterns:
        return
    if legacy.users is None or target.users is None:
        why = "no right to read mysql.user"
        shown = [why if facts.users is None else "readable" for facts in (legacy, target)]
        yield CutoverLine("users and grants", "not readable", *shown)
        return
    wanted = {
        user
        for user in (*legacy.users, *target.users)
        if any(fnmatchcase(user.partition("@")[0], pattern) for pattern in patterns)
    }
    for user in sorted(wanted):
        old, new = legacy.users.get(user, "no such user"), target.users.get(user, "no such user")
        yield line_of(f"grants of {user}", old == new, old, new)
