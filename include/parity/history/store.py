"""The results store: one door to SQLite, PostgreSQL or MySQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from parity.errors import BadInput
from parity.history import tables
from parity.history.migrate import HEAD, migrate, revision
from parity.history.records import ActivityRecord, RunDetail, RunRecord
from parity.history.rows import activity_record, parts, result_values, run_record, run_values

Answer = TypeVar("Answer")
Item = TypeVar("Item")
Rows = Sequence[Mapping[str, Any]]
Decide = Callable[[Rows], tuple[Rows, Rows]]
"""From the rows of a suite's alerts to the states and outbox entries to write."""
RUN_KEY = ("suite", "run_id", "business_date")
RESULT_KEY = ("suite", "activity", "business_date", "run_id", "attempt")
BUSY_SECONDS = 60


def open_store(url: str) -> Store:
    """Open the store at a SQLAlchemy ``url`` and bring its tables up to date, safely when many do."""
    try:
        engine = _engine(sa.make_url(url))
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise BadInput(
            f"The results store cannot be opened: {error}.", remedy="Look at PARITY_STORE_URL, and its driver."
        ) from error
    migrate(engine)
    return Store(engine)


def open_store_to_read(url: str) -> Store:
    """Open the store at ``url`` and change nothing; BadInput unless its tables are those of this version."""
    if (found := store_revision(url)) != HEAD:
        what = (
            f"The results store has {f'revision {found}' if found else 'no tables yet'}; this Parity reads {HEAD}."
        )
        raise BadInput(what, remedy="A run brings an older one up to date. Look at PARITY_STORE_URL.")
    return Store(_engine(sa.make_url(url)))


def store_revision(url: str) -> str | None:
    """Return the revision of a store's tables without changing it; None when it has none yet."""
    try:
        where = sa.make_url(url)
        if where.get_backend_name() == "sqlite" and not Path(where.database or "").exists():
            return None
        return revision(_engine(where))
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        why = str(error).splitlines()[0]
        remedy = "Look at PARITY_STORE_URL, its driver and its server."
        raise BadInput(f"The results store cannot be read: {why}.", remedy=remedy) from error


