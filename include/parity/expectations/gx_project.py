"""A suite's expectations as a project of Great Expectations, for people who open it in their own tools.

Each output of each activity gets an expectation suite and a validation definition over a file that people put
into ``data/``; a checkpoint runs those of one activity, another one all. Great Expectations reads the files with
pandas; what it lacks there is carried along as plugins. Columns of the legacy side are named as Athena names them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from parity.errors import BadInput
from parity.expectations.classes import ExpectationClasses
from parity.expectations.findings import Side
from parity.expectations.specs import UNEXPECTED_ROWS, ExpectationSpec, specs_of
from parity.suite.catalogue import catalogue
from parity.suite.models import Activity, Suite

DataFormat = Literal["parquet", "csv"]
FORMATS: tuple[str, ...] = get_args(DataFormat)
SIDES: tuple[Side, ...] = ("legacy", "target")
README = "README.md"
_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")
_METRICS = Path(__file__).with_name("pandas_metrics.py")
_BOOLEAN: dict[str, Any] = {"result_format": "BOOLEAN_ONLY"}
_COUNTS: dict[str, Any] = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
_VALUES: dict[str, Any] = {"result_format": "SUMMARY"}
_DETAILS = (_VALUES, _COUNTS, _BOOLEAN)
"""What results may hold, from values of rows to none: an index into it is a degree of secrecy."""


@dataclass(frozen=True)
class Exported:
    """What a project holds, and what of the suite it does not."""

    expectations: int
    checkpoints: tuple[str, ...]
    left_out: tuple[str, ...]
    """One sentence each."""


@dataclass(frozen=True)
class _Output:
    """One output of one activity, as Great Expectations is to know it."""

    activity: str
    side: Side
    expectations: tuple[Any, ...]
    secrecy: int


def export_project(folder: Path, suite: Suite, own: Path, data_format: DataFormat = "parquet") -> Exported:
    """Write a project into ``folder``; ``own`` is the file with the suite's own classes, which need not exist.

    Raises :class:`BadInput` when there is a project already, when nothing is expected, or when a class refuses its
    arguments.
    """
    if (folder / "gx").exists():
        what = f"{folder / 'gx'} exists, and may have been edited since it was written."
        raise BadInput(what, remedy="Remove it, or export into another folder; data/ may stay.")
    outputs = list(_outputs(suite, ExpectationClasses(own)))
    if not outputs:
        raise BadInput(
            f"Suite {suite.suite} expects nothing of its outputs.", remedy="See expect: in docs/suite.md."
        )
    context = _new_project(folder.resolve(), suite.suite, own)
    checkpoints = tuple(_add_checkpoints(context, folder.resolve(), suite.suite, outputs, data_format))
    exported = Exported(
        sum(len(output.expectations) for output in outputs), checkpoints, tuple(_left_out(suite, outputs))
    )
    (folder / README).write_text(_readme(suite, exported, data_format), encoding="utf-8")
    return exported


def _outputs(suite: Suite, classes: ExpectationClasses) -> Iterator[_Output]:
    for activity in suite.activities:
        sensitive = frozenset(name.lower() for name, rule in activity.columns.items() if rule.sensitive)
        for side in SIDES:
            if specs := specs_of(activity, side):
                made = tuple(_expectation(activity, side, spec, classes) for spec in specs)
                secrecy = max(_secrecy(spec, one, sensitive) for spec, one in zip(specs, made, strict=True))
                yield _Output(activity.name, side, made, secrecy)


def _expectation(activity: Activity, side: Side, spec: ExpectationSpec, classes: ExpectationClasses) -> Any:
    given = {**spec.arguments, "severity": spec.severity.value}
    try:
        made = classes.find(spec.name)(**given)
        if side == "legacy" and (renamed := _legacy_names(activity, made)):
            return type(made)(**{**given, **renamed})
    except BadInput:
        raise
    except Exception as error:
        what = f"Activity {activity.name}: {spec.name} refuses its arguments: {error}"
        raise BadInput(" ".join(what.split())) from error
    return made


def _legacy_names(activity: Activity, made: Any) -> dict[str, Any]:
    """Return the arguments that name columns, with the names of the legacy side: Athena's are in lower case."""
    renamed = {name: (rule.legacy or name).lower() for name, rule in activity.columns.items()}

    def legacy(name: str) -> str:
        return renamed.get(name, name.lower())

    found = {key: value for key in _COLUMNS if (value := getattr(made, key, None))}
    names: dict[str, Any] = {
        key: legacy(value) if isinstance(value, str) else [legacy(one) for one in value]
        for key, value in found.items()
    }
    if query := getattr(made, "unexpected_rows_query", None):
        names["unexpected_rows_query"] = query.replace("{batch}", _under_suite_names(activity))
    return names


