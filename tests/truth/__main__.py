"""``make truth``: ask the real engines, write down what they answer, and print where the product disagrees."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Column, Table

from truth.engines import Outcome, Unavailable

ENGINES = ("mysql", "postgres", "trino", "spark")
"""Modules of this package, each with ``ask() -> Outcome | list[Outcome]``, which also writes its records."""
COUNTED = ("Cases", "Agree", "Disagree", "Seconds")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 when every engine that could be had agrees in every case, else 1."""
    parser = argparse.ArgumentParser("truth", description=__doc__)
    parser.add_argument(
        "engines", nargs="*", metavar="ENGINE", help=f"some of {', '.join(ENGINES)}; all by default"
    )
    chosen = parser.parse_args(arguments).engines or ENGINES
    if unknown := sorted(set(chosen) - set(ENGINES)):
        parser.error(f"there is no engine {unknown[0]!r}; there are {', '.join(ENGINES)}")
    console = Console()
    table = Table("Engine", "Version", *(Column(name, justify="right") for name in COUNTED), box=None)
    lines: list[str] = []
    for name in chosen:
        console.print(f"[dim]· asking {name}[/dim]")
        started = time.monotonic()
        try:
            for outcome in _asked(name):
                lines += [f"{outcome.engine}: {line}" for line in outcome.disagreements]
                table.add_row(*_cells(outcome), f"{time.monotonic() - started:.0f}")
        except Unavailable as unavailable:
            table.add_row(name, f"[yellow]SKIPPED: {unavailable}; its records stay as they are[/yellow]")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    console.print(table)
    return 1 if lines else 0


def _asked(name: str) -> list[Outcome]:
    answer = importlib.import_module(f"truth.{name}").ask()
    return answer if isinstance(answer, list) else [answer]


def _cells(outcome: Outcome) -> tuple[str, ...]:
    agree = outcome.cases - len(outcome.disagreements)
    return outcome.engine, outcome.version, *(f"{n:,}" for n in (outcome.cases, agree, len(outcome.disagreements)))


if __name__ == "__main__":
    sys.exit(main())
