"""The services of a sandbox, by name; each is imported only when it is wanted."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Collection, Mapping
from typing import cast

from starlette.types import ASGIApp

from parity_sandbox.context import Context

log = logging.getLogger("parity_sandbox")

APPS: Mapping[str, str] = {
    "aws": "parity_sandbox.aws",
    "azure": "parity_sandbox.azure",
    "databricks": "parity_sandbox.databricks",
    "storage": "parity_sandbox.storage",
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
    apps = {}
    for name in APPS:
        if name in wanted and built(APPS[name]):
            try:
                apps[name] = create_app(name, context)
            except ImportError as error:
                log.warning("sandbox: %s is not there yet: %s", name, error)
    return apps


def built(package: str) -> bool:
    """Tell whether a package is there yet."""  # gone once all are
    try:
        return hasattr(importlib.import_module(package), "start" if "mysql" in package else "create_app")
    except ImportError as error:
        log.warning("sandbox: %s is not there yet: %s", package, error)
        return False


def start_mysql(context: Context) -> Callable[[], None]:
    """Start both database servers, enter their URLs, and return what stops them."""
    module = importlib.import_module("parity_sandbox.mysql")
    return cast("Callable[[], None]", module.start(context))
