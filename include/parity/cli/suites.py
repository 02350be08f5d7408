"""``parity suites``: check suites before a run does, print their JSON Schema, export them."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.errors import BadInput
from parity.wording import did_you_mean, plural

if TYPE_CHECKING:
    from parity.expectations.gx_project import DataFormat
    from parity.suite.model_loader import LoadedModels
    from parity.suite.models import Suite


ELSEWHERE = {"backtest": "parity.airflow.backtest", "draft": "parity.airflow.draft.command"}
"""Where commands are that read Airflow's connections, so that this room knows them by name only."""


class SuitesGroup(click.Group):
    """Imports the commands that are elsewhere only when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in alphabetical order."""
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, or None when there is no such name."""
        if cmd_name in ELSEWHERE:
            found: click.Command = getattr(importlib.import_module(ELSEWHERE[cmd_name]), cmd_name)
            return found
        return super().get_command(ctx, cmd_name)


@click.group("suites", cls=SuitesGroup)
def command() -> None:
    """Draft a suite, check suites, try them on stored runs, print their JSON Schema, or export them."""


@command.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def check(paths: tuple[Path, ...]) -> None:
    """Check suites and databases in files or folders, and waves.yaml (default: all of the project).

    Prints one line for each, and one per mistake or warning on stderr. Exit status 2 when there is a mistake.
    """
    from parity.settings import settings
    from parity.suite.database_files import holds_databases
    from parity.suite.waves import WAVES_FILE

    def kind(path: Path) -> Callable[[Path], int]:
        if path.name == WAVES_FILE:
            return _waves
        return _databases if path == settings().databases or holds_databases(path) else _report

    wrong = sum([kind(path)(path) for path in _paths_to_check(paths)])
    if wrong:
        raise click.exceptions.Exit(2)


@command.command("schema")
@click.option("--waivers", "kind", flag_value="waivers", help="The schema of waivers.yaml instead.")
@click.option("--databases", "kind", flag_value="databases", help="The schema of a database's file instead.")
@click.option("--waves", "kind", flag_value="waves", help="The schema of waves.yaml instead.")
def schema(kind: str | None) -> None:
    """Print the JSON Schema that editors use."""
    from parity.settings import settings
    from parity.suite.schema import database_schema, suite_schema, waivers_schema, waves_schema
    from parity.suite.suite_files import suite_folder

    own = suite_folder(settings().suites).expectations
    schemas = {"waivers": waivers_schema, "databases": database_schema, "waves": waves_schema}
    click.echo(json.dumps(schemas.get(kind or "", lambda: suite_schema(own))(), indent=1))


@command.command("export")
@click.argument("name", metavar="SUITE")
@click.option("--gx", "folder", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--data", type=click.Choice(["parquet", "csv"]), default="parquet", help="What outputs are kept as.")
def export(name: str, folder: Path, data: DataFormat) -> None:
    """Write SUITE, a name or a file, as a project of Great Expectations.

    What of the suite is not in the project is said on stderr, and in its README.md.
    """
    from parity.expectations.gx_project import export_project
    from parity.suite.suite_files import EXPECTATIONS_FILE

    suite, path = _one(name)
    with warnings.catch_warnings(action="ignore"):  # Great Expectations imports what warns of its own pandas
        exported = export_project(folder, suite, path.with_name(EXPECTATIONS_FILE), data)
    held = (plural(exported.expectations, "expectation"), plural(len(exported.checkpoints), "checkpoint"))
    click.echo(f"{folder}: {', '.join(held)}; see {folder / 'README.md'}")
    for sentence in exported.left_out:
        click.echo(f"not exported: {sentence}", err=True)


def _one(name: str) -> tuple[Suite, Path]:
    """Return the suite of a name or a file, and its file."""
    from parity.settings import settings
    from parity.suite.suite_files import load_suite, load_suites

    if (path := Path(name)).is_file():
        return load_suite(path), path
    loaded = load_suites(settings().suites)
    if name not in loaded.models:
        what = f"{settings().suites} has no valid suite {name!r}."
        raise BadInput(what, remedy=did_you_mean(name, loaded.models))
    return loaded.models[name], loaded.paths[name]


def _paths_to_check(paths: tuple[Path, ...]) -> Iterable[Path]:
    from parity.settings import settings

    here = settings()
    return paths or (here.suites, *(path for path in (here.databases, here.waves_file) if path.exists()))


def _waves(path: Path) -> int:
    """Print the waves of a file and return the number of mistakes."""
    from parity.settings import settings
    from parity.suite.database_files import load_databases
    from parity.suite.suite_files import load_suites
    from parity.suite.waves import load_waves

    suites, databases = load_suites(settings().suites), load_databases(settings().databases)
    waves, errors = load_waves(path, suites.models, databases.models)
    if waves:
        click.echo(f"{path}: {plural(len(waves), 'wave')}: fine")
    for error in errors:
        click.echo(str(error), err=True)
    return len(errors)


def _databases(path: Path) -> int:
    """Print the databases that a file or folder holds and return the number of mistakes."""
    from parity.suite.database_files import load_databases

    loaded = load_databases(path if path.is_dir() else path.parent)
    for name, database in loaded.models.items():
        file = loaded.paths[name]
        if path in (file, file.parent):
            waived = sum(waiver.suite == name for waiver in loaded.waivers)
            click.echo(
                f"{file}: {name}: rules for {plural(len(database.tables), 'table')}, "
                f"{plural(waived, 'waiver')}: fine"
            )
    errors = [error for error in loaded.errors if path in (error.path, error.path.parent)]
    for error in errors:
        click.echo(str(error), err=True)
    return len(errors)


def _report(path: Path) -> int:
    """Print what a file or folder holds and return the number of mistakes."""
    loaded = _load(path)
    for name, suite in loaded.models.items():
        expect = [activity.expect for activity in suite.activities]
        expected = sum(2 * len(one.both) + len(one.legacy) + len(one.target) for one in expect)
        click.echo(
            f"{loaded.paths[name]}: {name}: "
            f"{plural(len(suite.activities), 'activity', 'activities')}, {plural(expected, 'expectation')}, "
            f"{plural(sum(w.suite == name for w in loaded.waivers), 'waiver')}: fine"
        )
        _warn(loaded.paths[name], suite)
    for error in loaded.errors:
        click.echo(str(error), err=True)
    if not loaded.models and not loaded.errors:
        click.echo(f"{path}: no suite here.", err=True)
        return 1
    return len(loaded.errors)


def _warn(path: Path, suite: Suite) -> None:
    """Print what Athena may read otherwise, or refuse to unload, in the legacy queries of a suite."""
    from parity.suite.legacy_query import query_warnings
    from parity.suite.suite_files import legacy_sql

    queries = {activity.legacy.sql: legacy_sql(path, activity) for activity in suite.activities}
    for name, sql in queries.items():
        for warning in query_warnings(sql):
            place = f"{path.parent / 'sql' / name}:{warning.line}"
            click.echo(f"{place}: warning: {warning.what} {warning.remedy}", err=True)


def _load(path: Path) -> LoadedModels[Suite]:
    """Load a folder, or of its folder only what one file holds."""
    from parity.suite.suite_files import load_suites

    if path.is_dir() or not path.exists():
        return load_suites(path)
    loaded = load_suites(path.parent)
    paths = {name: file for name, file in loaded.paths.items() if file == path}
    suites = {name: suite for name, suite in loaded.models.items() if name in paths}
    errors = tuple(error for error in loaded.errors if error.path == path)
    return replace(loaded, models=suites, paths=paths, errors=errors)
