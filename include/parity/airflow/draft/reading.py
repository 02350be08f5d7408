"""Reads what the clouds know of a pipeline's activities: names first, then samples of both tables.

What cannot be read of one activity becomes part of its reason, and hides nothing of another one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from uuid import uuid4

from parity.airflow.draft.clouds import Clouds
from parity.clients.adf import ActivityDefinition
from parity.clients.athena_sql import bind
from parity.clients.glue_catalogue import GlueJob, GlueTable, glue_jobs, glue_tables, partition_values
from parity.draft.activity import ActivityFacts, target_condition
from parity.draft.columns import map_columns
from parity.draft.dates import ATHENA, SPARK, condition
from parity.draft.declared import read_description, read_statement
from parity.draft.facts import Certainty, ColumnFacts, Guess, TableFacts
from parity.draft.keys import sets_to_count
from parity.draft.pairing import glue_job, legacy_table, target_tables
from parity.draft.queries import countable, legacy_query, profile_query, read_profile, read_sets, sets_query
from parity.errors import BadInput, NotFound, ParityError, RemoteFailed
from parity.suite.models import TargetSource
from parity.wording import did_you_mean

AT_ONCE = 8
"""Activities that are read beside each other; the helper job must allow as many runs."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
SOURCE = "parity_source"
"""What the helper job calls the rows."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Found:
    """What was read of a pipeline."""

    activities: tuple[ActivityFacts, ...]
    left_out: Mapping[str, str]
    """Activity → why it is not drafted."""


@dataclass(frozen=True)
class Reader:
    """Reads activities of one pipeline."""

    clouds: Clouds
    schema: str
    """Of target tables that nothing else names; empty: none."""
    jobs: Mapping[str, GlueJob]
    tables: Mapping[str, GlueTable]

    def activity(self, found: ActivityDefinition) -> ActivityFacts:
        """Return what the clouds know of one activity."""
        job = glue_job(found.name, self.jobs)
        given = self.jobs[job.value].arguments if job.value else {}
        legacy_name = legacy_table(found.name, job.value, self.tables, [found.arguments, given])
        legacy_name, legacy = self._legacy(legacy_name)
        target_name, target = self._target(found, legacy_name.value)
        if legacy and target:
            target_name, target = self._target_sample(found.name, legacy, target, target_name, found.mapping)
            legacy, target = self._sets(found, legacy, target)
        return ActivityFacts(found.name, job, legacy_name, target_name, legacy, target, found.mapping)

    def _legacy(self, name: Guess[str]) -> tuple[Guess[str], TableFacts | None]:
        """Return the legacy table with a sample of it; why there is none, in the reason."""
        if not name.value:
            return name, None
        glue = self.tables[name.value]
        columns = tuple(ColumnFacts(*one) for one in zip(glue.columns, glue.types, strict=True))
        table = TableFacts(glue.name, columns, glue.partitions)
        try:
            values = partition_values(self.clouds.aws, self.clouds.database, glue.name) if glue.partitions else ()
            table = replace(table, examples=dict(zip(glue.partitions, values, strict=False)))
            sql = profile_query(columns, ATHENA.dialect, self._rows(table))
            return name, read_profile(table, columns, self._athena(sql)[0])
        except ParityError as error:
            return _doubted(name, error), table

    def _rows(self, table: TableFacts) -> str:
        return f"(\n{legacy_query(table, ATHENA.dialect, condition(table, ATHENA).value)}) AS stored"

    def _athena(self, sql: str) -> list[dict[str, str]]:
        query = bind(sql, {"business_date": self.clouds.day})
        return self.clouds.athena.rows(query, f"draft-{uuid4().hex}")

    def _target(self, found: ActivityDefinition, legacy: str) -> tuple[Guess[str], TableFacts | None]:
        """Return the first table that is there, of those that the activity may write."""
        refused = []
        for name in target_tables(found.arguments, self.schema, legacy):
            try:
                return name, self._described(found.name, name.value)
            except (BadInput, NotFound):
                raise
            except ParityError as error:
                refused.append(f"{name.value}: {error.message}")
        why = "; ".join(refused) or "nothing names it: give --schema, or write its name"
        return Guess("", Certainty.UNKNOWN, why), None

    def _described(self, activity: str, table: str) -> TableFacts:
        """Return a target table as it is declared; where Spark prints no statement, as it is described."""
        source = TargetSource(table=table, where="1 = 0")
        quoted = ".".join(SPARK.dialect.quote(part) for part in table.split("."))
        try:
            answer = self.clouds.helper.ask(activity, source, f"SHOW CREATE TABLE {quoted}")
            declared = read_statement(str(next(iter(answer.rows[0].values()))))
        except RemoteFailed:  # such as Delta's own: "SHOW CREATE TABLE is not supported for Delta tables"
            answer = self.clouds.helper.ask(activity, source, f"DESCRIBE TABLE EXTENDED {quoted}")
            declared = read_description([(str(row["col_name"]), str(row["data_type"])) for row in answer.rows])
        columns = tuple(
            ColumnFacts(one.name, one.type, required=one.name in declared.required) for one in answer.columns
        )
        return TableFacts(table, columns, declared.partitions, key=declared.key)

    def _target_sample(
        self, activity: str, legacy: TableFacts, target: TableFacts, name: Guess[str], mapping: Mapping[str, str]
    ) -> tuple[Guess[str], TableFacts]:
        source = self._target_source(legacy, target, mapping)
        try:
            answer = self.clouds.helper.ask(
                activity, source, profile_query(target.columns, SPARK.dialect, f"{SOURCE} AS stored")
            )
        except ParityError as error:
            return _doubted(name, error), target
        return name, read_profile(target, target.columns, answer.rows[0])

    def _target_source(self, legacy: TableFacts, target: TableFacts, mapping: Mapping[str, str]) -> TargetSource:
        where = target_condition(legacy, target, map_columns(legacy, target, mapping)).value
        return TargetSource(table=target.name, where=where or None)

    def _sets(
        self, found: ActivityDefinition, legacy: TableFacts, target: TableFacts
    ) -> tuple[TableFacts, TableFacts]:
        """Count the combinations of columns that may be a key: first on the legacy side, then the likely ones."""
        mapped = map_columns(legacy, target, found.mapping)
        to_legacy = {pair.target.name: pair.legacy.name for pair in mapped.pairs}
        declared = tuple(to_legacy.get(name, "") for name in target.key)
        possible = dict.fromkeys([*([declared] if len(declared) > 1 else []), *sets_to_count(legacy, mapped)])
        wanted = [names for names in possible if countable(legacy, names)]
        if not wanted or not (legacy.sampled and target.sampled):
            return legacy, target
        [answer] = self._athena(sets_query(legacy, wanted, ATHENA.dialect, self._rows(legacy)))
        legacy = read_sets(legacy, wanted, answer)
        few = [names for names in wanted if (legacy.repeats(names) or 0) * 20 <= (legacy.rows or 0)]
        asked = [tuple(mapped.to_target[name] for name in names) for names in few]
        asked = [names for names in asked if countable(target, names)]
        if asked:
            source = self._target_source(legacy, target, found.mapping)
            sql = sets_query(target, asked, SPARK.dialect, SOURCE)
            target = read_sets(target, asked, self.clouds.helper.ask(found.name, source, sql).rows[0])
        return legacy, target


def read_pipeline(
    clouds: Clouds, pipeline: str, schema: str, names: Sequence[str] = (), progress: Progress | None = None
) -> Found:
    """Return what the clouds know of a pipeline's activities, or of those called ``names``."""
    definition = clouds.factory.pipeline(pipeline)
    for name in names:
        if name not in definition.by_name:
            what = f"Pipeline {pipeline!r} has no activity {name!r}."
            raise NotFound(what, remedy=did_you_mean(name, definition.by_name))
    reader = Reader(clouds, schema, glue_jobs(clouds.aws), glue_tables(clouds.aws, clouds.database))
    wanted = [one for one in definition.activities if one.name in names or not names]
    left_out = {one.name: why for one in wanted if (why := _unfit(one, reader.tables))}
    chosen = [one for one in wanted if one.name not in left_out]
    return Found(tuple(_alone(_read(reader, chosen, progress))), left_out)


