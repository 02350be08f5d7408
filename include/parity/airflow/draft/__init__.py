"""Drafts with Airflow's connections: the clouds are read here, what to make of it is decided in parity.draft."""
