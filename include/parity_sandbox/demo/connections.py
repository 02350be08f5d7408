"""The sandbox as Airflow's connections: the provider's own types and fields, pointed at loopback."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from parity_sandbox.endpoints import Endpoints


def connections(at: Endpoints) -> dict[str, dict[str, Any]]:
    """Return every connection that the demo's suites name, in Airflow's JSON form."""
    databricks = urlsplit(at.databricks)
    return {
        "aws_default": {
            "conn_type": "aws",
            "login": at.parity_access_key,
            "password": at.parity_secret_key,
            "extra": json.dumps({"region_name": at.region, "endpoint_url": at.aws}),
        },
        "azure_data_factory_default": {
            "conn_type": "azure_data_factory",
            "login": at.client_id,
            "password": at.client_secret,
            "extra": json.dumps(
                {
                    "tenantId": at.tenant,
                    "subscriptionId": at.subscription,
                    "resource_group_name": at.resource_group,
                    "factory_name": at.factory,
                    "management_endpoint": at.azure,
                    "authority": at.azure,
                }
            ),
        },
        "databricks_default": {
            "conn_type": "databricks",
            "schema": databricks.scheme,
            "host": databricks.hostname,
            "port": databricks.port,
            "password": at.databricks_token,
        },
        "adls_default": {
            "conn_type": "wasb",
            "host": f"{at.storage}/{at.storage_account}",
            "login": at.storage_account,
            "password": at.storage_key,
        },
        **{
            name: database(url)
            for name, url in (("rds_ledger", at.mysql_legacy), ("azure_ledger", at.mysql_target))
            if url
        },
        **channels(at),
    }


def channels(at: Endpoints) -> dict[str, dict[str, Any]]:
    """Return the connections of the demo's alerts."""
    return {
        "pagerduty_default": {
            "conn_type": "pagerduty_events",
            "host": at.sink,
            "password": "sandbox0sandbox0sandbox0sandbox0",
        },
        "slack_default": {
            "conn_type": "slack",
            "password": "xoxb-sandbox",
            "extra": json.dumps({"base_url": f"{at.sink}/api/"}),
        },
    }


def database(url: str) -> dict[str, Any]:
    """Return a MySQL connection; the servers are on loopback, so that no TLS is asked for."""
    parts = urlsplit(url)
    return {
        "conn_type": "mysql",
        "host": parts.hostname,
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "schema": parts.path.strip("/"),
    }
