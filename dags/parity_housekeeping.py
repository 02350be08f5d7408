"""Deletes what has been kept long enough."""

from parity.airflow.housekeeping import build_housekeeping

dag = build_housekeeping()
