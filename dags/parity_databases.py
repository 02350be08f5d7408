"""One Dag per database of ``include/databases``: RDS MySQL against Azure Database for MySQL."""

from airflow.sdk import get_parsing_context

from parity.airflow.database.dag import build_database_dag
from parity.settings import settings
from parity.suite.database_files import load_databases

wanted = get_parsing_context().dag_id
loaded = load_databases(settings().databases)

for name, database in loaded.models.items():
    if wanted in (None, database.dag_id):
        globals()[database.dag_id] = build_database_dag(database, loaded.paths[name])
