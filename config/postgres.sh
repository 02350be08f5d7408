#!/bin/sh
# Runs once, in an empty PostgreSQL: the results store gets a database beside Airflow's own.
set -eu
createdb --username "$POSTGRES_USER" --owner "$POSTGRES_USER" parity
