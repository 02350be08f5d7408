"""Watching a run in the terminal: a line per activity, a mark per step."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from parity_sandbox.demo.api import AirflowApi

STEPS = (
    "glue_job",
    "athena_unload",
    "adf_activity",
    "helper_job",
    "compare",
    "great_expectations",
    "record",
)
MARKS: Mapping[str, tuple[str, str]] = {
    "success": ("✓", "green"),
    "failed": ("✗", "red"),
    "upstream_failed": ("·", "red"),
    "skipped": ("–", "dim"),
    "running": ("▸", "cyan"),
    "deferred": ("◔", "cyan"),
    "up_for_retry": ("↻", "yellow"),
    "queued": ("…", "dim"),
    "scheduled": ("…", "dim"),
}
VERDICT_STYLES = {"PASS": "green", "WAIVED": "cyan", "FAIL": "red", "INVALID": "yellow"}


def follow(api: AirflowApi, dag_id: str, run_id: str, console: Console, timeout: float = 900.0) -> str:
    """Draw the run until it has ended and return its state; TimeoutError after ``timeout`` seconds."""
    began = time.monotonic()
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while time.monotonic() - began < timeout:
            state = str(api.run(dag_id, run_id)["state"])
            live.update(progress(api.tasks(dag_id, run_id), time.monotonic() - began))
            if state in ("success", "failed"):
                return state
            time.sleep(1)
    raise TimeoutError(f"{dag_id} {run_id} had not ended after {timeout:.0f} s; open it in Airflow.")


def progress(tasks: Iterable[Mapping[str, Any]], seconds: float) -> Table:
    """Return the table of activities and steps as they stand."""
    states = {str(task["task_id"]): task["state"] for task in tasks}
    activities = sorted({task.split(".")[0] for task in states if "." in task})
    table = Table(title=f"{seconds:4.0f} s", title_justify="left", box=None, pad_edge=False)
    table.add_column("activity")
    for step in STEPS:
        table.add_column(step, justify="center")
    for activity in activities:
        table.add_row(activity, *(_mark(states.get(f"{activity}.{step}")) for step in STEPS))
    for task in ("start_pipeline", "pipeline", "publish", "gate"):
        table.add_row(Text(task, style="dim"), _mark(states.get(task)))
    return table


def _mark(state: str | None) -> Text:
    sign, style = MARKS.get(state or "", (" ", "dim"))
    return Text(sign, style=style)


def results(records: Iterable[Any], expected: Mapping[str, str]) -> Table:
    """Return the table of verdicts; ``expected`` is what the demo's data was made to deserve."""
    table = Table(title="parity__payments", title_justify="left")
    for name in ("activity", "verdict", "legacy rows", "different", "causes", "seconds", "as made"):
        table.add_column(name, justify="right" if name in ("legacy rows", "different", "seconds") else "left")
    for record in records:
        name, verdict = record.key.activity, str(record.verdict)
        right = expected.get(name) == verdict
        table.add_row(
            name,
            Text(verdict, style=VERDICT_STYLES[verdict]),
            f"{record.rows.legacy:,}",
            f"{record.rows.different:,}",
            _causes(record),
            f"{record.seconds:.1f}",
            Text("yes", style="green") if right else Text(f"no, {expected.get(name)}", style="red"),
        )
    return table


def _causes(record: Any) -> str:
    if record.first_broken:
        return textwrap.shorten(record.first_broken, 180, placeholder=" …")
    causes = [
        f"{column.name}: {cause.cause} ×{cause.rows:,}" for column in record.columns for cause in column.causes
    ]
    return "\n".join(causes[:4])
