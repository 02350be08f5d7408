"""One Dag per suite of ``include/suites``: the nightly parity run."""

from airflow.sdk import get_parsing_context

from parity.airflow.dag import build_dag
from parity.settings import settings
from parity.suite.loader import load_suites

wanted = get_parsing_context().dag_id
loaded = load_suites(settings().suites)

for suite in loaded.suites:
    dag_id = f"parity__{suite.suite}"
    if wanted in (None, dag_id):
        globals()[dag_id] = build_dag(suite, loaded.paths[suite.suite])
