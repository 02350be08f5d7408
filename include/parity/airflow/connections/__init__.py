"""From Airflow's connections to clients of the clouds, servers, artefacts and alert channels."""
