"""One pair to compare, complete in a small JSON document: columns, rules, key, waivers, rows and storage."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fuzz.kinds import Kind, kind

CASES = Path(__file__).with_name("cases")
"""Failures that were found and shrunk; every one is replayed by ``make test``."""


@dataclass(frozen=True)
class Column:
    """One column: its type on each side (empty where that side lacks it) and its rule as YAML would give it."""

    name: str
    legacy: str
    target: str
    rule: dict[str, Any] = field(default_factory=dict)

    def kind(self, side: int) -> Kind:
        """Return the type on the legacy (0) or the target side (1)."""
        return kind((self.legacy, self.target)[side])

    def on(self, side: int) -> str:
        """Return the name on a side; empty where it has no such column."""
        if not (self.legacy, self.target)[side]:
            return ""
        return str(self.rule.get("legacy", self.name)) if side == 0 else self.name


@dataclass(frozen=True)
class Case:
    """A pair, its key and its rules; ``rows`` holds, by side, one list of cells per row."""

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: tuple[list[list[Any]], list[list[Any]]]
    storage: tuple[dict[str, Any], dict[str, Any]]
    waivers: tuple[dict[str, Any], ...] = ()
    through: str = "function"
    """``function``, or ``command`` for a process of its own."""
    what: str = ""
    open: str = ""
    """Why the product does not pass it yet; empty when it must."""
    shows: tuple[str, ...] = ()
    """How it fails as long as it is open."""

    def to_text(self) -> str:
        """Return the JSON document, one row a line."""
        data = {key: value for key, value in asdict(self).items() if value not in ("", (), [])}
        sides = [",\n".join(f"    {json.dumps(row)}" for row in side) for side in data.pop("rows")]
        text = json.dumps(data, indent=1, ensure_ascii=True)
        rows = ",\n".join(f"  [\n{side}\n  ]" if side else "  []" for side in sides)
        return f'{text[:-2]},\n "rows": [\n{rows}\n ]\n}}\n'

    @classmethod
    def of_text(cls, text: str) -> Case:
        """Read a JSON document."""
        data = json.loads(text)
        columns = tuple(Column(**one) for one in data.pop("columns"))
        return cls(
            columns,
            tuple(data.pop("key", ())),
            tuple(data.pop("rows")),
            tuple(data.pop("storage")),
            tuple(data.pop("waivers", ())),
            shows=tuple(data.pop("shows", ())),
            **data,
        )
