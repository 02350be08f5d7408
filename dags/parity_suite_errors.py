"""Shows broken suites in Airflow's UI, as an import error of this file; the other suites keep their Dags.

Airflow looks into a file only when the words airflow and dag are both in its text.
"""

from parity.settings import settings
from parity.suite.suite_files import load_suites

if errors := load_suites(settings().suites).errors:
    raise ImportError("Suites that cannot run until they are mended:\n" + "\n".join(map(str, errors)))
