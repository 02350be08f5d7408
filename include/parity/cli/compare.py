"""``parity compare``: compare two files, directories or globs, and report the differences."""

from __future__ import annotations

import contextlib
import json
import math
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.errors import BadInput

if TYPE_CHECKING:
    from parity.compare.result import Result
    from parity.compare.spec import Spec

_STEPS = {
    "open": "Opening both sides",
    "compare": "Comparing, and planting corruptions",
    "explain": "Explaining, and taking samples",
}


@click.command("compare")
@click.argument("legacy")
@click.argument("target")
@click.option("--key", default="", metavar="K[,K…]", help="Key columns; without any, whole rows as a multiset.")
@click.option("--columns", type=click.Path(path_type=Path), help="YAML with rules by column, as in a suite.")
@click.option("--json", "as_json", metavar="OUT|-", help="Write the result as JSON; - for standard output.")
@click.option("--html", metavar="OUT", help="Write the report as one self-contained page.")
@click.option("--memory", default="2GB", show_default=True, help="Memory limit; the rest spills to disk.")
@click.option("--threads", type=click.IntRange(1), help="Threads (default: every core).")
@click.option("--scratch", type=click.Path(path_type=Path), help="Where to spill (default: the system's).")
@click.option("--allow-empty", is_flag=True, help="Zero rows against zero rows may pass.")
@click.option(
    "--coverage",
    type=click.FloatRange(0, 1, min_open=True),
    callback=lambda _context, _option, share: _number(share),
    default=1.0,
    help="Floor of columns compared.",
)
@click.option("--samples", type=click.IntRange(0), default=5, show_default=True, help="Rows shown per cause.")
@click.option("--delimiter", help="CSV: delimiter (default: detected).")
@click.option("--encoding", default="utf-8", show_default=True, help="CSV: encoding.")
@click.option("--header/--no-header", default=None, help="CSV: first line holds names (default: detected).")
@click.option("--null-text", multiple=True, help="CSV: unquoted text that means NULL (default: nothing).")
def command(legacy: str, target: str, **options: Any) -> None:
    """Compare LEGACY with TARGET: Parquet or CSV files, directories or globs.

    Exit status: 0 equal, 1 different, 2 could not compare or bad input.
    """
    with _terminable():
        result = _compare(legacy, target, options)
        _write(result, f"{legacy} · {target}", options)
    sys.exit(result.verdict.exit_code)


def _number(share: float) -> float:
    """Refuse NaN, which click's range lets through: no coverage would be under it."""
    if math.isnan(share):
        raise click.BadParameter("nan is not a share.")
    return share


def _compare(legacy: str, target: str, options: dict[str, Any]) -> Result:
    from parity.compare import CsvFormat, Source
    from parity.compare.comparison import compare_sources

    columns, csv = _read_columns(options["columns"])
    form = CsvFormat(
        delimiter=options["delimiter"],
        encoding=options["encoding"],
        header=options["header"],
        null_text=options["null_text"] or ("",),
        types=csv,
    )
    spec = _spec(columns, options)
    with _spinner() as on_step:
        return compare_sources(Source.of(legacy, csv=form), Source.of(target, csv=form), spec, on_step)


def _spec(columns: dict[str, Any], options: dict[str, Any]) -> Spec:
    from parity.compare import Spec

    _check_size(options["memory"])
    return Spec(
        key=tuple(part.strip() for part in options["key"].split(",") if part.strip()),
        columns=columns,
        allow_empty=options["allow_empty"],
        coverage=options["coverage"],
        memory=options["memory"],
        threads=options["threads"],
        scratch=options["scratch"],
        samples=options["samples"],
        mask_key=_mask_key(columns),
    )


def _mask_key(columns: dict[str, Any]) -> bytes:
    """Return the configured key where something is masked; reading the settings takes 0.25 s."""
    if not any(rule.sensitive for rule in columns.values()):
        return secrets.token_bytes(32)
    from parity.settings import settings

    return settings().mask_key.get_secret_value().encode() or secrets.token_bytes(32)


def _check_size(memory: str) -> None:
    from parity.suite.quantities import parse_size

    try:
        parse_size(memory)
    except ValueError as error:
        raise BadInput(f"--memory: {error}") from error


def _read_columns(path: Path | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Read rules by column name, at the top or below ``columns:``, and CSV types below ``types:``."""
    if path is None:
        return {}, {}
    from pydantic import ValidationError

    from parity.suite.diagnostics import diagnose
    from parity.suite.models import ColumnRule
    from parity.suite.yaml_source import read_yaml

    document = read_yaml(path)
    rules, types, above = _sections(path, document.data or {})
    found = {}
    for name, rule in rules.items():
        try:
            found[name] = ColumnRule.model_validate(rule or {})
        except ValidationError as error:
            raise next(diagnose(error, ColumnRule, rule)).below((*above, name)).error(document) from error
    return found, types


def _sections(path: Path, data: Any) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """Return the rules, the types, and the keys above the rules."""
    if not isinstance(data, dict):
        raise BadInput(f"{path} must map column names to rules.", remedy="For example: amount: {tolerance: 0.01}")
    nested = set(data) <= {"columns", "types"}
    rules = data.get("columns") or {} if nested else data
    if not isinstance(rules, dict):
        raise BadInput(f"{path}: columns must map column names to rules.")
    types = data.get("types") or {} if nested else {}
    if not isinstance(types, dict):
        raise BadInput(f"{path}: types must map CSV columns to DuckDB types.")
    return rules, {name: str(kind) for name, kind in types.items()}, ("columns",) if nested else ()


def _write(result: Result, title: str, options: dict[str, Any]) -> None:
    if options["html"]:
        from parity.report.html import render_html

        _save(options["html"], render_html(result, title))
    if options["as_json"]:
        # ASCII alone: it may go to a terminal, and names of files need not be Unicode.
        _save(options["as_json"], json.dumps(result.to_json(), indent=1, default=str) + "\n")
    if options["as_json"] != "-":
        _print(result, title)


def _print(result: Result, title: str) -> None:
    from rich.console import Console

    from parity.report.data import report_data
    from parity.report.text import layout

    class RaisingConsole(Console):
        def on_broken_pipe(self) -> None:
            """Raise the error again: rich would end the process with status 1, which means different."""
            raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError

    width = None if sys.stdout and sys.stdout.isatty() else 120
    RaisingConsole(width=width, soft_wrap=False).print(layout(report_data(result, title)))


def _save(place: str, text: str) -> None:
    if place != "-":
        Path(place).write_text(text, encoding="utf-8")
        return
    if sys.stdout is None:
        raise BadInput("Standard output is closed, and - names it.", remedy="Name a file.")
    sys.stdout.write(text)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does, so that scratch is removed either way."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _spinner() -> Iterator[Callable[[str], None] | None]:
    """Show the running step on a terminal."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("Starting") as status:
        yield lambda step: status.update(_STEPS[step])
