"""Looks whether everything is in place."""

from parity.airflow.doctor.dag import build_doctor

dag = build_doctor()
