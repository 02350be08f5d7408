"""``make deploy-test``: builds and runs the containers, and checks what people rely on. Heavy; root on Debian.

``PART=one_machine`` or ``PART=machines`` runs one of its two parts.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import httpx
from rich.console import Console
from rich.table import Column, Table

from deployment import images, machines, one_machine
from deployment.containers import Check, Containers
from deployment.engine import Docker, engine
from truth.engines import Unavailable

PARTS: dict[str, ModuleType] = {"one_machine": one_machine, "machines": machines}
NEEDED = 2


def main() -> int:
    """Return 0 when every check holds, or when there is no engine to be had, which is said; else 1."""
    console = Console()
    table = Table("Check", "", Column("Seconds", justify="right"), box=None)
    if os.geteuid():
        console.print("[yellow]SKIPPED: it needs root[/yellow]")
        return 0
    try:
        with engine() as docker:
            images.provide(docker)
            failed = [name for name in sys.argv[1:] or PARTS if not _part(docker, PARTS[name], console, table)]
    except Unavailable as unavailable:
        console.print(f"[yellow]SKIPPED: {unavailable}[/yellow]")
        return 0
    console.print(table)
    return 1 if failed else 0


def _part(docker: Docker, part: ModuleType, console: Console, table: Table) -> bool:
    home = Path(tempfile.mkdtemp(prefix="parity-deploy-"))
    try:
        with part.opened(docker, home) as here:
            # Without what the first ones make there is nothing to look at.
            held = [_holds(check, here, console, table) for check in part.CHECKS[:NEEDED]]
            if all(held):
                held += [_holds(check, here, console, table) for check in part.CHECKS[NEEDED:]]
            return all(held)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _holds(check: Check, here: Containers, console: Console, table: Table) -> bool:
    name = (check.__doc__ or "").strip()
    console.print(f"[dim]· {check.__name__}[/dim]")
    started, why = time.monotonic(), ""
    try:
        check(here)
    except (AssertionError, httpx.HTTPError) as error:
        why = str(error) or "it does not hold"
        console.print(why, markup=False, soft_wrap=True)
    table.add_row(name, "[red]no[/red]" if why else "yes", f"{time.monotonic() - started:.0f}")
    return not why


if __name__ == "__main__":
    sys.exit(main())
