"""``parity mysql LEFT RIGHT``: compare two MySQL databases from a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.errors import BadInput
from parity.wording import visible

if TYPE_CHECKING:
    from parity.suite.databases import Database
    from parity.tablediff.verdict import DatabaseResult


@click.command("mysql")
@click.argument("left")
@click.argument("right")
@click.option("--tables", default="", help="Names or patterns, comma-separated; default: all.")
@click.option("--exclude", multiple=True, help="Pattern of tables to leave out; may be repeated.")
@click.option("--allow-empty", is_flag=True, help="Zero rows against zero rows may pass.")
@click.option("--json", "to", default="", help="Write the result as JSON to a file, or - for stdout.")
@click.option("--connections", default=1, show_default=True, type=click.IntRange(1, 16), help="Per server.")
@click.option(
    "--strategy", "--way", type=click.Choice(["auto", "digest", "stream"]), default="auto", show_default=True
)
@click.option("--rows-per-second", type=click.IntRange(1), help="Read no faster than this.")
@click.option("--settle", default="1s", show_default=True, help="Read different rows again after this; 0s: never.")
def command(left: str, right: str, **options: Any) -> None:
    """Compare two MySQL databases: schema, cut-over list, and every row.

    LEFT (legacy) and RIGHT (target) are mysql://user:password@host:port/database or
    mysql://…/database?unix_socket=PATH. To keep a password out of the process list, write env:NAME or
    file:PATH instead, and put the URL there.

    Exit status: 0 equal, 1 different, 2 could not compare or bad input.
    """
    left, right = _url(left), _url(right)
    _blank_arguments(left, right)
    result = _compare(left, right, options)
    show(result, str(options["to"]))
    raise SystemExit(result.verdict.exit_code)


def _compare(left: str, right: str, options: dict[str, Any]) -> DatabaseResult:
    import secrets
    import tempfile

    from parity.clients.mysql import address
    from parity.clock import SystemClock
    from parity.tablediff.job import Job
    from parity.tablediff.rows.checkpoint import MemoryCheckpoints
    from parity.tablediff.runner import verify_database
    from parity.tablediff.sessions.pair import Connections

    connections = Connections(address(left), address(right))
    with tempfile.TemporaryDirectory(prefix="parity-mysql-") as folder:
        job = Job(
            _spec(options),
            connections,
            MemoryCheckpoints(),
            Path(folder),
            SystemClock(),
            mask_key=secrets.token_bytes(32),
        )
        return verify_database(job)


def _spec(options: dict[str, Any]) -> Database:
    from pydantic import ValidationError

    from parity.suite.databases import Database

    tables = tuple(name for name in options["tables"].split(",") if name)
    named: dict[str, dict[str, Any]] = {name: {} for name in tables if not set("*?[") & set(name)}
    throttle = {name: options[name] for name in ("connections", "rows_per_second", "settle", "strategy")}
    try:
        return Database.model_validate(
            {
                "database": "mysql",
                "owner": "terminal",
                "legacy": "left",
                "target": "right",
                "include": tables or ("*",),
                "exclude": options["exclude"],
                "allow_empty": options["allow_empty"],
                "tables": named,
                "throttle": throttle,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from None


def _blank_arguments(*urls: str) -> None:
    """Overwrite the URLs in this process's own argument list, where ``ps`` would show their passwords.

    Linux keeps the arguments in the process's memory; fields 48 and 49 of its stat say where.
    """
    import ctypes

    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])
        shown = ctypes.string_at(start, end - start)
    except (OSError, ValueError, IndexError):
        return
    for url in urls:
        at = shown.find(url.encode())
        if at >= 0:
            ctypes.memset(start + at, ord("x"), len(url.encode()))


def _url(argument: str) -> str:
    """Return the URL of an argument, which ``env:NAME`` and ``file:PATH`` only refer to."""
    kind, _, name = argument.partition(":")
    if kind == "env":
        from parity.settings import environment

        if (url := environment(name)) is None:
            raise BadInput(f"There is no environment variable {name}.")
        return url.strip()
    if kind == "file":
        try:
            return Path(name).read_text().strip()
        except OSError as error:
            raise BadInput(f"{name} cannot be read: {error.strerror}.") from None
    return argument


def show(result: DatabaseResult, to: str) -> None:
    """Print the result as text, or write its JSON to ``to``; the reason of an INVALID one also goes to stderr."""
    text = json.dumps(result.to_json(), indent=2)
    if to == "-":
        click.echo(text)
    else:
        if to:
            Path(to).write_text(text + "\n")
        click.echo("\n".join(map(visible, lines(result))))
    if result.verdict.exit_code == 2:
        click.echo(f"parity: {visible(result.reason)}", err=True)


def lines(result: DatabaseResult) -> list[str]:
    """Return the result in lines for a terminal."""
    shown = [f"{result.verdict}  {result.reason}", ""]
    for table in result.tables:
        rows = table.result.rows
        shown.append(
            f"  {table.result.verdict:8}{table.table:32} {rows.legacy:>12,} rows, {rows.changed:,} changed, "
            f"{rows.missing:,} missing, {rows.extra:,} extra"
        )
    shown += ["", "Schema"] if result.schema else []
    shown += [
        f"  {d.kind} {d.object}: {d.difference}: {d.legacy} → {d.target}{' (not comparable)' if d.unsure else ''}"
        for d in result.schema
    ]
    shown += ["", "Cut-over"] if result.cutover else []
    shown += [f"  {c.status:14}{c.check}: {c.legacy} → {c.target}" for c in result.cutover]
    shown += ["", "Not compared"] if result.not_compared else []
    shown += [f"  {left.what}: {left.why}" for left in result.not_compared]
    return [*shown, "", f"{result.seconds:.1f} s, {result.peak_mib:.0f} MiB"]
