# One image for every Airflow component and for the `parity` command. Build: docker compose build
FROM python:3.11.14-slim-bookworm

# Group 0 may do what the user may: AIRFLOW_UID can be anybody's number.
RUN useradd --uid 50000 --gid 0 --create-home parity \
    && install --directory --owner=parity --group=0 --mode=2775 /opt/airflow /opt/airflow/logs /var/lib/parity \
    && chmod 2775 /home/parity

WORKDIR /opt/parity

# The lock files first: a change of code does not install everything again.
COPY requirements/product.txt requirements/production.txt requirements/
RUN pip install --no-cache-dir --requirement requirements/product.txt --requirement requirements/production.txt

COPY pyproject.toml LICENSE requirements.txt ./
COPY requirements/airflow.in requirements/
COPY include include
COPY dags dags
COPY config config
# Files keep the modes of the checkout, which may be nobody's but its owner's (umask 077).
# Editable: the settings find suites and artefacts beside the code. setuptools comes from the lock.
RUN chmod -R a+rX . && pip install --no-cache-dir --no-deps --no-build-isolation --editable .

ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/parity/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    AIRFLOW__FAB__CONFIG_FILE=/opt/parity/config/fab.py \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/airflow/logs \
    HOME=/home/parity \
    PARITY_HOME=/var/lib/parity \
    PYTHONPATH=/opt/parity/include \
    PYTHONUNBUFFERED=1 \
    USER=parity

USER 50000:0
CMD ["airflow", "version"]
