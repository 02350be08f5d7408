"""Airflow's connections by id, read on a worker or in a triggerer's event loop."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from parity.errors import BadInput


class NoConnection(BadInput):
    """Airflow has no connection of this name."""

    def __init__(self, conn_id: str) -> None:
        super().__init__(
            f"Airflow has no connection {conn_id!r}.",
            remedy="Create it under Admin, Connections, or name another one in the suite.",
        )


def stored_connection(conn_id: str) -> Any:
    """Return an Airflow connection outside of any task, from the backends that a server of Airflow reads.

    ``BaseHook`` would leave the metadata database out there. Raises BadInput when it is not defined.
    """
    from airflow.models.connection import Connection

    with _defined(conn_id):
        return Connection.get_connection_from_secrets(conn_id)


def connection(conn_id: str) -> Any:
    """Return an Airflow connection, on a worker; BadInput when it is not defined."""
    from airflow.sdk import BaseHook

    with _defined(conn_id):
        return BaseHook.get_connection(conn_id)


async def aconnection(conn_id: str) -> Any:
    """Return an Airflow connection, in a triggerer's event loop; BadInput when it is not defined."""
    from airflow.sdk import BaseHook

    with _defined(conn_id):
        return await BaseHook.aget_connection(conn_id)


@contextlib.contextmanager
def _defined(conn_id: str) -> Iterator[None]:
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        yield
    except AirflowNotFoundException:
        raise NoConnection(conn_id) from None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what Airflow logs about each connection out of a command's output, which may be JSON."""
    import airflow.models.connection  # noqa: F401 - sets its logging up
    import structlog

    before, level = structlog.get_config(), logging.root.manager.disable
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        structlog.configure(**before)
        logging.disable(level)
