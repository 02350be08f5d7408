# One image for every Airflow component and for the `parity` command. Build: docker compose build
FROM python:3.11.14-slim-bookworm

RUN useradd --uid 50000 --create-home parity \
    && install --directory --owner=parity /opt/airflow /opt/airflow/logs /var/lib/parity

WORKDIR /opt/parity

# The lock files first: a change of code does not install everything again.
COPY requirements.txt ./
COPY requirements/product.in requirements/production.txt requirements/
RUN pip install --no-cache-dir --requirement requirements.txt --requirement requirements/production.txt

COPY pyproject.toml LICENSE ./
COPY include include
COPY dags dags
COPY plugins plugins
# Editable: the settings find suites and artefacts beside the code. setuptools comes from the lock.
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable .

ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/parity/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/parity/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/airflow/logs \
    PARITY_HOME=/var/lib/parity \
    PYTHONPATH=/opt/parity/include \
    PYTHONUNBUFFERED=1

USER 50000
CMD ["airflow", "version"]
