"""One Dag per suite of ``include/suites``: the nightly parity run."""

from airflow.sdk import get_parsing_context

from parity.airflow.suite.dag import build_dags
from parity.settings import settings

for dag in build_dags(settings().suites, get_parsing_context().dag_id):
    globals()[dag.dag_id] = dag
