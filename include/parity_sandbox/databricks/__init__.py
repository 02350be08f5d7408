"""A small Databricks workspace: jobs whose scripts really run on Spark, and the files of its volumes."""

from parity_sandbox.databricks.app import create_app

__all__ = ["create_app"]
