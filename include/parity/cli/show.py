"""``parity show``: one run, with everything that is recorded of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from parity.cli.columns import aligned, coloured, terminal_width, wrapped
from parity.cli.runs import RUNNING, SEEDED, run_json
from parity.compare.result import Verdict
from parity.wording import plural

if TYPE_CHECKING:
    from parity.compare.result import Rows
    from parity.history.records import ActivityRecord, RunDetail


@click.command("show")
@click.argument("run")
@click.option("--suite", help="The suite, when several have a run of this id.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(run: str, suite: str | None, as_json: bool) -> None:
    """Show one run, given its number or its run id.

    Exit status: 0 when it was green, 1 FAIL, 2 INVALID, unknown or still running.
    """
    from parity.history.store import open_store
    from parity.settings import settings

    detail = open_store(settings().results_store).run(run, suite)
    if as_json:
        click.echo(json.dumps(detail_json(detail), indent=1))
    else:
        _print(detail)
    if detail.run.verdict is None:
        click.echo("The run has not ended, so it has no verdict yet.", err=True)
    raise click.exceptions.Exit((detail.run.verdict or Verdict.INVALID).exit_code)


def detail_json(detail: RunDetail) -> dict[str, Any]:
    """Return a run and its activities as JSON; sums of money are text."""
    return {**run_json(detail.run), "activities": [_activity_json(a) for a in detail.activities]}


def _activity_json(activity: ActivityRecord) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(activity), default=str))
    key = plain.pop("key")
    return {"activity": key["activity"], "attempt": key["attempt"], **plain}


def _print(detail: RunDetail) -> None:
    run, width = detail.run, terminal_width()
    mark = SEEDED if run.seeded else ""
    click.echo(coloured(f"{run.verdict or RUNNING} · {run.suite} · {run.business_date}{mark}"))
    for label, value in (("run", f"{run.id} {run.run_id}"), ("why", run.reason), ("where", run.url)):
        if value:
            click.echo(wrapped(f"{label}: {value}", "  ", width))
    click.echo()
    rows = [(activity.verdict, activity.key.activity, _counts(activity.rows)) for activity in detail.activities]
    for line in aligned(rows, width) if rows else ["No activity is recorded."]:
        click.echo(coloured(line))
    for activity in detail.activities:
        if lines := _details(activity):
            click.echo(f"\n{click.style(activity.key.activity, bold=True)}")
            click.echo("\n".join(wrapped(line, "  ", width) for line in lines))


def _counts(rows: Rows) -> str:
    same = rows.legacy == rows.target
    sides = plural(rows.legacy, "row") if same else f"{rows.legacy:,} legacy and {rows.target:,} target rows"
    parts = {"changed": rows.changed, "missing": rows.missing, "extra": rows.extra}
    return ", ".join([sides, *(f"{count:,} {what}" for what, count in parts.items() if count)])


def _details(activity: ActivityRecord) -> list[str]:
    from parity.flow.suite_run.files import page_of
    from parity.settings import settings

    why = "" if activity.verdict.green else activity.first_broken or activity.reason
    lines = [f"why: {why}"] if why else []
    if activity.control_totals:
        lines.append(f"control totals: {activity.control_totals.line}")
    lines += [*_columns(activity), *_findings(activity), *_remote_runs(activity), *_cost(activity)]
    if activity.report:
        lines.append(f"report: {settings().artefact_link(page_of(activity.report))}")
    return lines


def _columns(activity: ActivityRecord) -> list[str]:
    lines = []
    for column in activity.columns:
        causes = ", ".join(f"{cause.cause} {cause.rows:,}" for cause in column.causes)
        money = ", ".join(f"{m.absolute:f} {m.currency} (net {m.net:+f})" for m in column.money)
        parts = "; ".join(part for part in (causes, money) if part)
        lines.append(f"column {column.name}: {column.different:,} of {column.compared:,} differ: {parts}")
    return lines


def _findings(activity: ActivityRecord) -> list[str]:
    return [
        f"{finding.outcome}: {finding.expectation} on {finding.subject} ({finding.side}, {finding.severity})."
        f" {finding.message}"
        for finding in activity.findings
        if finding.outcome != "pass"
    ]


def _remote_runs(activity: ActivityRecord) -> list[str]:
    lines = [(run.kind, run.run_id, run.state, run.url, run.error) for run in activity.remote_runs]
    return ["  ".join(part for part in parts if part) for parts in lines]


def _cost(activity: ActivityRecord) -> list[str]:
    if not activity.bytes_scanned:
        return []
    return [f"Athena scanned {activity.bytes_scanned:,} bytes, ${activity.cost_usd:f}"]
