"""Migrations and tables say the same, and an unknown store is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from parity.errors import BadInput
from parity.history import migrate
from parity.history.records import ActivityRecord
from parity.history.store import Store, open_store
from parity.history.tables import metadata

MIGRATIONS = Path(migrate.__file__).with_name("migrations")


def test_the_newest_revision_is_the_one_that_is_expected() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [migrate.HEAD]


def test_migrations_make_exactly_the_tables_that_are_used(store: Store) -> None:
    options = {"version_table": migrate.VERSION_TABLE}
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_a_store_of_an_older_parity_keeps_its_results(store: Store, full: ActivityRecord) -> None:
    store.record_activity(full)
    with store.engine.begin() as connection:
        for name in ("broken_stage", "caused_by"):
            connection.execute(sa.text(f"alter table parity_results drop column {name}"))
        connection.execute(sa.text(f"update {migrate.VERSION_TABLE} set version_num = '0003'"))
    migrate.migrate(store.engine)
    [kept] = store.activity_history("payments", "settle")
    assert kept == replace(full, broken_stage="", caused_by="")


def test_a_store_of_a_newer_parity_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'results.db'}"
    store = open_store(url)
    with store.engine.begin() as connection:
        connection.execute(sa.text(f"update {migrate.VERSION_TABLE} set version_num = '9999'"))
    with pytest.raises(BadInput, match="revision '9999', which this Parity does not know"):
        open_store(url)
