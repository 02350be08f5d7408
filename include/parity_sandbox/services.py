"""The services of a sandbox, by name; each is imported only when it is wanted."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from typing import cast

from starlette.types import ASGIApp

from parity_sandbox.context import Context

APPS: Mapping[str, str] = {
    "aws": "parity_sandbox.aws",
    "azure": "parity_sandbox.azure",
    "databricks": "parity_sandbox.databricks",
    "storage": "parity_sandbox.azure.storage",
    "sink": "parity_sandbox.sink",
}
"""Name and package; the package has ``create_app(context)``."""

NAMES = (*APPS, "mysql")
"""Everything that ``--only`` may name."""


def create_app(name: str, context: Context) -> ASGIApp:
    """Return a fresh app of one service."""
    make = importlib.import_module(APPS[name]).create_app
    return cast(ASGIApp, make(context))


def create_apps(wanted: Collection[str], context: Context) -> dict[str, ASGIApp]:
    """Return a fresh app of each wanted service."""
    return {name: create_app(name, context) for name in APPS if name in wanted}