def _under_suite_names(activity: Activity) -> str:
    """Return what a query reads: the legacy output under the names that the suite uses."""
    renames = {rule.legacy: name for name, rule in activity.columns.items() if rule.legacy}
    if not renames:
        return "{batch}"
    gone = ", ".join(sorted(f"'{name.lower()}'" for name in {*renames, *renames.values()}))
    new = ", ".join(f'"{old}" AS "{name}"' for old, name in renames.items())
    return f"(SELECT COLUMNS(lambda name: lower(name) NOT IN ({gone})), {new} FROM {{batch}})"


def _secrecy(spec: ExpectationSpec, made: Any, sensitive: frozenset[str]) -> int:
    """Return how little a result may hold: what is observed in a sensitive column may be one of its values."""
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    if not spec.touches(sensitive):
        return 0
    counted = isinstance(made, ColumnMapExpectation | ColumnPairMapExpectation | MulticolumnMapExpectation)
    return 1 if spec.name == UNEXPECTED_ROWS or (counted and spec.name in catalogue()) else 2


def _new_project(folder: Path, suite: str, own: Path) -> Any:
    """Make an empty project whose plugins are imported when it is opened."""
    import great_expectations as gx

    context = gx.get_context(mode="file", project_root_dir=folder)
    context.enable_analytics(False)
    plugins = folder / "gx" / "plugins"
    shutil.copy(_METRICS, plugins / _METRICS.name)
    imports = [_METRICS.stem]
    if own.exists():
        imports.append(f"{suite}_expectations")
        shutil.copy(own, plugins / f"{imports[-1]}.py")
    entry = f"{suite}_plugins"
    (plugins / f"{entry}.py").write_text(_ENTRY.format(imports="\n".join(f"import {name}" for name in imports)))
    context.variables.stores = {
        name: {**store, "module_name": entry} if name == "expectations_store" else store
        for name, store in context.variables.stores.items()
    }
    context.variables.save()
    return context


def _add_checkpoints(
    context: Any, folder: Path, suite: str, outputs: Sequence[_Output], data_format: DataFormat
) -> Iterator[str]:
    """Add all, and yield the names of the checkpoints: the suite's, then one for each activity."""
    added: dict[str, list[Any]] = {}
    for side in SIDES:
        source = _add_source(context, folder, side)
        for output in (one for one in outputs if one.side == side):
            definition = _add_validation(context, source, suite, output, data_format)
            added.setdefault(output.activity, []).append(definition)
    every = [definition for definitions in added.values() for definition in definitions]
    yield _add_checkpoint(context, suite, every, max(output.secrecy for output in outputs))
    for activity, definitions in added.items():
        secrecy = max(output.secrecy for output in outputs if output.activity == activity)
        yield _add_checkpoint(context, f"{suite}.{activity}", definitions, secrecy)


def _add_source(context: Any, folder: Path, side: Side) -> Any:
    data = folder / "data" / side
    data.mkdir(parents=True, exist_ok=True)
    (data / ".gitkeep").touch()  # an empty folder is refused
    return context.data_sources.add_pandas_filesystem(side, base_directory=data)


