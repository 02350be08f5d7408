"""Shows broken suites and databases in Airflow's UI, as this file's import error; the others keep their Dags."""

from parity.airflow.dags import refuse_broken_files

refuse_broken_files()
