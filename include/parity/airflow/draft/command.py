"""``parity suites draft``: from what the clouds know of a pipeline to a suite that a person completes.

It stands here and not among the other commands because it reads Airflow's connections; ``parity.cli`` knows it by
name only.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from parity.errors import BadInput
from parity.wording import plural, visible

if TYPE_CHECKING:
    from parity.airflow.draft.reading import Found, Progress
    from parity.draft.activity import ActivityDraft, Line


@click.command("draft")
@click.argument("pipeline")
@click.option("--database", default="", metavar="NAME", help="Glue database of the legacy tables.")
@click.option("--schema", default="", metavar="NAME", help="Schema of target tables that nothing else names.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Business date to sample; else yesterday.")
@click.option("--suite", default="", metavar="NAME", help="Name of the suite; else the pipeline's.")
@click.option("--activity", "names", multiple=True, metavar="NAME", help="This activity alone; may be repeated.")
@click.option("--owner", default="", help="Whom to ask about the suite.")
@click.option("--wave", default=1, show_default=True, help="Migration phase.")
@click.option("--helper-job", default="parity-helper", show_default=True, help="Name or id of the helper job.")
@click.option("--workgroup", default="primary", show_default=True, help="Athena workgroup.")
@click.option(
    "--connection", "connections", multiple=True, metavar="KIND=ID", help="aws, adf, databricks, storage."
)
def draft(pipeline: str, names: tuple[str, ...], day: datetime | None, schema: str, **options: Any) -> None:
    """Draft a suite for PIPELINE of Data Factory, or add to the draft that is there.

    Reads the pipeline, Glue's jobs and catalogue, and samples of one business date: the legacy side by Athena, the
    target by the helper job, counts and sums of hashes alone. What is not certain has a TODO, which suites check
    refuses. Values that people wrote stay. Exit status 0: written, 2: could not be drafted.
    """
    from pydantic import ValidationError

    from parity.airflow.connections.lookup import quiet, stored_connection
    from parity.airflow.draft.clouds import open_clouds
    from parity.airflow.draft.reading import read_pipeline
    from parity.draft.activity import draft_activity
    from parity.settings import settings
    from parity.suite.models import Aws, Azure

    now, suite = settings(), options["suite"] or pipeline.replace("-", "_").replace(" ", "_")
    path = now.suites / f"{suite}.yaml"
    head = _head(path, suite, pipeline, options)
    sampled = day.date() if day else datetime.now(UTC).date() - timedelta(days=1)
    try:
        azure, aws = Azure.model_validate(head["azure"].value), Aws.model_validate(head["aws"].value)
    except ValidationError:
        raise BadInput(f"{path}: azure or aws is wrong.", remedy="See parity suites check.") from None
    with quiet(), TemporaryDirectory() as scratch:
        clouds = open_clouds(azure, aws, sampled, now, Path(scratch), stored_connection)
        found = read_pipeline(clouds, azure.pipeline, schema, names, _progress())
    drafts = [draft_activity(one, f"{suite}/") for one in found.activities]
    _write(path, head, drafts)
    _say(path, found, sampled)


def _head(path: Path, suite: str, pipeline: str, options: Mapping[str, Any]) -> dict[str, Line]:
    """Return everything of a suite but its activities: as its file has it, or from the options."""
    from parity.draft.activity import Line
    from parity.suite.yaml_source import read_yaml

    if path.exists():
        written = read_yaml(path).data
        if not isinstance(written, dict) or not {"azure", "aws", "activities"} <= written.keys():
            raise BadInput(f"{path} is no suite.", remedy="Move it away, or name another suite (--suite).")
        return {name: Line(value) for name, value in written.items()}
    if not options["database"]:
        raise BadInput("Which Glue database has the legacy tables?", remedy="Give --database NAME.")
    given = _connections(options["connections"])
    azure = {"pipeline": pipeline, "helper_job": options["helper_job"]}
    azure |= {f"{kind}_connection": given[kind] for kind in ("adf", "databricks", "storage") if kind in given}
    aws = {"database": options["database"], "workgroup": options["workgroup"]}
    aws |= {"connection": given["aws"]} if "aws" in given else {}
    owner = options["owner"]
    asked = Line(owner) if owner else Line("unknown", "TODO unknown: whom to ask about this suite")
    return {
        "suite": Line(suite),
        "owner": asked,
        "wave": Line(options["wave"]),
        "azure": Line(azure),
        "aws": Line(aws),
    }


def _connections(given: tuple[str, ...]) -> dict[str, str]:
    found = dict(one.partition("=")[::2] for one in given)
    if unknown := set(found) - {"aws", "adf", "databricks", "storage"}:
        raise BadInput(
            f"There is no kind of connection {min(unknown)!r}.", remedy="Write such as aws=aws_default."
        )
    return found


def _write(path: Path, head: Mapping[str, Line], drafts: list[ActivityDraft]) -> None:
    """Write the queries that are not there yet, and the suite, last."""
    from parity.draft.document import dump, load, suite_document
    from parity.draft.merge import merge

    if path.exists():
        document = load(path)
        merge(document, drafts)
    else:
        document = suite_document(head, drafts)
    for one in drafts:
        file = path.parent / "sql" / str(one.parts["legacy"].value["sql"])
        if one.sql and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(one.sql, encoding="utf-8")
    part = path.with_suffix(".part")
    part.write_text(dump(document), encoding="utf-8")
    part.replace(path)


def _say(path: Path, found: Found, day: date) -> None:
    from parity.draft.document import load
    from parity.draft.merge import todos

    document = load(path)
    for name, why in found.left_out.items():
        click.echo(visible(f"left out: {name}: {why}."), err=True)
    open_ones = list(todos(document))
    click.echo(
        f"{path}: {plural(len(document['activities']), 'activity', 'activities')}, sampled on {day}; "
        f"{plural(len(open_ones), 'decision')} left to you (parity suites check lists them)."
    )


def _progress() -> Progress | None:
    """Return what shows on a terminal how many activities are read, or None in a pipe."""
    if not sys.stderr.isatty():
        return None
    return lambda done, of: click.echo(f"\r{done} of {of} activities", nl=done == of, err=True)
