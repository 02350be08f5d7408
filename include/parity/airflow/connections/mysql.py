"""From Airflow's connections to both databases and to Azure's account of a server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from parity.airflow.connections.extras import Connection, Extras
from parity.errors import BadInput

if TYPE_CHECKING:
    from parity.clients.azure_mysql import FlexibleServerClient
    from parity.clients.http import Retry
    from parity.clients.mysql import Address


def flexible_server(
    connection: Connection, server: str, resource_group: str, retry: Retry | None = None
) -> FlexibleServerClient:
    """Return the client of an Azure flexible server; an empty ``resource_group`` means the connection's."""
    from parity.airflow.connections.azure import DATA_FACTORY, entra
    from parity.clients.azure_mysql import PUBLIC, FlexibleServerClient, FlexibleServerConfig

    extras = Extras(connection, DATA_FACTORY)
    config = FlexibleServerConfig(
        subscription=extras.needed("subscriptionId"),
        resource_group=resource_group or extras.needed("resource_group_name"),
        server=server,
        credential=entra(connection),
        endpoint=extras.text("management_endpoint") or PUBLIC,
    )
    return FlexibleServerClient(config, retry=retry)


def mysql_address(connection: Connection) -> Address:
    """Return where a MySQL connection leads; its schema is the database.

    TLS as the extras say: ``ssl_mode`` and ``ssl`` (``{"ca": FILE}``) in the words of Airflow's MySQL provider, or
    ours, ``tls`` (verify, unverified, off) and ``ssl_ca``. Without any, TLS with a verified name is required for
    every host but loopback. ``unix_socket`` is read too.
    """
    from parity.clients.mysql import address

    extra = connection.extra_dejson
    _refuse_unusable(connection)
    options = {
        "unix_socket": str(extra.get("unix_socket") or ""),
        "ssl_ca": str(extra.get("ssl_ca") or _ssl(extra).get("ca") or ""),
        "tls": str(extra.get("tls") or _SSL_MODES[str(extra.get("ssl_mode") or "").upper()]),
    }
    host = connection.host or "localhost"
    user, password = (quote(text or "", safe="") for text in (connection.login, connection.password))
    where = f"[{host}]" if ":" in host else host
    query = urlencode({name: value for name, value in options.items() if value})
    return address(
        f"mysql://{user}:{password}@{where}:{connection.port or 3306}/{quote(connection.schema, safe='')}?{query}"
    )


_SSL_MODES = {
    "": "",
    "VERIFY_IDENTITY": "verify",
    "VERIFY_CA": "verify",
    "REQUIRED": "unverified",
    "PREFERRED": "",
    "DISABLED": "off",
}
"""Words of MySQL's own clients; nothing is ever sent in clear because TLS failed, so PREFERRED is required."""


def _ssl(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the provider's extra ``ssl``, which may be JSON inside JSON."""
    given = extra.get("ssl")
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _refuse_unusable(connection: Connection) -> None:
    """Raise BadInput for what could only be half obeyed; nothing of a password is in it."""
    extra, name = connection.extra_dejson, connection.conn_id
    if not connection.schema:
        raise BadInput(f"Connection {name!r} names no database.", remedy="Put the database's name into Schema.")
    if str(extra.get("ssl_mode") or "").upper() not in _SSL_MODES:
        raise BadInput(
            f"Connection {name!r} has an unknown ssl_mode.", remedy=f"Known: {', '.join(_SSL_MODES)[2:]}."
        )
    if unread := {"cert", "key"} & _ssl(extra).keys():
        what = " and ".join(sorted(unread))
        raise BadInput(
            f"Connection {name!r}: a client certificate ({what}) is not supported.", remedy="Use a password."
        )
