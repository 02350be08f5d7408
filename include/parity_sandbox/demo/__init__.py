"""The nightly run, end to end, on this machine: the sandbox, a real Airflow, and somebody watching."""
