"""Opening the artefacts, wherever they are, with Airflow's connections."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from parity.airflow.connections.lookup import connection
from parity.settings import settings

if TYPE_CHECKING:
    from parity.clients.artefacts import Artefacts

CONNECTIONS = {"s3": "aws_default", "abfss": "adls_default"}


def open_artefacts(read: Callable[[str], Any] = connection) -> Artefacts:
    """Return the folder of results; BadInput when its address or its connection is wrong.

    ``read`` returns an Airflow connection. That is read each time, so that a changed secret takes effect; the
    client is kept as long as it stays the same, because making one costs a tenth of a second.
    """
    now = settings()
    return open_folder(now.artefact_root, now.artefact_connection, read)


def open_folder(root: str, conn_id: str, read: Callable[[str], Any] = connection) -> Artefacts:
    """Return the folder at a path or a URL; an empty ``conn_id`` means the usual connection of its storage."""
    scheme, separator, _ = root.partition("://")
    if not separator or scheme == "file":
        from parity.clients.artefacts import Artefacts
        from parity.clients.files import folder_of

        return Artefacts.on_disk(folder_of(root))
    wanted = conn_id or CONNECTIONS.get(scheme, "")
    return _opened(root, scheme, _Same(read(wanted) if wanted else None))


class _Same:
    """A connection that equals another one with the same fields."""

    def __init__(self, wrapped: Any) -> None:
        self.connection = wrapped
        self._uri = wrapped.get_uri() if wrapped else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._uri == self._uri

    def __hash__(self) -> int:
        return hash(self._uri)


@lru_cache(maxsize=4)
def _opened(root: str, scheme: str, same: _Same) -> Artefacts:
    from parity.airflow.connections.clients import storage_of
    from parity.clients.artefacts import Artefacts

    return Artefacts(root, storage_of(scheme, same.connection))
