"""Which remote runs a task means: plain JSON in a trigger, a client where it is used."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from parity.clients.remote import RemoteRuns, RunStatus
from parity.errors import BadInput, ExportRefused


@dataclass(frozen=True)
class RunsRef:
    """One kind of remote run, over one Airflow connection."""

    kind: str
    """adf, adf_activity, databricks, athena or glue."""
    connection: str
    """Airflow connection id."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the suite adds to the connection, such as the factory or the workgroup."""

    @property
    def key(self) -> str:
        """Return one text for all who mean the same thing."""
        return json.dumps(self.to_json(), sort_keys=True)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, without secrets."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunsRef:
        """Return what :meth:`to_json` wrote."""
        return cls(**data)

    def connect(self) -> RemoteRuns:
        """Return a client, reading the connection through the worker's supervisor."""
        from parity.airflow.connections import remote_runs

        return remote_runs(self, connection(self.connection))

    async def aconnect(self) -> RemoteRuns:
        """Return a client, from inside a triggerer's event loop."""
        from parity.airflow.connections import remote_runs

        return await asyncio.to_thread(remote_runs, self, await aconnection(self.connection))


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
        raise BadInput(
            f"Airflow has no connection {conn_id!r}.",
            remedy="Create it under Admin, Connections, or name another one in the suite.",
        ) from None


def returned(status: RunStatus, output: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a task hands on of a run that ended well."""
    return {"run_id": status.run_id, "url": status.url, **output, **status.output}


def handed_on(context: Any, task_id: str) -> dict[str, Any]:
    """Return what a task handed on, or an empty dict when it did not succeed.

    Airflow 3.3.2 encodes an XCom twice when a trigger ends the task (measured: the worker pulls text), and
    once when the worker does.
    """
    value = context["ti"].xcom_pull(task_ids=task_id)
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value or {}
    return found


def needed(context: Any, task_id: str) -> dict[str, Any]:
    """Return what a task handed on; ExportRefused when it handed on nothing, as one that was marked by hand."""
    if found := handed_on(context, task_id):
        return found
    raise ExportRefused(
        f"Task {task_id} handed nothing on; it was marked by hand, or has not run.",
        remedy=f"Clear {task_id} with everything after it.",
    )
