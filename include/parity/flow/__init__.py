"""One run as plain functions, without Airflow."""
