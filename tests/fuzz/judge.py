"""Holds what the product found against what the reference expects."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz import product, reference
from fuzz.case import Case
from fuzz.reference import Expected

_ROWS = ("legacy", "target", "equal", "changed", "missing", "extra", "duplicate_legacy", "duplicate_target")
_SCHEMA = ("incompatible", "legacy_only", "target_only")


@dataclass(frozen=True)
class Judgement:
    """One case's outcome; ``complaints`` are (class, sentence), none when the product was right."""

    planted: int = 0
    missed: int = 0
    invented: int = 0
    invalid: int = 0
    crashed: int = 0
    unsure: bool = False
    complaints: tuple[tuple[str, str], ...] = ()

    @property
    def classes(self) -> frozenset[str]:
        """What is wrong, in words that stay while a case shrinks."""
        return frozenset(one for one, _ in self.complaints)


@dataclass
class _Ledger:
    missed: int = 0
    invented: int = 0
    complaints: list[tuple[str, str]] = field(default_factory=list)

    def defects(self, what: str, wanted: int, found: int) -> None:
        """Hold counts of defects against each other."""
        if wanted != found:
            self.missed += max(0, wanted - found)
            self.invented += max(0, found - wanted)
            word = "missed" if found < wanted else "invented"
            self.complaints.append((word, f"{what}: {wanted} planted, {found} found"))

    def places(self, what: str, wanted: set[str], found: set[str]) -> None:
        """Hold the rows of defects against each other."""
        for word, rows in (("missed", wanted - found), ("invented", found - wanted)):
            if rows:
                setattr(self, word, getattr(self, word) + len(rows))
                self.complaints.append((word, f"{what}: {len(rows)} {word}, such as that of row {min(rows)}"))

    def fact(self, what: str, wanted: Any, found: Any) -> None:
        """Hold any other fact against what it must be."""
        if wanted != found:
            self.complaints.append((what.partition(":")[0], f"{what}: {found!r} where {wanted!r} is right"))


def judge(case: Case) -> Judgement:
    """Compare a case by the product and by the reference."""
    expected = reference.compare(case)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        result = product.run(case, Path(folder))
    return weigh(case, expected, result)


def weigh(case: Case, expected: Expected, result: dict[str, Any]) -> Judgement:
    """Hold a result against what the reference expects."""
    if expected.unsure:
        return Judgement(unsure=True)
    if result["verdict"] in ("crash", "INVALID"):
        kind = "crashed" if result["verdict"] == "crash" else "invalid"
        words = f"{kind}: {stable(result['reason'])}"
        one = {"crashed": int(kind == "crashed"), "invalid": int(kind == "invalid")}
        return Judgement(expected.planted, complaints=((words, result["reason"].strip()),), **one)
    ledger = _Ledger()
    _rows(case, expected, result, ledger)
    if expected.unique and case.key:
        _columns(case, expected, result, ledger)
    if product.shows_all(case):
        _places(expected, result, ledger)
    schema = sorted(one["name"] for one in result["schema"] if one["verdict"] in _SCHEMA)
    ledger.fact("schema", sorted(expected.schema), schema)
    ledger.fact("waivers", expected.waivers, [one["state"] for one in result["waivers"]])
    _verdict(expected, str(result["verdict"]), ledger)
    return Judgement(expected.planted, ledger.missed, ledger.invented, complaints=tuple(ledger.complaints))


def _rows(case: Case, expected: Expected, result: dict[str, Any], ledger: _Ledger) -> None:
    rows = result["rows"]
    for name in _ROWS:
        wanted, found = getattr(expected, name), rows[name]
        cells = (name == "changed" and expected.unique and case.key) or product.shows_all(case)
        if name in ("changed", "missing", "extra") and not cells:
            ledger.defects(f"{name} rows", wanted, found)
        else:
            ledger.fact(f"rows: {name}", wanted, found)


def _columns(case: Case, expected: Expected, result: dict[str, Any], ledger: _Ledger) -> None:
    found = {one["name"]: one for one in result["columns"]}
    for column in case.columns:
        if "ignore" in column.rule or not (column.legacy and column.target):
            ledger.fact(f"ignored: {column.name}", False, column.name in found)
            continue
        one = found[column.name]
        count = ledger.fact if product.shows_all(case) else ledger.defects
        count(f"column {column.name}", expected.different[column.name], one["different"])
        ledger.fact(f"causes: {column.name}", one["different"], sum(cause["rows"] for cause in one["causes"]))


def _places(expected: Expected, result: dict[str, Any], ledger: _Ledger) -> None:
    """Hold the row and the column of every defect against those that are shown."""
    shown: dict[tuple[str, str], set[str]] = {}
    for one in result["samples"]:
        if one["kind"] in ("changed", "missing", "extra"):
            shown.setdefault((one["kind"], one["column"] or ""), set()).add(one["key"][reference.NUMBER])
    for place in sorted(expected.places.keys() | shown.keys()):
        ledger.places(" ".join(place).strip(), expected.places.get(place, set()), shown.get(place, set()))


def _verdict(expected: Expected, found: str, ledger: _Ledger) -> None:
    if expected.verdict != found:
        ledger.complaints.append((f"verdict {expected.verdict}", f"{found} where {expected.verdict} is right"))
        if expected.verdict == "FAIL" and not ledger.missed:
            ledger.missed += 1
        if found == "FAIL" and not ledger.invented:
            ledger.invented += 1


def stable(reason: str) -> str:
    """Return the first words of a sentence without names and numbers, the last line of a traceback."""
    line = reason.strip().splitlines()[-1] if reason.strip() else ""
    plain = re.sub(r"/\S+|'[^']*'|\"[^\"]*\"|[A-Z_]+\([^)]*\)|\d+|\b[ck]\d*\b", "…", line)
    return " ".join(plain.split()[:12])
