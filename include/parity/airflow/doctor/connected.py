"""Connections of the doctor: each is read once, and has a line of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from parity.airflow.connections.lookup import NoConnection
from parity.doctor.checks import Check, Once, Unopened
from parity.doctor.line import Finding, differs, missing, ok
from parity.errors import ParityError

Client = TypeVar("Client")
TYPES = {
    "AWS": ("aws",),
    "Data Factory": ("azure_data_factory",),
    "Azure MySQL": ("azure_data_factory",),
    "Databricks": ("databricks",),
    "ADLS": ("wasb",),
    "MySQL": ("mysql",),
}
"""Cloud → the types that a connection to it has, as its provider calls them."""


@dataclass
class Connected:
    """Airflow's connections by id, and what is opened from them."""

    read: Callable[[str], Any]
    """Returns an Airflow connection; NoConnection."""
    _read: dict[str, Once[Any]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def connection(self, conn_id: str) -> Any:
        """Return a connection; NoConnection."""
        return self._read.setdefault(conn_id, Once(lambda: self._read_alone(conn_id)))()

    def _read_alone(self, conn_id: str) -> Any:
        with self._lock:  # a task has one line to its supervisor
            return self.read(conn_id)

    def opener(self, conn_id: str, build: Callable[[Any], Client]) -> Callable[[], Client]:
        """Return what opens a client; Unopened when the connection is missing or cannot be used."""

        def opened() -> Client:
            try:
                return build(self.connection(conn_id))
            except ParityError as error:
                raise Unopened(f"Needs connection {conn_id}, which cannot be used.") from error

        return opened

    def check(
        self, cloud: str, conn_id: str, build: Callable[[Any], Any], needed: tuple[str, ...], where: str = ""
    ) -> Check:
        """Return the check that a connection is there, of the right type, and complete."""

        def ask() -> Iterator[Finding]:
            try:
                connection = self.connection(conn_id)
            except NoConnection as error:
                yield missing("connection", conn_id, error.message, error.remedy)
                return
            expected = TYPES.get(cloud, (connection.conn_type,))
            if connection.conn_type not in expected:
                what = f"Its type is {connection.conn_type or 'empty'}, and not {expected[0]}."
                yield differs("connection", conn_id, what, f"Set the connection's type to {expected[0]}.")
                return
            build(connection)
            yield ok("connection", conn_id, described(connection))

        return Check(where or place(cloud, conn_id), "connection", conn_id, ask, needed_by=needed)


def place(cloud: str, conn_id: str) -> str:
    """Return the heading of a connection's lines."""
    return f"{cloud}, connection {conn_id}"


def described(connection: Any) -> str:
    """Return what of a connection is no secret."""
    host = f"{connection.host}:{connection.port}" if connection.port else connection.host or ""
    return " ".join(part for part in (connection.conn_type, host) if part)
