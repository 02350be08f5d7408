"""The answers of an engine, as they are committed: one JSON file each, with the version and the date."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Record:
    """``cases`` maps a case's name, or the text that was asked, to the engine's answer."""

    engine: str
    version: str
    date: str
    cases: dict[str, Any]


def read(name: str) -> Record:
    """Return the record ``name.json``."""
    return Record(**json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def write(name: str, engine: str, version: str, cases: dict[str, Any]) -> None:
    """Write ``name.json``, one case a line; a record whose answers are the same keeps its date."""
    path = FOLDER / f"{name}.json"
    record = Record(engine, version, datetime.now(UTC).date().isoformat(), cases)
    if path.exists() and (old := read(name)).version == version and old.cases == cases:
        return
    head = {key: value for key, value in asdict(record).items() if key != "cases"}
    lines = [
        f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(cases[key], ensure_ascii=False)}" for key in cases
    ]
    text = json.dumps(head, ensure_ascii=False)[:-1] + ', "cases": {\n' + ",\n".join(lines) + "\n}}\n"
    path.write_text(text, encoding="utf-8")
