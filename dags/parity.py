"""Every Dag of Parity: one per suite and per database, the doctor, housekeeping."""

from parity.airflow.dags import parity_dags

globals().update(parity_dags())
