"""Parity's pages, for an Airflow that has Parity's code in ``include/`` and not as a package.

An installed package brings the same plugin by its entry point, and Airflow refuses a second one of the same name.
"""

from importlib.metadata import entry_points

if not entry_points(group="airflow.plugins", name="parity"):
    from parity.airflow.plugin import ParityPlugin  # noqa: F401 - Airflow looks for it here