def _add_validation(context: Any, source: Any, suite: str, output: _Output, data_format: DataFormat) -> Any:
    import great_expectations as gx

    name = f"{suite}.{output.activity}.{output.side}"
    expected = context.suites.add(gx.ExpectationSuite(name, expectations=list(output.expectations)))
    asset = getattr(source, f"add_{data_format}_asset")(output.activity)
    with _present(source.base_directory / f"{output.activity}.{data_format}"):
        # What it calls a path is a regular expression.
        batch = asset.add_batch_definition_path("whole", path=rf"{output.activity}\.{data_format}")
    return context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=expected))


@contextmanager
def _present(file: Path) -> Iterator[None]:
    """Let there be a file for a while: what is not there cannot be named."""
    absent = not file.exists()
    if absent:
        file.touch()
    yield
    if absent:
        file.unlink()


def _add_checkpoint(context: Any, name: str, definitions: Sequence[Any], secrecy: int) -> str:
    import great_expectations as gx
    from great_expectations.checkpoint import UpdateDataDocsAction

    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=list(definitions),
        actions=[UpdateDataDocsAction(name="update_data_docs")],
        result_format=_DETAILS[secrecy],
    )
    return str(context.checkpoints.add(checkpoint).name)


def _left_out(suite: Suite, outputs: Sequence[_Output]) -> Iterator[str]:
    yield (
        "What the comparison of both outputs found (ExpectComparisonToBeGreen, ExpectNoChangedRows,"
        " ExpectColumnToMatchLegacy and the like) is judged by Parity alone: it needs both outputs at once."
    )
    checked = {output.activity for output in outputs}
    if silent := [activity.name for activity in suite.activities if activity.name not in checked]:
        yield f"Nothing is expected of the outputs of {', '.join(silent)}, so nothing here checks them."


def _readme(suite: Suite, exported: Exported, data_format: DataFormat) -> str:
    return _README.format(
        suite=suite.suite,
        count=exported.expectations,
        format=data_format,
        activity=suite.activities[0].name,
        checkpoints="\n".join(f"- `{name}`" for name in exported.checkpoints),
        left_out="\n".join(f"- {sentence}" for sentence in exported.left_out),
    )


_ENTRY = '''"""Imported when this project is opened, since its suites need what these register."""

{imports}
from great_expectations.data_context.store import ExpectationsStore

__all__ = ["ExpectationsStore"]
'''

_README = """# Suite {suite}, as a project of Great Expectations

{count} expectations. Put the outputs of one business date into `data/legacy/` and `data/target/`: one `{format}`
file for each activity, such as `data/legacy/{activity}.{format}` (or, of Parquet, a folder of that name with files
inside). Then:

```python
import great_expectations as gx

context = gx.get_context(mode="file", project_root_dir=".")
result = context.checkpoints.get("{suite}").run()
print(result.success)
context.open_data_docs()
```

A file that is missing stops the checkpoint with `No available batches found`. Checkpoints, the first one of all
activities:

{checkpoints}

It needs `great_expectations` 1.24 or later, pandas with pyarrow, and for queries of your own DuckDB 1.3 or later;
not Parity. `gx/plugins` is imported when the project is opened. The folders of data are named by their full path
in `gx/great_expectations.yml`: change both after moving the project.

## What is otherwise than in Parity

{left_out}
- Great Expectations calls a checkpoint unsuccessful when any expectation failed, whatever its severity; a warning
  does not fail a run of Parity. Each result has its `severity`.
- pandas reads the files: NaN counts as null, patterns are Python's, names of columns are exact. The legacy side
  has the names that Athena gives it: in lower case, and those before a rename.
- A checkpoint that checks a sensitive column keeps counts, or only yes and no; the text of an error may still
  quote a value. `result_format` of the checkpoint says which.
"""