def _unfit(found: ActivityDefinition, tables: Collection[str]) -> str:
    """Return why an activity is not drafted, or nothing."""
    if found.work is None and found.kind != "Copy":
        return f"{found.kind} writes no table"
    if found.inactive:
        return "it is switched off"
    if not NAME.fullmatch(found.name):
        return "a suite's activity has a name of letters, digits and underscores"
    known = found.work or found.mapping or legacy_table(found.name, "", tables, [found.arguments]).value
    return "" if known else "a Copy that no table's name is like"


def _read(reader: Reader, chosen: Sequence[ActivityDefinition], progress: Progress | None) -> list[ActivityFacts]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        calls = [pool.submit(reader.activity, one) for one in chosen]
        try:
            for done, _ in enumerate(as_completed(calls), 1):
                if progress:
                    progress(done, len(calls))
            return [call.result() for call in calls]
        except BaseException:
            reader.clouds.helper.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _alone(found: Sequence[ActivityFacts]) -> Iterator[ActivityFacts]:
    """Yield activities; of several with one table, a person has to say whose it is."""
    uses = Counter((side, name) for one in found for side, name in _names(one) if name)
    for one in found:
        shared = {side: uses[side, name] > 1 for side, name in _names(one)}
        yield replace(
            one,
            legacy_table=_shared(one.legacy_table) if shared["legacy"] else one.legacy_table,
            target_table=_shared(one.target_table) if shared["target"] else one.target_table,
        )


def _names(one: ActivityFacts) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("legacy", one.legacy_table.value), ("target", one.target_table.value)


def _shared(name: Guess[str]) -> Guess[str]:
    return Guess(name.value, Certainty.UNKNOWN, f"{name.why}; another activity has the same table")


def _doubted(name: Guess[str], error: ParityError) -> Guess[str]:
    return Guess(name.value, Certainty.UNKNOWN, f"{name.why}; no sample: {error.message}")
