"""Migrations and tables say the same, and an unknown store is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from older_stores import MIGRATIONS, OLDER, RUN_ID, make_older
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.history import migrate
from parity.history.store import Store, open_store
from parity.history.tables import metadata


def test_the_newest_revision_is_the_one_that_is_expected() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [migrate.HEAD]


def test_migrations_make_exactly_the_tables_that_are_used(store: Store) -> None:
    options = {"version_table": migrate.VERSION_TABLE}
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_a_store_of_a_newer_parity_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'results.db'}"
    store = open_store(url)
    with store.engine.begin() as connection:
        connection.execute(sa.text(f"update {migrate.VERSION_TABLE} set version_num = '9999'"))
    with pytest.raises(BadInput, match="revision '9999', which this Parity does not know"):
        open_store(url)


@pytest.mark.parametrize("revision", OLDER)
def test_a_store_of_an_older_parity_is_brought_up_to_date_with_its_rows(tmp_path: Path, revision: str) -> None:
    url = f"sqlite:///{tmp_path / 'results.db'}"
    engine = sa.create_engine(url)
    make_older(engine, revision)
    engine.dispose()
    store = open_store(url)
    assert migrate.revision(store.engine) == migrate.HEAD
    found = store.run(RUN_ID)
    assert found.run.verdict is Verdict.PASS
    assert [result.key.activity for result in found.activities] == ["settle"]
    options = {"version_table": migrate.VERSION_TABLE}
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    store.engine.dispose()
