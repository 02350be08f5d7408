"""Both sides' outputs of one date, made by DuckDB from the world's raw data.

A date has the data of one of the last four dates, in turn: outputs are made, and compared, once for all dates on
which neither the data nor the defects differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from parity.flow.suite_run.exports.fetch import Export
from parity_sandbox.mysql.ledger import TABLES
from parity_sandbox.past.story import Night
from parity_sandbox.world.people import people
from parity_sandbox.world.places import PRODUCTS, SEED
from parity_sandbox.world.trade import day

SIDES = ("legacy", "target")
MADE = {product.activity: (product.table, product.after) for product in PRODUCTS} | {
    table: (f"ledger_{table}", ()) for table in TABLES
}
"""Table, and the activities that it is made from, in the order in which they are made."""
EXPORTED = {
    # Athena's milliseconds, and a name and a column that the target does not have.
    ("settle_card_payments", "legacy"): "* EXCLUDE (merchant_ref) REPLACE (date_trunc('millisecond', settled_at)"
    " AS settled_at), merchant_ref AS merch_ref",
    ("settle_card_payments", "target"): "* EXCLUDE (batch_no)",
}
"""What is exported of a table, where it is not all of it."""
Made = tuple[Export, Export]


@dataclass(frozen=True)
class Version:
    """One state of a side's table; each has a table of its own, and a view has the table's name."""

    table: str
    exports: dict[bool, Export] = field(default_factory=dict)
    """Its file, and the one that holds less than it promises."""


@dataclass
class Outputs:
    """A DuckDB with the world's data of one date at a time, and the files that were made of it, in ``folder``."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    loaded: date | None = None
    versions: dict[tuple[str, str, str], Version] = field(default_factory=dict)
    """(activity, side, what it was made by) → that state."""
    current: dict[tuple[str, str], Version] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def of(self, night: Night, activities: tuple[str, ...]) -> dict[str, Made]:
        """Return both sides' exports of a night, by activity."""
        if self.loaded != night.data:
            self._load_day(night.data)
        return {
            name: (self._side(night, name, "legacy"), self._side(night, name, "target")) for name in activities
        }

    def _side(self, night: Night, activity: str, side: str) -> Export:
        """Return one side's export, made unless it is there already."""
        query, (table, before) = night.query(activity, side), MADE[activity]
        key = activity, side, f"{query} {[self.current[one, side].table for one in before]}"
        if key not in self.versions:
            self.versions[key] = Version(f"{side}.{table}_{next(self.numbers)}")
            self.connection.execute(f"SET search_path = '{side}'")
            self.connection.execute(f"CREATE TABLE {self.versions[key].table} AS {query}")
        version = self.versions[key]
        if self.current.get((activity, side)) is not version:
            view = f"CREATE OR REPLACE VIEW {side}.{table} AS SELECT * FROM {version.table}"
            self.connection.execute(view)
            self.current[activity, side] = version
        cut = side == "target" and night.truncated(activity)
        if cut not in version.exports:
            version.exports[cut] = self._export(version.table, EXPORTED.get((activity, side), "*"), cut=cut)
        return version.exports[cut]

    def _export(self, table: str, columns: str, *, cut: bool) -> Export:
        file = self.folder / f"{next(self.numbers)}.parquet"
        rows = self.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        most = f"LIMIT {rows * 9 // 10}" if cut else ""
        self.connection.execute(f"COPY (SELECT {columns} FROM {table} {most}) TO '{file}' (FORMAT parquet)")
        return Export(self.folder, (file,), rows, file.stat().st_size, ())

    def _load_day(self, data: date) -> None:
        self.connection.execute(f"SET VARIABLE day = DATE '{data}'")
        today = day(SEED, data)
        self.load("payments", pa.concat_tables([today.payments, today.late]))
        for name in ("refunds", "chargebacks", "ad_events", "fee_plans", "fx_rates"):
            self.load(name, getattr(today, name))
        # The registers and the ledger are the same on every date.
        same = {key: one for key, one in self.versions.items() if key[0].startswith("sync_") or key[0] in TABLES}
        self.loaded, self.versions = data, same

    def load(self, name: str, table: pa.Table) -> None:
        """Put a raw table where the queries read it."""
        self.connection.register("arrived", table)
        self.connection.execute(f"CREATE OR REPLACE TABLE raw.{name} AS SELECT * FROM arrived")


@contextmanager
def outputs() -> Iterator[Outputs]:
    """Open a DuckDB with the world's clients, vendors and partners; its files are removed at the end."""
    with TemporaryDirectory(prefix="parity-past-") as folder, duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for schema in ("raw", *SIDES):
            connection.execute(f"CREATE SCHEMA {schema}")
        found, known = Outputs(connection, Path(folder)), people(SEED)
        for name in ("clients", "vendors", "partners"):
            found.load(name, getattr(known, name))
        yield found
