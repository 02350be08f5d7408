"""Shows broken databases in Airflow's UI, as an import error of this file; the other databases keep their Dags.

Airflow looks into a file only when the words airflow and dag are both in its text.
"""

from parity.settings import settings
from parity.suite.database_files import load_databases

if errors := load_databases(settings().databases).errors:
    raise ImportError("Databases that cannot run until they are mended:\n" + "\n".join(map(str, errors)))