class Store:
    """The results of all runs. Every write may be repeated."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def record_run(self, run: RunRecord) -> int:
        """Write a run, keyed by (suite, run_id, business_date), and return its short number."""
        return self._write(lambda connection: _upsert(connection, tables.runs, RUN_KEY, run_values(run)))

    def record_activity(self, record: ActivityRecord) -> None:
        """Write one activity's result; the same key again replaces it."""
        self.record_activities([record])

    def record_activities(self, records: Iterable[ActivityRecord]) -> None:
        """Write the results of many activities, some hundred in one transaction."""
        latest = {record.key: record for record in records}
        for some in _chunks(list(latest.values())):
            self._write(partial(_record, some))

    def runs(self, suite: str | None = None, limit: int = 20) -> tuple[RunRecord, ...]:
        """Return the newest runs first."""
        query = sa.select(tables.runs).order_by(tables.runs.c.started.desc(), tables.runs.c.id.desc()).limit(limit)
        if suite is not None:
            query = query.where(tables.runs.c.suite == suite)
        return tuple(run_record(row) for row in self._rows(query))

    def run(self, name: str, suite: str | None = None, day: date | None = None) -> RunDetail:
        """Return a run by its short number or its run id; BadInput when there is none or more than one.

        With a business date, ``name`` is a run id: a run that was deleted and created again for another date has
        the same id.
        """
        known = tables.runs.c.run_id == name
        if name.isdecimal() and day is None:
            known |= tables.runs.c.id == int(name)
        query = sa.select(tables.runs).where(known)
        if suite is not None:
            query = query.where(tables.runs.c.suite == suite)
        if day is not None:
            query = query.where(tables.runs.c.business_date == day)
        run = _only(name, [run_record(row) for row in self._rows(query)])
        of_run = [getattr(tables.results.c, key) == getattr(run, key) for key in RUN_KEY]
        return RunDetail(run, self._latest(sa.and_(*of_run), per="activity"))

    def recording_time(self, suite: str, run_id: str, day: date) -> datetime:
        """Return the time at which to record a result: now, or just after the run's last one.

        The last result is the one that counts, and another worker's clock may be ahead.
        """
        table = tables.results.c
        of_run = sa.and_(table.suite == suite, table.run_id == run_id, table.business_date == day)
        with self.engine.connect() as connection:
            last = connection.execute(sa.select(sa.func.max(table.recorded)).where(of_run)).scalar()
        now = datetime.now(UTC)
        return now if last is None else max(now, last + timedelta(microseconds=1))

    def activity_history(
        self, suite: str, activity: str, limit: int = 90, since: date | None = None
    ) -> tuple[ActivityRecord, ...]:
        """Return one result per business date, the newest first: at most ``limit``, or all ``since`` a date."""
        table = tables.results.c
        own = sa.and_(table.suite == suite, table.activity == activity)
        if since is None:
            return self._latest(own, "business_date", limit)
        return self._latest(sa.and_(own, table.business_date >= since), "business_date")

    def purge(self, before: date) -> int:
        """Delete runs and results of business dates before ``before`` and return how many results were deleted."""

        def delete(connection: sa.Connection) -> int:
            old = sa.select(tables.results.c.id).where(tables.results.c.business_date < before)
            numbers = list(connection.execute(old).scalars())
            _drop_parts(connection, numbers)
            for some in _chunks(numbers):
                connection.execute(tables.results.delete().where(tables.results.c.id.in_(some)))
            connection.execute(tables.runs.delete().where(tables.runs.c.business_date < before))
            _purge_alerts(connection, before)
            return len(numbers)

        return self._write(delete)

    def change_alerts(self, suite: str, decide: Decide) -> None:
        """Write what ``decide`` returns for the suite's alerts, under a lock on them.

        ``decide`` may be called again when another process was first to open the same alert.
        """
        known = (
            sa.select(tables.alerts).where(tables.alerts.c.suite == suite).order_by(tables.alerts.c.fingerprint)
        )

        def write(connection: sa.Connection) -> None:
            # A write first: it takes the lock before anything is read, on SQLite even when there is no row yet.
            connection.execute(tables.alerts.update().where(tables.alerts.c.suite == suite).values(suite=suite))
            states, entries = decide([dict(row) for row in connection.execute(known).mappings()])
            _save_alerts(connection, states, entries)

        self._write(write)

    def unsent(self, suite: str) -> Sequence[Mapping[str, Any]]:
        """Return the outbox entries that have not been sent, oldest first."""
        waiting = sa.and_(tables.outbox.c.suite == suite, tables.outbox.c.sent.is_(None))
        order = (tables.outbox.c.created, tables.outbox.c.id)
        return self._rows(sa.select(tables.outbox).where(waiting).order_by(*order))

    def thread(self, suite: str, channel: str, incident: str) -> str:
        """Return where the newest thread about an incident is at a channel; empty when there is none."""
        box = tables.outbox.c
        known = sa.and_(box.suite == suite, box.channel == channel, box.incident == incident, box.thread != "")
        found = self._rows(sa.select(box.thread).where(known).order_by(box.sent.desc(), box.id).limit(1))
        return str(found[0]["thread"]) if found else ""

    def mark_sent(self, entry: str, at: datetime, thread: str = "") -> None:
        """Mark an outbox entry as sent, to a thread of its channel."""
        sent = tables.outbox.update().where(tables.outbox.c.id == entry).values(sent=at, thread=thread)
        self._write(lambda connection: connection.execute(sent))

    def _rows(self, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _write(self, work: Callable[[sa.Connection], Answer]) -> Answer:
        """Run ``work`` in one transaction; retry once when another process was first to insert the same key."""
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except IntegrityError:
            with self.engine.begin() as connection:
                return work(connection)

    def _latest(
        self, where: sa.ColumnElement[bool], per: str, limit: int | None = None
    ) -> tuple[ActivityRecord, ...]:
        """Return the newest result of each ``per``, with its parts."""
        table = tables.results.c
        newest = (table.business_date.desc(), table.recorded.desc(), table.id.desc())
        rank = sa.func.row_number().over(partition_by=table[per], order_by=newest)
        ranked = sa.select(table.id, rank.label("place")).where(where).subquery()
        first = sa.select(ranked.c.id).where(ranked.c.place == 1)
        order = (table.business_date.desc(), table.activity)
        rows = self._rows(sa.select(tables.results).where(table.id.in_(first)).order_by(*order).limit(limit))
        found = self._parts([row["id"] for row in rows])
        return tuple(activity_record(row, found[row["id"]]) for row in rows)

    def _parts(self, numbers: Sequence[int]) -> Mapping[int, Mapping[str, Sequence[Mapping[str, Any]]]]:
        """Return the parts of results by their number and table, in order."""
        found: dict[int, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
        for table in tables.PARTS:
            for some in _chunks(numbers):
                query = sa.select(table).where(table.c.result_id.in_(some)).order_by(table.c.position)
                for row in self._rows(query):
                    found[row["result_id"]][table.name].append(row)
        return found


def _upsert(connection: sa.Connection, table: sa.Table, key: Sequence[str], values: Mapping[str, Any]) -> int:
    """Update the row with this key, or insert it; return its number, or 0 when it has none."""
    same = sa.and_(*(table.c[name] == values[name] for name in key))
    number = table.c.get("id", table.c[key[0]])
    found = connection.execute(sa.select(number).where(same)).scalar()
    if found is None:
        inserted = connection.execute(table.insert().values(values))
        found = (inserted.inserted_primary_key or (0,))[0]
    else:
        connection.execute(table.update().where(same).values(values))
    return found if isinstance(found, int) else 0


def _record(records: Sequence[ActivityRecord], connection: sa.Connection) -> None:
    numbers = [_upsert(connection, tables.results, RESULT_KEY, result_values(record)) for record in records]
    _drop_parts(connection, numbers)
    rows: dict[sa.Table, list[dict[str, Any]]] = {}
    for number, record in zip(numbers, records, strict=True):
        for table, own in parts(record):
            rows.setdefault(table, []).extend({"result_id": number, **row} for row in own)
    for table, own in rows.items():
        if own:
            connection.execute(table.insert(), own)


def _save_alerts(connection: sa.Connection, states: Rows, entries: Rows) -> None:
    for state in states:
        _upsert(connection, tables.alerts, ("fingerprint",), state)
    for entry in entries:
        known = sa.select(tables.outbox.c.id).where(tables.outbox.c.id == entry["id"])
        if connection.execute(known).first() is None:
            connection.execute(tables.outbox.insert(), dict(entry))


def _drop_parts(connection: sa.Connection, numbers: Sequence[int]) -> None:
    for table in tables.PARTS:
        for some in _chunks(numbers):
            connection.execute(table.delete().where(table.c.result_id.in_(some)))


def _purge_alerts(connection: sa.Connection, before: date) -> None:
    """Delete recovered alerts and sent entries from long ago; an open alert is never deleted."""
    old = sa.and_(tables.alerts.c.status == "recovered", tables.alerts.c.seen_date < before)
    connection.execute(tables.alerts.delete().where(old))
    long_ago = datetime.combine(before, datetime.min.time(), UTC)
    connection.execute(tables.outbox.delete().where(tables.outbox.c.sent < long_ago))


def _chunks(items: Sequence[Item], size: int = 500) -> Iterable[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _only(name: str, found: Sequence[RunRecord]) -> RunRecord:
    if not found:
        raise BadInput(f"There is no run {name!r}.", remedy="`parity runs` lists them.")
    if len(found) > 1:
        listed = ", ".join(f"{run.id} ({run.suite} {run.business_date})" for run in found[:5])
        raise BadInput(f"{len(found)} runs are called {name!r}: {listed}.", remedy="Give a number instead.")
    return found[0]


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    if url.drivername == "mysql":
        url = url.set(drivername="mysql+pymysql").update_query_dict({"charset": "utf8mb4"})
    return sa.create_engine(url, pool_pre_ping=True)


def _sqlite(url: sa.URL) -> sa.Engine:
    """Open SQLite so that several processes may write: they wait for each other instead of failing."""
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute("pragma foreign_keys = on")

    return engine
