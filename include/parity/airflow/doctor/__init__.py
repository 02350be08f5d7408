"""The doctor with Airflow's connections: its checks are made here, its command and its Dag live here."""
