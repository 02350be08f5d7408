"""One run of a database under Airflow: plan, pieces, what is kept of them, and their records."""
